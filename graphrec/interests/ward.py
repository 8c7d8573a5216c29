"""Ward clustering by nearest-neighbour chains: numba kernels for many small sets of vectors.

PinnerSage's distance (algorithm 1) starts as the squared distance of two points and is updated by Lance and Williams'
formula; scipy's heights are its square roots. It never falls along a chain of merges, so accepting every merge up to
alpha is the same as cutting the tree there. O(n^2) time and memory for n points.
"""

from typing import Any

import numpy as np
from numba import njit

from graphrec.compiled import FAST

FAR = np.float32(1e30)
"""Distance of a point to itself and to what is gone: finite, as infinity would turn into NaN."""
WHOLE = np.float32(1e20)
"""An alpha no merge reaches: the whole tree."""
ROUNDING = 1e-6
"""Float32 error of a squared distance of unit vectors, granted to every cut."""


def squared_cut(merge_cosine: float) -> float:
    """Return alpha, the largest squared Ward distance of a merge: two unit vectors meet it at ``merge_cosine``."""
    return 2.0 * (1.0 - merge_cosine) + ROUNDING


@njit(cache=True, nogil=True, fastmath=FAST)
def products(x: Any, out: Any) -> None:  # pragma: no cover - compiled
    """Write x @ x.T above the diagonal and on it, in tiles of 4 x 4: on small sets faster than a call of BLAS."""
    last = len(x) - 1
    for i in range(0, len(x), 4):
        # Past the end the last row is taken again: a tile writes one value twice rather than needing a second loop.
        i1, i2, i3 = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        for j in range(i, len(x), 4):
            j1, j2, j3 = min(j + 1, last), min(j + 2, last), min(j + 3, last)
            s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = np.float32(0)
            s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = np.float32(0)
            for d in range(x.shape[1]):
                a0, a1, a2, a3 = x[i, d], x[i1, d], x[i2, d], x[i3, d]
                b0, b1, b2, b3 = x[j, d], x[j1, d], x[j2, d], x[j3, d]
                s00, s01, s02, s03 = s00 + a0 * b0, s01 + a0 * b1, s02 + a0 * b2, s03 + a0 * b3
                s10, s11, s12, s13 = s10 + a1 * b0, s11 + a1 * b1, s12 + a1 * b2, s13 + a1 * b3
                s20, s21, s22, s23 = s20 + a2 * b0, s21 + a2 * b1, s22 + a2 * b2, s23 + a2 * b3
                s30, s31, s32, s33 = s30 + a3 * b0, s31 + a3 * b1, s32 + a3 * b2, s33 + a3 * b3
            out[i, j], out[i, j1], out[i, j2], out[i, j3] = s00, s01, s02, s03
            out[i1, j], out[i1, j1], out[i1, j2], out[i1, j3] = s10, s11, s12, s13
            out[i2, j], out[i2, j1], out[i2, j2], out[i2, j3] = s20, s21, s22, s23
            out[i3, j], out[i3, j1], out[i3, j2], out[i3, j3] = s30, s31, s32, s33


@njit(cache=True, nogil=True, fastmath=FAST)
def squared_distances(x: Any, out: Any) -> None:  # pragma: no cover - compiled
    """Write all squared distances; :data:`FAR` on the diagonal, so that nobody is his own neighbour."""
    n = len(x)
    products(x, out)
    norm = np.empty(n, dtype=np.float32)
    for i in range(n):
        norm[i] = out[i, i]
    for i in range(n):
        for j in range(i + 1, n):
            out[i, j] = max(norm[i] + norm[j] - np.float32(2) * out[i, j], np.float32(0))
            out[j, i] = out[i, j]
        out[i, i] = FAR


@njit(cache=True, nogil=True)
def merge_tree(d: Any, n: Any, alpha: Any, keeps: Any, goes: Any, heights: Any) -> Any:  # pragma: no cover - compiled
    """Write the merges up to ``alpha`` and return how many.

    ``d[:n, :n]`` is overwritten. Merge m puts cluster ``goes[m]`` into ``keeps[m]`` at squared height ``heights[m]``;
    a cluster is named by its lowest point. Of equally near clusters the chain's own comes first, then the lowest.
    """
    size = np.ones(n, dtype=np.int32)
    away = np.zeros(n, dtype=np.float32)
    chain = np.empty(n, dtype=np.int32)
    count, length, left, first = 0, 0, n, 0
    while left > 1:
        if length == 0:
            while size[first] == 0:
                first += 1
            chain[0] = first
            length = 1
        here = chain[length - 1]
        near = _nearest(d[here], away)
        if length == 1 or d[here, chain[length - 2]] > near:
            chain[length] = _first(d[here], away, near)
            length += 1
            continue
        length -= 2
        keep, gone = min(here, chain[length]), max(here, chain[length])
        if near > alpha:
            # Each other's nearest and too far apart. Ward is reducible: whatever others merge into comes no nearer,
            # so both are finished.
            size[keep] = size[gone] = 0
            away[keep] = away[gone] = FAR
            left -= 2
            continue
        _merge(d, size, keep, gone, near)
        away[gone] = FAR
        keeps[count], goes[count], heights[count] = keep, gone, near
        count += 1
        left -= 1
    return count


@njit(cache=True, nogil=True, fastmath=FAST)
def _nearest(row: Any, away: Any) -> Any:  # pragma: no cover - compiled
    """The least of a row of distances; ``away`` is 0, or FAR for what is gone. Without the place this vectorises."""
    near = FAR
    for k in range(len(away)):
        near = min(near, row[k] + away[k])
    return near


@njit(cache=True, nogil=True)
def _first(row: Any, away: Any, near: Any) -> Any:  # pragma: no cover - compiled
    """The lowest place of a distance found by :func:`_nearest`."""
    place = 0
    while row[place] != near or away[place] != 0:
        place += 1
    return place


@njit(cache=True, nogil=True, fastmath=FAST)
def _merge(d: Any, size: Any, keep: Any, gone: Any, near: Any) -> None:  # pragma: no cover - compiled
    """Put ``gone`` into ``keep``: distances by Lance and Williams' formula for Ward."""
    kept, lost = d[keep], d[gone]
    a, b = np.float32(size[keep]), np.float32(size[gone])
    for k in range(len(size)):
        c = np.float32(size[k])
        kept[k] = ((a + c) * kept[k] + (b + c) * lost[k] - c * near) / (a + b + c)
    kept[keep] = FAR
    size[keep] += size[gone]
    size[gone] = 0
    for k in range(len(size)):
        d[k, keep] = kept[k]


@njit(cache=True, nogil=True)
def cut_tree(
    n: Any, keeps: Any, goes: Any, heights: Any, count: Any, alpha: Any, labels: Any
) -> Any:  # pragma: no cover - compiled
    """Write each point's cluster under the merges up to ``alpha``, numbered by lowest point; return how many."""
    parent = np.arange(n)
    for m in range(count):
        if heights[m] <= alpha:
            parent[goes[m]] = keeps[m]
    used = 0
    for i in range(n):
        # A parent is always lower than its child, so it has its number already.
        if parent[i] == i:
            labels[i] = used
            used += 1
        else:
            labels[i] = labels[parent[i]]
    return used
