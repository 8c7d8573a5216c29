"""Names for the arrays that cross module borders, and the one check made there."""

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


def normalise_rows(matrix: FloatMatrix) -> FloatMatrix:
    """Return ``matrix`` with rows of length one; a zero row stays zero."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    out: FloatMatrix = matrix / np.maximum(norms, np.float32(1e-12))
    return out
