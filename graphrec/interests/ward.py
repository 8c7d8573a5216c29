"""Ward clustering of many small sets of vectors at once, by nearest-neighbour chains.

The merge criterion is PinnerSage's (section 3.2.1): d starts as the squared distance of two points, is updated by
Lance and Williams' formula, and a merge stands where d <= alpha. Ward's d never shrinks up the tree, so cutting the
tree at alpha is the same as accepting all merges up to it; scipy's heights are the square roots of these d.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, prange
from threadpoolctl import threadpool_limits

from graphrec.arrays import FloatMatrix, IntVector


def ward_labels(vectors: FloatMatrix, indptr: IntVector, rows: npt.NDArray[np.int32], alpha: float) -> IntVector:
    """Cluster each user's flits.

    Args:
        vectors: Embeddings of all flits, float32 ``[num_flits, dim]``.
        indptr: Start of each user's flits in ``rows``, int64 ``[num_users + 1]``.
        rows: Flits, each once per user, int32.
        alpha: Merges up to this squared Ward distance stand.

    Returns:
        Cluster of each flit within its user, int64, numbered by first appearance from 0.
    """
    labels = np.empty(len(rows), dtype=np.int64)
    # Users are spread over threads already: a matrix product that spreads once more costs more than it saves.
    with threadpool_limits(limits=1):
        _cluster_all(np.ascontiguousarray(vectors), indptr.astype(np.int64), rows, float(alpha), labels)
    return labels


@njit(cache=True, fastmath=True)
def _squared_distances(points: Any) -> Any:  # pragma: no cover - compiled
    """All pairwise squared distances, float32 [n, n]."""
    n = points.shape[0]
    out = np.dot(points, points.T)
    norms = np.empty(n, dtype=np.float32)
    for i in range(n):
        norms[i] = out[i, i]
    for i in range(n):
        for j in range(n):
            out[i, j] = max(norms[i] + norms[j] - np.float32(2.0) * out[i, j], np.float32(0.0))
    return out


@njit(cache=True)
def _nearest(distance: Any, size: Any, here: Any, before: Any) -> Any:  # pragma: no cover - compiled
    """The active cluster nearest to ``here`` and its distance; ``before`` wins ties, so that chains end."""
    best = before
    near = distance[here, before] if before >= 0 else np.float32(np.inf)
    for other in range(len(size)):
        if size[other] > 0 and other != here and distance[here, other] < near:
            near = distance[here, other]
            best = other
    return best, near


@njit(cache=True)
def _merge(distance: Any, size: Any, keep: Any, gone: Any, near: Any) -> None:  # pragma: no cover - compiled
    """Put ``gone`` into ``keep``: distances by Lance and Williams' formula for Ward."""
    total = size[keep] + size[gone]
    for other in range(len(size)):
        if size[other] > 0 and other != keep and other != gone:
            updated = (
                (size[keep] + size[other]) * distance[keep, other]
                + (size[gone] + size[other]) * distance[gone, other]
                - size[other] * near
            ) / (total + size[other])
            distance[keep, other] = updated
            distance[other, keep] = updated
    size[keep] = total
    size[gone] = 0


@njit(cache=True)
def _cluster_one(distance: Any, alpha: Any, labels: Any) -> None:  # pragma: no cover - compiled
    """Nearest-neighbour chain on a distance matrix that is overwritten; write labels by first appearance."""
    n = distance.shape[0]
    size, parent, chain = np.ones(n, dtype=np.int64), np.arange(n), np.empty(n, dtype=np.int64)
    length, left, first = 0, n, 0
    while left > 1:
        if length == 0:
            while size[first] == 0:
                first += 1
            chain[0] = first
            length = 1
        here = chain[length - 1]
        before = chain[length - 2] if length > 1 else -1
        best, near = _nearest(distance, size, here, before)
        if best != before:
            chain[length] = best
            length += 1
            continue
        length -= 2
        if near > alpha:
            # Each other's nearest, and too far apart: Ward is reducible, so nothing that others merge into will ever
            # come nearer than that. Both are finished.
            size[here] = 0
            size[before] = 0
            left -= 2
        else:
            keep, gone = min(here, before), max(here, before)
            _merge(distance, size, keep, gone, near)
            parent[gone] = keep
            left -= 1
    _number(parent, labels)


@njit(cache=True)
def _number(parent: Any, labels: Any) -> None:  # pragma: no cover - compiled
    """Write each point's root as a number by first appearance."""
    number = np.full(len(parent), -1, dtype=np.int64)
    used = 0
    for i in range(len(parent)):
        root = i
        while parent[root] != root:
            root = parent[root]
        if number[root] < 0:
            number[root] = used
            used += 1
        labels[i] = number[root]


@njit(cache=True, parallel=True)
def _cluster_all(vectors: Any, indptr: Any, rows: Any, alpha: Any, labels: Any) -> None:  # pragma: no cover - compiled
    """Cluster every user, users spread over threads."""
    for user in prange(len(indptr) - 1):
        lo, hi = indptr[user], indptr[user + 1]
        if hi - lo == 0:
            continue
        points = np.empty((hi - lo, vectors.shape[1]), dtype=np.float32)
        for i in range(hi - lo):
            points[i] = vectors[rows[lo + i]]
        _cluster_one(_squared_distances(points), alpha, labels[lo:hi])
