"""Actions to interests: Ward clusters, medoids, importance (PinnerSage, Pal et al., KDD 2020, sections 3.2 and 3.3).

Differences from the paper: a user's distinct flits are clustered, each with the summed weight of his actions on it
(the paper clusters actions, so that repeats pull the tree); the medoid heeds these weights (the paper's does not).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numba import njit

from graphrec.arrays import FloatMatrix, IntVector, RowVector
from graphrec.engine import LOCAL, Engine, Worker
from graphrec.history import History
from graphrec.interests.blocks import each_block
from graphrec.interests.calibrate import merge_cosine_of
from graphrec.interests.config import InterestConfig
from graphrec.interests.interests import Interests
from graphrec.interests.medoids import cluster_medoids
from graphrec.interests.points import Points, check_embeddings, gather, points_of
from graphrec.interests.ward import cut_tree, merge_tree, squared_cut, squared_distances

USERS = 65_536
"""Users clustered between two messages to whoever coordinates."""


def build_interests(
    history: History,
    embeddings: FloatMatrix,
    config: InterestConfig,
    *,
    as_of_s: int | None,
    engine: Engine = LOCAL,
) -> Interests:
    """Cluster every user's actions into interests.

    A user's answer depends on his own actions alone (given a number for ``merge_cosine``), so users may be spread over
    any number of workers.

    Args:
        history: Actions of all users, each user's in time order.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``; may be memory-mapped.
        config: Window, cut, decay; a ``merge_cosine`` of ``auto`` is calibrated on this history.
        as_of_s: "Now", seconds since 1970 (UTC); ``None`` for undated actions, which neither decay nor expire.
        engine: Where users are clustered.

    Returns:
        The interests of all users, the most important of each first.

    Raises:
        DataError: If an action is not before ``as_of_s``, or a flit row or a weight is out of range.
        ShapeError: If ``embeddings`` is not float32 ``[num_flits, dim]``, or a flit acted on has no finite vector.
    """
    check_embeddings(embeddings)
    points = points_of(history, config, num_flits=len(embeddings), as_of_s=as_of_s)
    alpha = squared_cut(merge_cosine_of(points, embeddings, config))
    users = pl.DataFrame({"user": np.arange(len(points.indptr) - 1)})
    batches = engine.map_batches(_worker, users, points, embeddings, alpha, name="interests", batch_size=USERS)
    clustered = [pl.DataFrame(schema=CLUSTERED), *batches]
    counts, labels, best, total = (_flat(clustered, name) for name in CLUSTERED)
    return _ordered(points, counts, labels, best, total)


CLUSTERED = {
    "counts": pl.List(pl.Int64),
    "labels": pl.List(pl.Int32),
    "best": pl.List(pl.Int64),
    "total": pl.List(pl.Float64),
}
"""What comes of a batch of users, as one row: clusters of each user; of each point its label; and, at the front of each
user's points, the place of each medoid among his points and the weight of its cluster."""


def _worker(points: Points, embeddings: FloatMatrix, alpha: float) -> Worker:
    """Return the function that clusters a batch of consecutive users."""

    def cluster(users: pl.DataFrame) -> pl.DataFrame:
        first, last = int(users["user"][0]), int(users["user"][-1]) + 1
        start, stop = int(points.indptr[first]), int(points.indptr[last])
        found = _cluster_users(
            points.indptr[first : last + 1] - start, points.rows[start:stop], points.weight[start:stop], embeddings,
            np.float32(alpha),
        )  # fmt: skip
        return pl.DataFrame({name: [one] for name, one in zip(CLUSTERED, found, strict=True)}, schema=CLUSTERED)

    return cluster


def _cluster_users(
    indptr: IntVector, rows: RowVector, weight: Any, embeddings: FloatMatrix, alpha: np.float32
) -> tuple[IntVector, RowVector, IntVector, Any]:
    """Cluster consecutive users on the threads of this process; see :data:`CLUSTERED`."""
    counts = np.zeros(len(indptr) - 1, dtype=np.int64)
    labels = np.empty(len(rows), dtype=np.int32)
    best, total = np.empty(len(rows), dtype=np.int64), np.empty(len(rows))

    def work(users: slice, part: slice) -> None:
        x = gather(embeddings, rows[part])
        own = indptr[users.start : users.stop + 1] - part.start
        _cluster(x, own, weight[part], alpha, counts[users], labels[part], best[part], total[part])

    each_block(indptr, work)
    return counts, labels, best, total


def _flat(batches: Sequence[pl.DataFrame], name: str) -> Any:
    """Return one output of all batches as one array."""
    return pl.concat([one[name] for one in batches]).explode(empty_as_null=False).to_numpy()


@njit(cache=True, nogil=True)
def _cluster(
    x: Any, indptr: Any, weight: Any, alpha: Any, counts: Any, labels: Any, best: Any, total: Any
) -> None:  # pragma: no cover - compiled
    """Cluster each user; write the number of clusters, labels, and at the front of his places medoids and weights."""
    most = 0
    for user in range(len(counts)):
        most = max(most, indptr[user + 1] - indptr[user])
    distance = np.empty((most, most), dtype=np.float32)
    keeps, goes = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    heights = np.empty(most, dtype=np.float32)
    for user in range(len(counts)):
        lo, hi = indptr[user], indptr[user + 1]
        if lo == hi:
            continue
        squared_distances(x[lo:hi], distance)
        merges = merge_tree(distance, hi - lo, alpha, keeps, goes, heights)
        counts[user] = cut_tree(hi - lo, keeps, goes, heights, merges, alpha, labels[lo:hi])
        cluster_medoids(x[lo:hi], weight[lo:hi], labels[lo:hi], counts[user], best[lo:hi], total[lo:hi])


def _ordered(points: Points, counts: IntVector, labels: RowVector, best: IntVector, total: Any) -> Interests:
    """Pack the clusters of all users, the most important of each user first."""
    each = np.diff(points.indptr)
    place = np.arange(len(points.rows)) - np.repeat(points.indptr[:-1], each)
    used = np.flatnonzero(place < np.repeat(counts, each))
    owner = np.repeat(np.arange(len(counts)), counts)
    medoid = points.rows[best[used] + points.indptr[owner]]
    importance = total[used].astype(np.float32)
    order = np.lexsort((medoid, -importance, owner))
    indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    interest = rank[np.repeat(indptr[:-1], each) + labels][points.action_point]
    return Interests(
        indptr=indptr,
        medoid=medoid[order],
        importance=importance[order],
        size=np.bincount(interest, minlength=len(order)).astype(np.int32),
        action_indptr=points.action_indptr,
        action_position=points.action_position,
        action_interest=(interest - np.repeat(indptr[:-1], np.diff(points.action_indptr))).astype(np.int32),
    )
