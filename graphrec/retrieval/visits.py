"""Walks from what a user did lately to what those who did the same did, as Pixie takes them."""

import numpy as np
from numba import njit

from graphrec.arrays import FloatVector, IntVector, RowVector
from graphrec.graph.walks import next_random, uniform

RESTART = 0.5
"""Chance that a walk begins anew at its start after a visit."""
DAMPING = 0.3
"""Power of a flit's degree that divides its visits, as RP3beta's beta."""


def scored_visits(
    starts: RowVector, visits: int, acted: tuple[IntVector, RowVector], actors: tuple[IntVector, IntVector]
) -> tuple[RowVector, FloatVector]:
    """Return the flits that walks from some flits visit, and how much each was visited.

    Eksombatchai et al., "Pixie: a system for recommending 3+ billion items to 200+ million users in real-time" (WWW
    2018): every start has visits of its own, and those of several starts count for more than as many of one (the square
    of the sum of roots). A flit's degree damps them (Paudel et al., RP3beta, TiiS 2016).

    Args:
        starts: Flits, int32 ``[starts]``; the draw depends on nothing else.
        visits: Of each start.
        acted: Users to flits as CSR: offsets int64 ``[users + 1]``, flits int32.
        actors: Flits to users as CSR: offsets int64 ``[flits + 1]``, users int64.

    Returns:
        Flits, ascending, int32, and float32 scores.
    """
    visited = _walk(starts, visits, *acted, *actors)
    places, counts = np.unique(visited[visited >= 0], return_counts=True)
    rows, of = np.unique(places // len(starts), return_inverse=True)
    strength = np.bincount(of, weights=np.sqrt(counts), minlength=len(rows)) ** 2
    degree = np.diff(actors[0])[rows]
    return rows.astype(np.int32), np.asarray(strength / np.maximum(degree, 1) ** DAMPING, dtype=np.float32)


@njit(cache=True, nogil=True)
def _walk(
    starts: RowVector, visits: int, indptr: IntVector, rows: RowVector, actor_indptr: IntVector, users: IntVector
) -> IntVector:
    """Return each visit as ``flit * len(starts) + start``, int64 ``[starts * visits]``; -1 where there was no way."""
    out = np.full(len(starts) * visits, -1, np.int64)
    for start in range(len(starts)):
        _, state = next_random(np.uint64(starts[start]) * np.uint64(0xD1342543DE82EF95))
        flit = starts[start]
        for place in range(visits):
            low, size = actor_indptr[flit], actor_indptr[flit + 1] - actor_indptr[flit]
            if size == 0:
                break
            state, bits = next_random(state)
            user = users[low + np.int64(uniform(bits) * size)]
            low, size = indptr[user], indptr[user + 1] - indptr[user]
            state, bits = next_random(state)
            flit = rows[low + np.int64(uniform(bits) * size)]
            out[start * visits + place] = np.int64(flit) * len(starts) + start
            state, bits = next_random(state)
            if uniform(bits) < RESTART:
                flit = starts[start]
    return out
