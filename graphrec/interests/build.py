"""Actions to interests: Ward clusters, medoids, importance (PinnerSage, KDD 2020, algorithm 1 and section 3.2)."""

from typing import Any

import numpy as np
from numba import njit, prange

from graphrec.arrays import FloatMatrix, IntVector, check_matrix
from graphrec.errors import ConfigError
from graphrec.history import History
from graphrec.interests.actions import points_of
from graphrec.interests.calibrate import resolve_interest_config
from graphrec.interests.config import InterestConfig
from graphrec.interests.interests import Interests
from graphrec.interests.ward import ward_labels


def squared_cut(merge_cosine: float) -> float:
    """Return alpha, the largest squared Ward distance of a merge: two unit vectors meet it at ``merge_cosine``."""
    return 2.0 * (1.0 - merge_cosine)


def build_interests(
    history: History, embeddings: FloatMatrix, config: InterestConfig, *, as_of_s: int | None
) -> Interests:
    """Cluster every user's actions into interests.

    Args:
        history: Actions of all users.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``.
        config: Window, cut, decay; ``auto`` is calibrated on this history.
        as_of_s: "Now"; ``None`` for undated actions, whose weights do not decay.

    Raises:
        DataError: If an action is not before ``as_of_s``.
        ShapeError: If an embedding is not finite.
    """
    check_matrix("embeddings", embeddings)
    config = resolve_interest_config(history, embeddings, config, as_of_s=as_of_s)
    if isinstance(config.merge_cosine, str):
        raise ConfigError(f"interests.merge_cosine must be resolved to a number (got {config.merge_cosine!r})")
    points = points_of(history, config, as_of_s=as_of_s)
    labels = ward_labels(embeddings, points.indptr, points.rows, squared_cut(config.merge_cosine))
    indptr = _offsets(points.indptr, labels)
    medoid, size = np.empty(indptr[-1], dtype=np.int32), np.empty(indptr[-1], dtype=np.int32)
    importance, rank = np.empty(indptr[-1], dtype=np.float32), np.empty(len(labels), dtype=np.int32)
    _summarise_all(
        np.ascontiguousarray(embeddings), points.indptr, points.rows, points.weight, labels, indptr,
        medoid, importance, size, rank,
    )  # fmt: skip
    return Interests(indptr, medoid, importance, size, points.indptr, points.rows, rank)


def _offsets(action_indptr: IntVector, labels: IntVector) -> IntVector:
    """Return the start of each user's interests from the labels of his flits."""
    counts = np.zeros(len(action_indptr) - 1, dtype=np.int64)
    filled = np.flatnonzero(np.diff(action_indptr))
    if len(filled):
        counts[filled] = np.maximum.reduceat(labels, action_indptr[filled]) + 1
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


@njit(cache=True, parallel=True)
def _summarise_all(
    vectors: Any, action_indptr: Any, rows: Any, weight: Any, labels: Any, indptr: Any,
    medoid: Any, importance: Any, size: Any, rank: Any,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """Write medoid, importance and size of every interest, the most important of each user first."""
    dim = vectors.shape[1]
    for user in prange(len(action_indptr) - 1):
        lo, hi = action_indptr[user], action_indptr[user + 1]
        first, last = indptr[user], indptr[user + 1]
        number = last - first
        if number == 0:
            continue
        total = np.zeros(number)
        count = np.zeros(number, dtype=np.int32)
        centre = np.zeros((number, dim))
        for i in range(lo, hi):
            cluster = labels[i]
            total[cluster] += weight[i]
            count[cluster] += 1
            for d in range(dim):
                centre[cluster, d] += weight[i] * vectors[rows[i], d]
        # sum_j w_j |x_i - x_j|^2 = W |x_i - centre|^2 + const: the medoid is the flit nearest the weighted mean.
        best = np.full(number, -1, dtype=np.int64)
        nearest = np.full(number, np.inf)
        for i in range(lo, hi):
            cluster = labels[i]
            away = 0.0
            for d in range(dim):
                gap = vectors[rows[i], d] - centre[cluster, d] / max(total[cluster], 1e-30)
                away += gap * gap
            if away < nearest[cluster] - 1e-12:
                nearest[cluster] = away
                best[cluster] = rows[i]
        order = np.argsort(best, kind="mergesort")
        order = order[np.argsort(-total[order], kind="mergesort")]
        place = np.empty(number, dtype=np.int64)
        for k in range(number):
            place[order[k]] = k
            medoid[first + k] = best[order[k]]
            importance[first + k] = total[order[k]]
            size[first + k] = count[order[k]]
        for i in range(lo, hi):
            rank[i] = place[labels[i]]
