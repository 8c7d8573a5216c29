"""What an index answers, and the checks on what it is asked."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.errors import ConfigError, ShapeError

MAX_K = 100_000
"""Most neighbours that one query may ask for; answers take ``queries * k * 8`` bytes."""

_FEW = 4
"""Queries of one user: as many products cost less than four passes over a small array, whose code is not in the
processor's cache once an index was searched."""


class Neighbours(NamedTuple):
    """The nearest vectors of each query, best first."""

    rows: npt.NDArray[np.int32]
    """Shape ``[queries, k]``; -1 where there is no further neighbour."""
    scores: FloatMatrix
    """Shape ``[queries, k]``, higher is better; ``-inf`` where the row is -1."""

    @classmethod
    def none(cls, queries: int, k: int) -> "Neighbours":
        """Return an answer without neighbours."""
        return cls(np.full((queries, k), -1, np.int32), np.full((queries, k), -np.inf, np.float32))

    def padded(self, k: int) -> "Neighbours":
        """Return the answer with k places for each query."""
        if self.rows.shape[1] == k:
            return self
        wide, width = Neighbours.none(len(self.rows), k), self.rows.shape[1]
        wide.rows[:, :width], wide.scores[:, :width] = self
        return wide


def squared_norms(matrix: FloatMatrix) -> FloatVector:
    """Return the squared length of each row: NaN, infinite or zero exactly where a row is unusable."""
    out: FloatVector = np.einsum("ij,ij->i", matrix, matrix)
    return out


def check_queries(queries: npt.NDArray[Any], dim: int, k: int) -> None:
    """Check what an index is asked, in a few microseconds for one query.

    Raises:
        ShapeError: If the queries are not float32 ``[queries, dim]``, or a row is not finite or zero.
        ConfigError: If k is not in ``1 .. MAX_K``.
    """
    check_asked(queries, dim, k)
    if len(queries) <= _FEW and all(0.0 < np.vdot(query, query) < math.inf for query in queries):
        return
    norms = squared_norms(queries)
    usable = (norms > 0) & (norms < np.inf)
    if not usable.all():
        raise unusable(queries)


def unusable(queries: FloatMatrix) -> ShapeError:
    """Return the error that says how many queries are not finite, or zero."""
    counted = _count(squared_norms(queries))
    return ShapeError(f"queries must be finite and not zero (got {counted}); leave those rows out")


def check_asked(queries: npt.NDArray[Any], dim: int, k: int) -> None:
    """Check the shape of what an index is asked.

    Raises:
        ShapeError: If the queries are not float32 ``[queries, dim]``.
        ConfigError: If k is not in ``1 .. MAX_K``.
    """
    if not 1 <= k <= MAX_K:
        raise ConfigError(f"k must be from 1 to {MAX_K} (got {k}); ask for fewer neighbours")
    check_shape(queries)
    if queries.shape[1] != dim:
        raise ShapeError(
            f"queries must have dim {dim} like the indexed vectors (got {queries.shape[1]}); "
            "make both with the same model version"
        )


def check_shape(queries: npt.NDArray[Any]) -> None:
    """Check that queries are float32 ``[queries, dim]``.

    Raises:
        ShapeError: If not.
    """
    if queries.ndim != 2 or queries.dtype != np.float32:
        raise ShapeError(f"queries must be float32 [queries, dim] (got {queries.dtype} {list(queries.shape)})")


def usable_rows(vectors: FloatMatrix, valid: BoolVector | None) -> RowVector:
    """Return the rows to index.

    Args:
        vectors: Shape ``[rows, dim]``, float32.
        valid: Which rows to index, shape ``[rows]``; ``None`` means all.

    Raises:
        ShapeError: If a shape or dtype is wrong, or a row to index is not finite or zero.
    """
    if vectors.ndim != 2 or vectors.dtype != np.float32 or vectors.shape[1] < 1:
        raise ShapeError(f"vectors must be float32 [rows, dim] (got {vectors.dtype} {list(vectors.shape)})")
    if valid is not None and (valid.shape != (len(vectors),) or valid.dtype != np.bool_):
        raise ShapeError(f"valid must be bool [{len(vectors)}] (got {valid.dtype} {list(valid.shape)})")
    norms = squared_norms(vectors)
    usable = (norms > 0) & (norms < np.inf)
    asked = np.ones(len(vectors), np.bool_) if valid is None else valid
    if not usable[asked].all():
        raise ShapeError(
            f"vectors must be finite and not zero (got {_count(norms[asked])}); pass valid= to leave those rows out"
        )
    return np.flatnonzero(asked).astype(np.int32)


def take_rows(matrix: FloatMatrix, rows: RowVector) -> FloatMatrix:
    """Return some rows of ``matrix``, ascending; the matrix itself, not a copy, where that is all of them."""
    return matrix if len(rows) == len(matrix) else matrix[rows]


def _count(norms: FloatVector) -> str:
    zero = int((norms == 0).sum())
    bad = int((~np.isfinite(norms)).sum())
    return f"{bad} of {len(norms)} rows with NaN, infinity or overflow, {zero} zero"
