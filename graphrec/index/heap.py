"""The best rows found so far, as a binary heap over two arrays; its root is the worst, the first to give way."""

import numba
import numpy as np

from graphrec.arrays import FloatVector, RowVector


@numba.njit(cache=True)
def worse(score: np.float32, row: int, other: np.float32, other_row: int) -> bool:
    """Tell whether a row goes after another: by its score, where those are equal by its number."""
    return bool(score < other or (score == other and row > other_row))


@numba.njit(cache=True)
def replace_worst(scores: FloatVector, rows: RowVector, size: int, score: np.float32, row: int) -> None:
    """Put a row in the place of the worst of the first ``size``."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and worse(scores[child + 1], rows[child + 1], scores[child], rows[child]):
            child += 1
        if not worse(scores[child], rows[child], score, row):
            break
        scores[at], rows[at] = scores[child], rows[child]
        at = child
    scores[at], rows[at] = score, row


@numba.njit(cache=True)
def add(scores: FloatVector, rows: RowVector, size: int, score: np.float32, row: int) -> None:
    """Put a row beside the first ``size``; there must be room."""
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if not worse(score, row, scores[parent], rows[parent]):
            break
        scores[at], rows[at] = scores[parent], rows[parent]
        at = parent
    scores[at], rows[at] = score, row
