"""Who engages with texts: what a text encoder is tuned on, and how well it agrees with that."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from graphrec.arrays import BoolVector, FloatMatrix, IntVector, normalise_rows

NEIGHBOURS, LIST = 10, 50
"""Agreement: the share of a text's 10 nearest by engagement among its 50 nearest by text."""


@dataclass(frozen=True, eq=False)
class Engaged:
    """Texts and what is known of those who engaged with them.

    Attributes:
        texts: Texts that somebody engaged with.
        bare: The same without their hashtags, seen in every second step.
        vectors: Who engages, as the graph's vectors of the flits tell, float32 ``[num_texts, dim]``.
        topics: Which text has which topic, CSR ``[num_texts, num_topics]``; no column where none is known.
        language: Number of each text's language, int64 ``[num_texts]``, -1 where it is not known.
        held: Texts that are never trained on, but choose the epoch, bool ``[num_texts]``.
    """

    texts: Sequence[str]
    bare: Sequence[str]
    vectors: FloatMatrix
    topics: scipy.sparse.csr_array
    language: IntVector
    held: BoolVector


def communities(vectors: FloatMatrix, rows: IntVector, number: int, seed: int) -> IntVector:
    """Return the community of each text, int64 ``[num_texts]``: the nearest centre of k-means over ``rows``.

    Args:
        vectors: The graph's vectors, float32 ``[num_texts, dim]``; their directions count.
        rows: Texts that the centres are made of, at least ``number``.
        number: Communities.
        seed: Root of the centres' start.
    """
    from sklearn.cluster import KMeans

    unit = normalise_rows(vectors)
    found = KMeans(number, n_init=2, random_state=seed).fit(unit[rows])
    return np.asarray(found.predict(unit), dtype=np.int64)


def means(vectors: FloatMatrix, group: IntVector, number: int) -> FloatMatrix:
    """Return the mean direction of each group, float32 ``[number, dim]``."""
    sums = np.zeros((number, vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, group, vectors)
    return normalise_rows(sums)


def agreement(engaged: Engaged, vectors: FloatMatrix) -> float:
    """Return how much of a held text's nearest by engagement is near by text, 0 to 1; neighbours are trained texts."""
    held, known = np.flatnonzero(engaged.held), np.flatnonzero(~engaged.held)
    wanted = _nearest(normalise_rows(engaged.vectors), held, known, NEIGHBOURS)
    found = _nearest(vectors, held, known, LIST)
    return float(np.mean([np.isin(one, other).mean() for one, other in zip(wanted, found, strict=True)]))


def _nearest(vectors: FloatMatrix, rows: IntVector, among: IntVector, k: int) -> Any:
    scores = vectors[rows] @ vectors[among].T
    return np.argpartition(-scores, min(k, len(among)) - 1, axis=1)[:, :k]
