"""Text to unit vectors without a pretrained model: TF-IDF and a truncated SVD (latent semantic analysis)."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, normalise_rows

logger = logging.getLogger(__name__)

SEED = 0


class Tfidf:
    """TF-IDF (sublinear counts, words of at least two texts) projected on its main directions.

    Deerwester et al., 1990, "Indexing by latent semantic analysis". Deterministic: the SVD's random start is fixed.

    Args:
        texts: Texts to fit on, and no others: nothing is learnt later.
        dim: Width of a vector; where the texts have fewer directions, the rest is zero.
    """

    def __init__(self, texts: Sequence[str], dim: int) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.dim = dim
        self._components: npt.NDArray[np.float64] | None = None
        self._vectorizer: Any = TfidfVectorizer(sublinear_tf=True, min_df=2, strip_accents="unicode")
        try:
            counts = self._vectorizer.fit_transform(texts)
        except ValueError:  # what sklearn raises where no word stands in two texts
            logger.warning("no word stands in two of the %d texts fitted on: tf-idf vectors are all zero", len(texts))
            return
        self._components = _main_directions(counts, dim)

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the unit vectors of ``texts``; a text without a known word is a zero row.

        Returns:
            Shape ``[len(texts), dim]``, float32.
        """
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        if self._components is not None and len(texts):
            projected = self._vectorizer.transform(texts) @ self._components.T
            out[:, : projected.shape[1]] = projected
        return normalise_rows(out)


def encode_tfidf(texts: Sequence[str], fit: BoolVector, dim: int) -> FloatMatrix:
    """Fit on the texts marked by ``fit`` and encode all; blank texts are zero rows and never fitted on.

    Args:
        texts: Any texts.
        fit: Which of them may be learnt from, ``[len(texts)]``.
        dim: Width of a vector.

    Returns:
        Shape ``[len(texts), dim]``, float32.
    """
    return Tfidf([text for text, used in zip(texts, fit, strict=True) if used and text.strip()], dim).encode(texts)


def _main_directions(counts: Any, dim: int) -> npt.NDArray[np.float64]:
    """Return at most ``dim`` right singular vectors of a sparse matrix, ``[directions, words]``."""
    from sklearn.utils.extmath import randomized_svd  # TruncatedSVD's own, which also takes a single word

    _, sizes, right = randomized_svd(counts, min(dim, *counts.shape), n_iter=5, random_state=SEED)
    components: npt.NDArray[np.float64] = right[sizes > 1e-6 * sizes[0]]
    return components
