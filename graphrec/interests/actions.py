"""Which actions count, and how much: the window, the newest so many, one point per flit."""

from dataclasses import dataclass

import numpy as np

from graphrec.arrays import FloatVector, IntVector, RowVector
from graphrec.errors import DataError
from graphrec.history import History
from graphrec.interests.config import InterestConfig

DAY_S = 86_400


@dataclass(frozen=True)
class Points:
    """What is clustered: each user's distinct flits with the decayed weight of his actions on them.

    Attributes:
        indptr: Start of each user's flits, int64 ``[num_users + 1]``.
        rows: Flits, ascending per user, int32.
        weight: Decayed weight, float32.
    """

    indptr: IntVector
    rows: RowVector
    weight: FloatVector


def points_of(history: History, config: InterestConfig, *, as_of_s: int | None) -> Points:
    """Return the points of every user.

    Several actions on one flit are one point with the sum of their weights.

    Args:
        history: Actions of all users in time order.
        config: Window, decay, number of actions.
        as_of_s: "Now"; ``None`` for undated actions.

    Raises:
        DataError: If an action is not before ``as_of_s``.
    """
    history = history.newest(config.max_actions)
    weight = history.weight.astype(np.float64)
    if history.time_s is not None and as_of_s is not None:
        if history.num_actions and int(history.time_s.max()) >= as_of_s:
            newest = int(history.time_s.max())
            raise DataError(f"History.time_s must be before as_of {as_of_s} (got {newest}); cut the history first")
        age_days = (as_of_s - history.time_s) / DAY_S
        weight = weight * np.exp(-config.decay_per_day * age_days)
        if config.window_days is not None:
            keep = age_days <= config.window_days
            history, weight = history.where(keep), weight[keep]
    width = int(history.rows.max(initial=0)) + 1
    keys, inverse = np.unique(history.users.astype(np.int64) * width + history.rows, return_inverse=True)
    users, rows = np.divmod(keys, width)
    indptr = np.searchsorted(users, np.arange(history.num_users + 1)).astype(np.int64)
    summed = np.bincount(inverse, weights=weight, minlength=len(keys))
    return Points(indptr, rows.astype(np.int32), summed.astype(np.float32))
