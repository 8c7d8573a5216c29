"""The compiled search through a graph of links (Malkov & Yashunin, arXiv:1603.09320, algorithms 2 and 5)."""

import numba
import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatMatrix, FloatVector, IntVector, RowVector
from graphrec.compiled import FAST, fetch
from graphrec.index.heap import add, rated, replace_worst, row_of, score_of
from graphrec.index.links import Links

_MOST_MARKS = np.iinfo(np.uint16).max


class Marks:
    """Which elements a search has met: every search has a number of its own, so that nothing is wiped in between.

    Args:
        count: Number of elements.

    Attributes:
        of: The number of the last search that met each, uint16 ``[count]``.
    """

    def __init__(self, count: int) -> None:
        self.of = np.zeros(count, np.uint16)
        self._last = 0

    def take(self, searches: int) -> int:
        """Return the first of as many numbers that no element is marked with."""
        if self._last + searches > _MOST_MARKS:
            self.of.fill(0)
            self._last = 0
        self._last += searches
        return self._last - searches + 1


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def traverse(
    queries: FloatMatrix, graph: Links, cosine: bool, effort: int, width: int,
    marks: npt.NDArray[np.uint16], mark: int,
) -> tuple[RowVector, FloatMatrix, bool]:  # fmt: skip
    """Return the best rows of each query, best first, equal scores by row, and whether all queries are usable.

    Args:
        queries: Shape ``[queries, dim]``, float32.
        graph: What is searched.
        cosine: Whether a score is divided by the length of the query.
        effort: Elements kept while searching, at least ``width``.
        width: Rows wanted.
        marks: Of the elements a search has met, uint16 ``[count]``; no two searches may share it at a time.
        mark: None of the marks is this or one of the next, as many as there are queries.

    Returns:
        Rows, int32 ``[queries, width]``, -1 where the graph reaches no more; their scores, ``-inf`` there; and False if
        a query is NaN, infinite or zero.
    """
    found = np.full((len(queries), width), -1, np.int32)
    scores = np.full((len(queries), width), -np.inf, np.float32)
    best = np.empty(effort, np.int64)
    for number in range(len(queries)):
        query = queries[number]
        squared = _product(query, query, 0)
        if not 0 < squared < np.inf:
            return found, scores, False
        start = _descend(query, graph)
        held = _spread(query, graph, start, best, marks, mark + number)
        while held > width:
            held -= 1
            replace_worst(best, held, best[held])
        element, scale = 3 + graph.links + len(query), 1 / np.sqrt(squared) if cosine else np.float32(1)
        for size in range(held - 1, -1, -1):  # the worst goes last, and so on
            found[number, size] = graph.base[row_of(best[0]) * element + element - 2]
            scores[number, size] = score_of(best[0]) * scale
            replace_worst(best, size, best[size])
    return found, scores, True


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def _product(query: FloatVector, floats: FloatVector, start: int) -> np.float32:
    """Return the inner product of a query and the vector that begins at ``start``."""
    vector, product = floats[start : start + len(query)], np.float32(0)
    for axis in range(len(query)):
        product += query[axis] * vector[axis]
    return product


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def _descend(query: FloatVector, graph: Links) -> int:
    """Return the element that the layers above lead to: on each, from one to a better one until there is none."""
    floats, above, links, entry = graph.base.view(np.float32), graph.above, graph.links, graph.entry
    element, vector = 3 + links + len(query), 1 + links
    best = _product(query, floats, entry * element + vector)
    for layer in range(graph.top, 0, -1):
        moved = True
        while moved:
            moved = False
            start = graph.raised_at[np.searchsorted(graph.raised, entry)] + (layer - 1) * (1 + links // 2)
            for place in range(start + 1, start + 1 + above[start]):
                score = _product(query, floats, above[place] * element + vector)
                if score > best:
                    best, entry, moved = score, above[place], True
    return entry


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def _spread(
    query: FloatVector, graph: Links, start: int, best: IntVector, marks: npt.NDArray[np.uint16], mark: int
) -> int:
    """Fill ``best``, a heap, with the elements that lie nearest; return how many were reached."""
    floats, links = graph.base.view(np.float32), graph.links
    element, vector = 3 + links + len(query), 1 + links
    ahead, fresh = np.empty(4 * len(best), np.int64), np.empty(links, np.int32)  # the next one is the root of ahead
    marks[start] = mark
    score = _product(query, floats, start * element + vector)
    best[0], ahead[0], held, waiting = rated(score, start), rated(-score, start), 1, 1
    while waiting > 0 and (held < len(best) or -score_of(ahead[0]) >= score_of(best[0])):
        at = row_of(ahead[0]) * element
        waiting -= 1
        replace_worst(ahead, waiting, ahead[waiting])
        if waiting > 0:
            fetch(graph.base, row_of(ahead[0]) * element, links)
        for place in range(_unmet(graph, at, marks, mark, fresh, len(query))):
            one = fresh[place]
            score = _product(query, floats, one * element + vector)
            if held < len(best):
                add(best, held, rated(score, one))
                held += 1
            elif score > score_of(best[0]):
                replace_worst(best, held, rated(score, one))
            else:
                continue
            if waiting == len(ahead):
                ahead = np.append(ahead, np.empty_like(ahead))
            add(ahead, waiting, rated(-score, one))
            waiting += 1
    return held


@numba.njit(cache=True, nogil=True)
def _unmet(graph: Links, at: int, marks: npt.NDArray[np.uint16], mark: int, fresh: RowVector, dim: int) -> int:
    """Mark the neighbours of the element at ``at`` that were not met yet, put them into ``fresh``, and count them.

    Their vectors are asked from memory before the first is compared: half of the time would go by in waiting for them.
    """
    news = 0
    for place in range(at + 1, at + 1 + graph.base[at]):
        one = graph.base[place]
        if marks[one] != mark:
            marks[one] = mark
            fresh[news] = one
            news += 1
            fetch(graph.base, one * (3 + len(fresh) + dim) + 1 + len(fresh), dim)
    return news
