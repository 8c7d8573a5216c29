"""Turning one fit of vectors onto another."""

from collections.abc import Iterable

import numpy as np

from graphrec.arrays import FloatMatrix


def rotation(common: Iterable[tuple[FloatMatrix, FloatMatrix]]) -> FloatMatrix:
    """Return the rotation that brings vectors closest to others, float32 ``[dim, dim]``; no cosine changes by it.

    Schoenemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31, 1966.

    Args:
        common: Per node type: vectors to turn and vectors of the same nodes to turn them to, float32 ``[n, dim]``.
    """
    left, _, right = np.linalg.svd(sum(other.astype(np.float64).T @ own for other, own in common))
    return np.asarray(left @ right, dtype=np.float32)
