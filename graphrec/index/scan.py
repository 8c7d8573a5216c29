"""The compiled loop of an inverted file: the nearest lists of a query, and the best of the vectors in them."""

import numba
import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, IntVector, RowVector
from graphrec.compiled import FAST
from graphrec.index.heap import replace_worst, worse

LAST = np.iinfo(np.int32).max
"""Stands for "no row" while the best are gathered: any row goes before it."""


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def scan(
    queries: FloatMatrix, centroids: FloatMatrix, vectors: FloatMatrix, rows: RowVector, starts: IntVector,
    probes: int, found: RowVector, scores: FloatMatrix,
) -> None:  # fmt: skip
    """Fill in the best rows of each query, best first, equal scores by row.

    Args:
        queries: Shape ``[queries, dim]``, float32.
        centroids: Of the lists, float32 ``[lists, dim]``.
        vectors: List by list, float32 ``[count, dim]``.
        rows: Of the vectors, int32 ``[count]``.
        starts: Of the lists, int64 ``[lists + 1]``.
        probes: Lists to scan; more where they hold fewer vectors than are wanted.
        found: To fill, ``LAST`` throughout, int32 ``[queries, width]``; width is at most ``count``.
        scores: To fill, ``-inf`` throughout, float32 ``[queries, width]``.
    """
    for number in range(len(queries)):
        query, best, best_rows = queries[number], scores[number], found[number]
        for one in _nearest_lists(query, centroids, starts, probes, len(best)):
            for place in range(starts[one], starts[one + 1]):
                score = np.float32(0)
                for axis in range(vectors.shape[1]):
                    score += query[axis] * vectors[place, axis]
                if score >= best[0] and worse(best[0], best_rows[0], score, rows[place]):
                    replace_worst(best, best_rows, len(best), score, rows[place])
        for size in range(len(best) - 1, 0, -1):  # the worst goes last, and so on
            score, row = best[size], best_rows[size]
            best[size], best_rows[size] = best[0], best_rows[0]
            replace_worst(best, best_rows, size, score, row)


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def _nearest_lists(query: FloatVector, centroids: FloatMatrix, starts: IntVector, probes: int, width: int) -> RowVector:
    """Return the lists to scan: the nearest ones, twice as many until they hold ``width`` vectors."""
    lists = len(centroids)
    products = np.empty(lists, np.float32)
    for one in range(lists):
        product = np.float32(0)
        for axis in range(centroids.shape[1]):
            product += query[axis] * centroids[one, axis]
        products[one] = product
    while True:
        probes = min(probes, lists)
        best, near = np.full(probes, -np.inf, np.float32), np.full(probes, LAST, np.int32)
        for one in range(lists):
            if worse(best[0], near[0], products[one], one):
                replace_worst(best, near, probes, products[one], one)
        held = 0
        for place in range(probes):
            held += starts[near[place] + 1] - starts[near[place]]
        if held >= width or probes == lists:
            return near
        probes *= 2
