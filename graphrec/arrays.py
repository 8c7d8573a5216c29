"""Names for the arrays that cross module borders, and the one check made there."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.errors import ShapeError

FloatMatrix = npt.NDArray[np.float32]
"""Shape ``[rows, dim]``, float32."""
FloatVector = npt.NDArray[np.float32]
"""Shape ``[rows]``, float32."""
RowVector = npt.NDArray[np.int32]
"""Rows of one node type, int32; -1 stands for "none"."""
IntVector = npt.NDArray[np.int64]
"""Offsets, counts or seconds since 1970 (UTC), int64."""
BoolVector = npt.NDArray[np.bool_]


def check_matrix(name: str, matrix: npt.NDArray[Any], *, dim: int | None = None) -> None:
    """Check that ``matrix`` is float32 ``[rows, dim]`` and finite.

    Args:
        name: What the matrix is, for the message.
        matrix: The array to check.
        dim: The width it must have; ``None`` accepts any.

    Raises:
        ShapeError: If a rule is broken.
    """
    if matrix.ndim != 2 or matrix.dtype != np.float32:
        raise ShapeError(f"{name} must be float32 [rows, dim] (got {matrix.dtype} {list(matrix.shape)})")
    if dim is not None and matrix.shape[1] != dim:
        raise ShapeError(f"{name} must have dim {dim} (got {matrix.shape[1]})")
    bad = int((~np.isfinite(matrix).all(axis=1)).sum())
    if bad:
        raise ShapeError(f"{name} must be finite (got {bad} of {len(matrix)} rows with NaN or infinity)")


def mapped(path: Path) -> npt.NDArray[Any]:
    """Return a ``.npy`` file as a read-only array of pages shared between processes.

    A plain view: indexing a ``numpy.memmap`` itself costs microseconds each time.
    """
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def distinct(*rows: RowVector) -> RowVector:
    """Return all rows in order, each once; several times as fast as ``np.unique`` on some hundreds."""
    every = np.sort(np.concatenate(rows))
    return every[np.concatenate([[True], every[1:] != every[:-1]])] if len(every) else every


def among(rows: npt.NDArray[Any], ascending: npt.NDArray[Any]) -> BoolVector:
    """Return which ``rows`` are in a sorted array; several times as fast as ``np.isin``, which sorts both."""
    if not len(ascending):
        return np.zeros(rows.shape, dtype=np.bool_)
    place = np.minimum(np.searchsorted(ascending, rows), len(ascending) - 1)
    return np.asarray(ascending[place] == rows)


def spans(start: IntVector, stop: IntVector) -> tuple[IntVector, IntVector]:
    """Return all positions of several spans behind each other, and where each span starts among them, int64."""
    lengths = stop - start
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)[:-1]])
    return np.arange(lengths.sum()) - np.repeat(starts - start, lengths), starts


def normalise_rows(matrix: FloatMatrix) -> FloatMatrix:
    """Return ``matrix`` with rows of length one; a zero row stays zero."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    out: FloatMatrix = matrix / np.maximum(norms, np.float32(1e-12))
    return out
