"""What is clustered: the actions that count, one point per flit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, IntVector, RowVector
from graphrec.errors import DataError, ShapeError
from graphrec.history import DAY_S, History
from graphrec.interests.config import InterestConfig


@dataclass(frozen=True, eq=False)
class Points:
    """Each user's distinct flits, and the actions behind them.

    Attributes:
        indptr: Start of each user's points, int64 ``[num_users + 1]``.
        rows: Flit of each point, ascending within a user, int32 ``[num_points]``.
        weight: Decayed weight of the actions on that flit, float64 ``[num_points]``.
        action_indptr: Start of each user's actions, int64 ``[num_users + 1]``.
        action_position: Where each action stands in the history's arrays, int64 ``[num_kept]``.
        action_point: Its point, int64 ``[num_kept]``.
    """

    indptr: IntVector
    rows: RowVector
    weight: npt.NDArray[np.float64]
    action_indptr: IntVector
    action_position: IntVector
    action_point: IntVector


def points_of(history: History, config: InterestConfig, *, num_flits: int, as_of_s: int | None) -> Points:
    """Return what is clustered of every user.

    Actions outside the window and beyond the newest ``max_actions`` are left out. Several actions on one flit become
    one point with the sum of their weights.

    Args:
        history: Actions of all users, each user's in time order.
        config: Window, decay, number of actions.
        num_flits: Number of flits.
        as_of_s: "Now", seconds since 1970 (UTC); not read where the history is undated.

    Raises:
        DataError: If an action is not before ``as_of_s``, or a flit row or a weight is out of range.
    """
    _check(history, num_flits, as_of_s)
    position = np.flatnonzero(_counts(history, config, as_of_s)).astype(np.int64)
    users = (np.searchsorted(history.indptr, position, side="right") - 1).astype(np.int64)
    keys, point = np.unique(users * num_flits + history.rows[position], return_inverse=True)
    owners, rows = np.divmod(keys, max(num_flits, 1))
    edges = np.arange(len(history.indptr))
    return Points(
        indptr=np.searchsorted(owners, edges).astype(np.int64),
        rows=rows.astype(np.int32),
        weight=_summed(point, _decayed(history, position, config, as_of_s), len(keys)),
        action_indptr=np.searchsorted(users, edges).astype(np.int64),
        action_position=position,
        action_point=point.astype(np.int64),
    )


def gather(embeddings: FloatMatrix, rows: RowVector) -> FloatMatrix:
    """Return the vectors of ``rows`` as one block, float32 ``[len(rows), dim]``.

    Only rows in use are read and checked: one request of a single user never scans the whole table.

    Raises:
        ShapeError: If a vector is not finite.
    """
    vectors = np.take(embeddings, rows, axis=0)
    if not np.isfinite(vectors.sum(dtype=np.float64)):
        bad = int(rows[~np.isfinite(vectors).all(axis=1)][0])
        raise ShapeError(f"embeddings must be finite (got NaN or infinity in row {bad}); embed the flits again")
    return vectors


def check_embeddings(embeddings: FloatMatrix) -> None:
    """Check shape and dtype; the values are checked where they are read.

    Raises:
        ShapeError: If ``embeddings`` is not float32 ``[num_flits, dim]``.
    """
    if embeddings.ndim != 2 or embeddings.dtype != np.float32:
        raise ShapeError(
            f"embeddings must be float32 [num_flits, dim] (got {embeddings.dtype} {list(embeddings.shape)})"
        )


def _check(history: History, num_flits: int, as_of_s: int | None) -> None:
    """Raise where an action is out of range."""
    if not len(history.rows):
        return
    low, high = int(history.rows.min()), int(history.rows.max())
    if low < 0 or high >= num_flits:
        raise DataError(f"History.rows must lie in 0 .. {num_flits - 1}, the embeddings' rows (got {low} .. {high})")
    if not (np.isfinite(history.weight).all() and history.weight.min() >= 0):
        raise DataError(f"History.weight must be finite and not negative (got {history.weight.min()})")
    if history.time_s is None:
        return
    if as_of_s is None:
        raise DataError("as_of_s must be given for dated actions (got None); pass the instant after the newest one")
    if int(history.time_s.max()) >= as_of_s:
        late = int((history.time_s >= as_of_s).sum())
        raise DataError(f"History.time_s must be before as_of {as_of_s} (got {late} later actions); cut the history")


def _counts(history: History, config: InterestConfig, as_of_s: int | None) -> BoolVector:
    """Return which actions count: bool ``[num_actions]``."""
    each = np.diff(history.indptr)
    place = np.arange(len(history.rows)) - np.repeat(history.indptr[:-1], each)
    number = np.repeat(each, each)
    if history.time_s is None or as_of_s is None:
        # Undated actions stand in the order of flit rows: an even spread over them favours no end.
        quota = np.minimum(number, config.max_actions)
        spread: BoolVector = (place + 1) * quota // number > place * quota // number
        return spread
    keep: BoolVector = place >= number - config.max_actions
    if config.window_days is not None:
        keep &= history.time_s >= as_of_s - config.window_days * DAY_S
    return keep


def _decayed(
    history: History, position: IntVector, config: InterestConfig, as_of_s: int | None
) -> npt.NDArray[np.float64]:
    """Return the weight that is left of each action, float64."""
    weight = history.weight[position].astype(np.float64)
    if history.time_s is None or as_of_s is None:
        return weight
    age_days = (as_of_s - history.time_s[position]) / DAY_S
    return np.asarray(weight * np.exp(-config.decay_per_day * age_days))


def _summed(group: IntVector, weight: npt.NDArray[np.float64], number: int) -> npt.NDArray[np.float64]:
    """Return the sum of weights per group; floats even where there is none (``bincount`` alone answers integers)."""
    return np.bincount(group, weights=weight, minlength=number).astype(np.float64)
