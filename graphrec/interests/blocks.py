"""Users in blocks over threads: the kernels release the interpreter, so threads are all it takes.

Threads rather than numba's parallel loops: those must not be entered twice at once, and requests are.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from graphrec.arrays import IntVector

BLOCK_POINTS = 8192
"""Points of one task: some 4 MB of vectors, gathered just before they are used."""


def each_block(indptr: IntVector, work: Callable[[slice, slice], None]) -> None:
    """Call ``work(users, points)`` on consecutive blocks of users, several at a time.

    Args:
        indptr: Start of each user's points, int64 ``[num_users + 1]``.
        work: What to do with a slice of users and the slice of their points; blocks come in any order.
    """
    blocks = _blocks(indptr)
    if len(blocks) == 1:
        work(*blocks[0])
        return
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for done in [pool.submit(work, *block) for block in blocks]:
            done.result()


def _blocks(indptr: IntVector) -> list[tuple[slice, slice]]:
    """Return slices of users and points, each of at most :data:`BLOCK_POINTS` points or one user."""
    blocks, start, num_users = [], 0, len(indptr) - 1
    while start < num_users:
        full = int(np.searchsorted(indptr, indptr[start] + BLOCK_POINTS, side="right")) - 1
        stop = max(full, start + 1)
        blocks.append((slice(start, stop), slice(int(indptr[start]), int(indptr[stop]))))
        start = stop
    return blocks or [(slice(0, 0), slice(0, 0))]
