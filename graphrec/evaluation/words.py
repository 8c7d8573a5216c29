"""Flit vectors of classical text models: latent semantic analysis and latent Dirichlet allocation."""

from collections.abc import Sequence

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix, normalise_rows
from graphrec.features.tfidf import encode_tfidf

LSA_DIM = 128
TOPICS = 50
_MOST_WORDS = 20_000


def lsa_vectors(texts: Sequence[str], fit: BoolVector) -> FloatMatrix:
    """Return TF-IDF projected on its main directions, unit rows, float32 ``[num_texts, 128]``.

    Deerwester et al., "Indexing by latent semantic analysis", JASIS 1990.

    Args:
        texts: The text of each flit.
        fit: Which may be learnt from, bool ``[num_texts]``.
    """
    return encode_tfidf(texts, fit, LSA_DIM)


def lda_vectors(texts: Sequence[str], fit: BoolVector, topics: int = TOPICS, seed: int = 0) -> FloatMatrix:
    """Return the mixture of topics of each text, unit rows (a blank text: zeros), float32 ``[num_texts, topics]``.

    Blei, Ng, Jordan, "Latent Dirichlet allocation", JMLR 2003; online variational Bayes (Hoffman et al., NeurIPS 2010).

    Args:
        texts: The text of each flit.
        fit: Which may be learnt from, bool ``[num_texts]``.
        topics: Number of topics.
        seed: Root of the first topics.
    """
    from sklearn.decomposition import LatentDirichletAllocation
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(min_df=2, max_features=_MOST_WORDS, strip_accents="unicode")
    try:
        known = vectorizer.fit_transform([text for text, used in zip(texts, fit, strict=True) if used])
    except ValueError:  # what sklearn raises where no word stands in two texts
        return np.zeros((len(texts), topics), dtype=np.float32)
    model = LatentDirichletAllocation(topics, learning_method="online", batch_size=512, random_state=seed)
    counts = vectorizer.transform(texts)
    mixture = model.fit(known).transform(counts).astype(np.float32)
    mixture[np.diff(counts.indptr) == 0] = 0
    return normalise_rows(mixture)
