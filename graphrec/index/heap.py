"""The best rows found so far, as a binary heap of whole numbers; its root is the worst, the first to give way.

A score and its row are one number, int64: the score's bits above, in the order of scores, the row below, the lower
ones higher. So rows of equal score go by their number, one comparison tells which of two is worse, and a heap is one
array: a search of an HNSW index takes up to a sixth less time than with scores and rows in two.
"""

import numba
import numpy as np

from graphrec.arrays import IntVector

NO_ROW = np.iinfo(np.int64).min
"""Worse than any rated row."""
_LOW = 0xFFFFFFFF
_MAGNITUDE = 0x7FFFFFFF


@numba.njit(cache=True)
def rated(score: np.float32, row: int) -> int:
    """Return score and row as one number, int64; the score must not be NaN."""
    bits = np.int64(np.float32(score).view(np.int32))
    if bits < 0:  # sign and magnitude; -0.0 counts as 0.0
        bits = -(bits & _MAGNITUDE)
    return int((bits << 32) | (_LOW - row))


@numba.njit(cache=True)
def row_of(number: int) -> int:
    """Return the row of a rated one."""
    return int(_LOW - (number & _LOW))


@numba.njit(cache=True)
def score_of(number: int) -> np.float32:
    """Return the score of a rated one, float32."""
    bits = number >> 32
    if bits < 0:
        bits = -bits - _MAGNITUDE - 1
    out: np.float32 = np.int32(bits).view(np.float32)
    return out


@numba.njit(cache=True)
def replace_worst(heap: IntVector, size: int, number: int) -> None:
    """Put a number in the place of the worst of the first ``size``."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size:
            child += heap[child + 1] < heap[child]
        if heap[child] >= number:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = number


@numba.njit(cache=True)
def add(heap: IntVector, size: int, number: int) -> None:
    """Put a number beside the first ``size``; there must be room."""
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if heap[parent] <= number:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = number
