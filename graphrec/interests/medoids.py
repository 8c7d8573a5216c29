"""The medoid of a cluster: the flit that stands for it."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from graphrec.arrays import FloatMatrix
from graphrec.compiled import FAST
from graphrec.errors import ShapeError

TIE = 1e-10
"""Squared distances closer than this count as equal: the lowest row wins."""
TINY = 1e-200
"""Added to every weight, so that a cluster whose weights have all decayed to 0 still has a mean."""


def medoid(vectors: FloatMatrix, *, weights: npt.NDArray[np.floating[Any]] | None = None) -> int:
    """Return the row of ``vectors`` closest to all the others.

    The medoid minimises the weighted sum of squared Euclidean distances to the other rows.
    Unlike the mean it is a real flit, so it can be shown, filtered and looked up.

    Args:
        vectors: One embedding per action, shape ``[num_actions, dim]``, float32.
        weights: Weight per action, not negative, shape ``[num_actions]``; ``None`` weighs all alike.

    Returns:
        A row in ``[0, num_actions)``; the lowest one on ties.

    Raises:
        ShapeError: If ``vectors`` is empty or not 2-D, or ``weights`` has another length.

    Example:
        >>> medoid(np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], dtype=np.float32))
        1
    """
    if vectors.ndim != 2 or not len(vectors):
        raise ShapeError(f"vectors must be [num_actions >= 1, dim] (got shape {vectors.shape})")
    if weights is not None and weights.shape != (len(vectors),):
        raise ShapeError(f"weights must be [{len(vectors)}], one per row of vectors (got shape {weights.shape})")
    weight = np.ones(len(vectors)) if weights is None else weights.astype(np.float64)
    best, total = np.empty(1, dtype=np.int64), np.empty(1)
    labels = np.zeros(len(vectors), dtype=np.int32)
    cluster_medoids(np.ascontiguousarray(vectors), weight, labels, 1, best, total)
    return int(best[0])


@njit(cache=True, nogil=True)
def cluster_medoids(x: Any, weight: Any, labels: Any, number: Any, best: Any, total: Any) -> None:  # pragma: no cover
    """Write the medoid (a row of ``x``) and the weight of each of ``number`` clusters."""
    # sum_j w_j |x_i - x_j|^2 = W |x_i - mean|^2 + const: the medoid is the row nearest the weighted mean, O(n).
    dim = x.shape[1]
    mean = np.zeros((number, dim))
    divisor = np.zeros(number)
    nearest = np.full(number, np.inf)
    total[:number] = 0.0
    for i in range(len(x)):
        total[labels[i]] += weight[i]
        divisor[labels[i]] += weight[i] + TINY
        for k in range(dim):
            mean[labels[i], k] += (weight[i] + TINY) * x[i, k]
    for c in range(number):
        for k in range(dim):
            mean[c, k] /= divisor[c]
    for i in range(len(x)):
        away = _squared_distance(x[i], mean[labels[i]])
        if away < nearest[labels[i]] - TIE:
            nearest[labels[i]] = away
            best[labels[i]] = i


@njit(cache=True, nogil=True, fastmath=FAST)
def _squared_distance(a: Any, b: Any) -> Any:  # pragma: no cover - compiled
    """Squared Euclidean distance in float64."""
    total = 0.0
    for k in range(len(a)):
        total += (a[k] - b[k]) * (a[k] - b[k])
    return total
