"""The compiled loop of an inverted file: the nearest lists of a query, and the best of the vectors in them."""

import numba
import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, IntVector, RowVector
from graphrec.compiled import FAST
from graphrec.index.heap import NO_ROW, rated, replace_worst, row_of, score_of


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def scan(
    queries: FloatMatrix, centroids: FloatMatrix, vectors: FloatMatrix, rows: RowVector, starts: IntVector,
    probes: int, width: int,
) -> tuple[RowVector, FloatMatrix]:  # fmt: skip
    """Return the best rows of each query, best first, equal scores by row.

    Args:
        queries: Shape ``[queries, dim]``, float32.
        centroids: Of the lists, float32 ``[lists, dim]``.
        vectors: List by list, float32 ``[count, dim]``.
        rows: Of the vectors, int32 ``[count]``.
        starts: Of the lists, int64 ``[lists + 1]``.
        probes: Lists to scan; more where they hold fewer vectors than are wanted.
        width: Rows wanted, at most ``count``.

    Returns:
        Rows, int32 ``[queries, width]``, and their scores.
    """
    found = np.full((len(queries), width), -1, np.int32)
    scores = np.full((len(queries), width), -np.inf, np.float32)
    for number in range(len(queries)):
        query, best, least = queries[number], np.full(width, NO_ROW), np.float32(-np.inf)
        for one in _nearest_lists(query, centroids, starts, probes, width):
            for place in range(starts[one], starts[one + 1]):
                score = np.float32(0)
                for axis in range(vectors.shape[1]):
                    score += query[axis] * vectors[place, axis]
                if score >= least and rated(score, rows[place]) > best[0]:
                    replace_worst(best, width, rated(score, rows[place]))
                    if best[0] > NO_ROW:
                        least = score_of(best[0])
        for size in range(width - 1, -1, -1):  # the worst goes last, and so on
            if best[0] > NO_ROW:
                found[number, size], scores[number, size] = row_of(best[0]), score_of(best[0])
            replace_worst(best, size, best[size])
    return found, scores


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
        best, near = np.full(probes, NO_ROW), np.empty(probes, np.int32)
        for one in range(lists):
            if rated(products[one], one) > best[0]:
                replace_worst(best, probes, rated(products[one], one))
        held = 0
        for place in range(probes):
            near[place] = row_of(best[place])
            held += starts[near[place] + 1] - starts[near[place]]
        if held >= width or probes == lists:
            return near
        probes *= 2
