"""Lists of near vectors: spherical k-means (Dhillon & Modha, 2001), a few rounds on a sample."""

import math

import numpy as np
import scipy.sparse

from graphrec.arrays import FloatMatrix, RowVector, normalise_rows

ROUNDS = 8
SAMPLED = 64
"""Vectors to learn from, for each list."""
_BLOCK_SCORES = 8_000_000
"""Scores held at once (32 MB)."""


def lists_for(count: int) -> int:
    """Return how many lists suit so many vectors: scanning lists and comparing with centroids then cost alike."""
    return max(1, min(count, round(4 * math.sqrt(count))))


def around(unit: FloatMatrix, lists: int, seed: int) -> tuple[FloatMatrix, RowVector]:
    """Return centroids and the nearest of them to each vector.

    Args:
        unit: Unit vectors, float32 ``[count, dim]``.
        lists: Centroids wanted, at most ``count``.
        seed: Root of the sample and of the first centroids.

    Returns:
        Unit vectors, float32 ``[lists, dim]``, and int32 ``[count]``.
    """
    rng = np.random.default_rng(seed)
    taken = np.sort(rng.choice(len(unit), min(len(unit), SAMPLED * lists), replace=False))
    sample = unit[taken]
    centroids = sample[np.sort(rng.choice(len(sample), min(lists, len(sample)), replace=False))]
    for _ in range(ROUNDS):
        of, score = nearest(sample, centroids)
        shape = (len(centroids), len(sample))
        members = scipy.sparse.csr_array((np.ones(len(of), np.float32), (of, np.arange(len(of)))), shape=shape)
        moved = np.asarray(members @ sample, dtype=np.float32)
        empty = np.flatnonzero(np.bincount(of, minlength=len(centroids)) == 0)
        moved[empty] = sample[np.argsort(score, kind="stable")[: len(empty)]]  # those that no centroid suits
        centroids = normalise_rows(moved)
    return centroids, nearest(unit, centroids)[0]


def nearest(vectors: FloatMatrix, centroids: FloatMatrix) -> tuple[RowVector, FloatMatrix]:
    """Return the centroid with the highest product with each vector, int32 ``[n]``, and that product."""
    of, score = np.zeros(len(vectors), np.int32), np.zeros(len(vectors), np.float32)
    step = max(1, _BLOCK_SCORES // max(1, len(centroids)))
    for start in range(0, len(vectors), step):
        products = vectors[start : start + step] @ centroids.T
        best = products.argmax(axis=1)
        of[start : start + step], score[start : start + step] = best, products[np.arange(len(best)), best]
    return of, score
