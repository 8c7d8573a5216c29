"""The compiled search through a graph of links (Malkov & Yashunin, arXiv:1603.09320, algorithms 2 and 5)."""

import numba
import numpy as np
import numpy.typing as npt

from graphrec.arrays import FAST, FloatMatrix, FloatVector, IntVector, RowVector
from graphrec.index.heap import add, replace_worst
from graphrec.index.prefetch import prefetch

LINE = 16
"""float32 in a cache line."""


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def traverse(
    queries: FloatMatrix, base: RowVector, floats: FloatVector, above: RowVector, raised: IntVector,
    raised_at: IntVector, links: int, top: int, entry: int, cosine: bool, effort: int, width: int,
    marks: npt.NDArray[np.uint16], mark: int,
) -> tuple[RowVector, FloatMatrix, bool]:  # fmt: skip
    """Return the best rows of each query, best first, equal scores by row, and whether all queries are usable.

    Args:
        queries: Shape ``[queries, dim]``, float32.
        base: See :class:`graphrec.index.links.Links`, as for the next seven.
        floats: Likewise.
        above: Likewise.
        raised: Likewise.
        raised_at: Likewise.
        links: Likewise.
        top: Likewise.
        entry: Likewise.
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
    best, near = np.empty(effort, np.float32), np.empty(effort, np.int32)
    for number in range(len(queries)):
        query = queries[number]
        squared = _product(query, query, 0)
        if not 0 < squared < np.inf:
            return found, scores, False
        start = _descend(query, base, floats, above, raised, raised_at, links, top, entry)
        held = _spread(query, base, floats, links, start, best, near, marks, mark + number)
        while held > width:
            held -= 1
            replace_worst(best, near, held, best[held], near[held])
        element, scale = 3 + links + len(query), 1 / np.sqrt(squared) if cosine else np.float32(1)
        for size in range(held - 1, -1, -1):  # the worst goes last, and so on
            found[number, size] = base[near[0] * element + element - 2]
            scores[number, size] = best[0] * scale
            replace_worst(best, near, size, best[size], near[size])
    return found, scores, True


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def _product(query: FloatVector, floats: FloatVector, start: int) -> np.float32:
    """Return the inner product of a query and the vector that begins at ``start``."""
    vector, product = floats[start : start + len(query)], np.float32(0)
    for axis in range(len(query)):
        product += query[axis] * vector[axis]
    return product


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def _descend(
    query: FloatVector, base: RowVector, floats: FloatVector, above: RowVector, raised: IntVector,
    raised_at: IntVector, links: int, top: int, entry: int,
) -> int:  # fmt: skip
    """Return the element that the layers above lead to: on each, from one to a better one until there is none."""
    element, vector = 3 + links + len(query), 1 + links
    best = _product(query, floats, entry * element + vector)
    for layer in range(top, 0, -1):
        moved = True
        while moved:
            moved = False
            start = raised_at[np.searchsorted(raised, entry)] + (layer - 1) * (1 + links // 2)
            for place in range(start + 1, start + 1 + above[start]):
                score = _product(query, floats, above[place] * element + vector)
                if score > best:
                    best, entry, moved = score, above[place], True
    return entry


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def _spread(
    query: FloatVector, base: RowVector, floats: FloatVector, links: int, start: int, best: FloatVector,
    near: RowVector, marks: npt.NDArray[np.uint16], mark: int,
) -> int:  # fmt: skip
    """Fill ``best`` and ``near``, a heap, with the elements that lie nearest; return how many were reached."""
    element, vector = 3 + links + len(query), 1 + links
    cost, ahead = np.empty(4 * len(best), np.float32), np.empty(4 * len(best), np.int32)  # the next one is the root
    fresh = np.empty(links, np.int32)
    marks[start] = mark
    best[0], near[0] = _product(query, floats, start * element + vector), start
    cost[0], ahead[0], held, waiting = -best[0], start, 1, 1
    while waiting > 0 and (held < len(best) or -cost[0] >= best[0]):
        at = ahead[0] * element
        waiting -= 1
        replace_worst(cost, ahead, waiting, cost[waiting], ahead[waiting])
        if waiting > 0:
            _fetch(floats, ahead[0] * element, links)
        for place in range(_unmet(base, at, marks, mark, fresh, floats, len(query))):
            one = fresh[place]
            score = _product(query, floats, one * element + vector)
            if held < len(best):
                add(best, near, held, score, one)
                held += 1
            elif score > best[0]:
                replace_worst(best, near, held, score, one)
            else:
                continue
            if waiting == len(cost):
                cost, ahead = np.append(cost, np.empty_like(cost)), np.append(ahead, np.empty_like(ahead))
            add(cost, ahead, waiting, -score, one)
            waiting += 1
    return held


@numba.njit(cache=True, nogil=True)
def _unmet(
    base: RowVector, at: int, marks: npt.NDArray[np.uint16], mark: int, fresh: RowVector, floats: FloatVector, dim: int
) -> int:
    """Mark the neighbours of the element at ``at`` that were not met yet, put them into ``fresh``, and count them.

    Their vectors are asked from memory before the first is compared: half of the time would go by in waiting for them.
    """
    news = 0
    for place in range(at + 1, at + 1 + base[at]):
        one = base[place]
        if marks[one] != mark:
            marks[one] = mark
            fresh[news] = one
            news += 1
            _fetch(floats, one * (3 + len(fresh) + dim) + 1 + len(fresh), dim)
    return news


@numba.njit(cache=True, nogil=True)
def _fetch(floats: FloatVector, start: int, count: int) -> None:
    """Ask for some numbers from memory."""
    for place in range(start, start + count, LINE):
        prefetch(floats, place)
