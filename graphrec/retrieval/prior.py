"""The recency-popularity prior: how often a flit is engaged with of late, shrunk towards the catalogue's mean."""

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatVector, IntVector, RowVector
from graphrec.errors import DataError
from graphrec.history import DAY_S

SHRINK = 1.0
"""Pseudo-actions at the mean rate: what a flit nobody has met yet is believed to get."""


def recency_popularity(
    rows: RowVector,
    time_s: IntVector | None,
    *,
    num_flits: int,
    as_of_s: int | None,
    created_s: IntVector | None,
    half_life_days: float,
) -> FloatVector:
    """Return the log rate of actions per flit, standardised over the catalogue.

    A flit's decayed count of actions is divided by the decayed time it was there to collect them, both shrunk towards
    the mean rate (a Gamma prior). A new flit without actions therefore stands at the mean, an old one without actions
    far below, and a burst of yesterday above an equal count of last month. Among flits nobody has acted on, those at an
    age at which others found their first action stand above those that others of their age never left.

    Args:
        rows: Flit of each action, int32 ``[num_actions]``.
        time_s: Time of each action, int64 ``[num_actions]``; ``None`` counts without decay.
        num_flits: Size of the catalogue.
        as_of_s: "Now"; ``None`` for undated actions.
        created_s: When each flit came to be, int64 ``[num_flits]``; ``None`` takes the oldest action for all.
        half_life_days: Half-life of an action's weight.

    Returns:
        float32 ``[num_flits]``, mean 0 and deviation 1 (all 0 where every flit is alike).

    Raises:
        DataError: If an action is not before ``as_of_s``: nothing of the future counts as popularity.
    """
    _check_past(time_s, as_of_s)
    if time_s is None or as_of_s is None or not len(time_s):
        count = np.bincount(rows, weights=np.ones(len(rows)), minlength=num_flits)
        exposure = np.ones(num_flits)
    else:
        per_day = np.log(2) / half_life_days
        age = (as_of_s - time_s) / DAY_S
        count = np.bincount(rows, weights=np.exp(-per_day * age), minlength=num_flits)
        born = np.full(num_flits, time_s.min(), dtype=np.int64) if created_s is None else created_s
        exposure = (1 - np.exp(-per_day * np.maximum(as_of_s - born, 0) / DAY_S)) / per_day
    mean_rate = max(count.sum() / max(exposure.sum(), 1e-9), 1e-9)
    log_rate = np.log((count + SHRINK) / (exposure + SHRINK / mean_rate))
    if time_s is not None and as_of_s is not None and created_s is not None and len(time_s):
        cold = np.bincount(rows, minlength=num_flits) == 0
        waking = first_action_log_hazard(rows, time_s, num_flits=num_flits, as_of_s=as_of_s, created_s=created_s)
        if cold.any():
            log_rate[cold] += waking[cold] - waking[cold].mean()
    spread = log_rate.std()
    out: FloatVector = ((log_rate - log_rate.mean()) / (spread if spread > 1e-9 else 1.0)).astype(np.float32)
    return out


def _check_past(time_s: IntVector | None, as_of_s: int | None) -> None:
    if time_s is not None and as_of_s is not None and len(time_s) and int(time_s.max()) >= as_of_s:
        late = int((time_s >= as_of_s).sum())
        raise DataError(
            f"recency_popularity.time_s must be before {as_of_s} (got {late} later actions, newest "
            f"{int(time_s.max())}); count actions of the training side of the split alone"
        )


AGE_BINS_DAYS = np.array([0, 1, 2, 4, 7, 10, 14, 21, 28, 42, 56, 84, np.inf])
"""Bounds of the ages between which the chance of a first action is taken as constant."""


def first_action_log_hazard(
    rows: RowVector, time_s: IntVector, *, num_flits: int, as_of_s: int, created_s: IntVector
) -> npt.NDArray[np.float64]:
    """Return the log of the daily chance that a flit of this age, without any action so far, gets its first.

    The piecewise-constant hazard of survival analysis: first actions at an age, divided by the days that flits of that
    age were there without one. Flits older than the log count from its first day on (left truncation), flits still
    without an action until ``as_of_s`` (right censoring).

    Args:
        rows: Flit of each action, int32 ``[num_actions]``.
        time_s: Time of each action, int64 ``[num_actions]``.
        num_flits: Size of the catalogue.
        as_of_s: "Now".
        created_s: When each flit came to be, int64 ``[num_flits]``.

    Returns:
        float64 ``[num_flits]``, by each flit's age now.
    """
    first_s = np.full(num_flits, as_of_s, dtype=np.int64)
    np.minimum.at(first_s, rows, time_s)
    start = np.maximum(int(time_s.min()) - created_s, 0) / DAY_S
    stop = np.maximum(first_s - created_s, 0) / DAY_S
    happened = first_s < as_of_s
    low, high = AGE_BINS_DAYS[:-1], AGE_BINS_DAYS[1:]
    days = np.maximum(np.minimum(stop[:, None], high) - np.maximum(start[:, None], low), 0).sum(axis=0)
    events = ((stop[:, None] >= low) & (stop[:, None] < high) & happened[:, None]).sum(axis=0)
    overall = max(events.sum(), 1) / max(days.sum(), 1e-9)
    hazard = np.empty(len(days))
    before = overall
    for age_bin in range(len(days)):  # an age hardly seen yet is taken to be like the age before it
        before = hazard[age_bin] = (events[age_bin] + SHRINK) / (days[age_bin] + SHRINK / before)
    age = np.maximum(as_of_s - created_s, 0) / DAY_S
    out: npt.NDArray[np.float64] = np.log(hazard)[np.searchsorted(AGE_BINS_DAYS, age, side="right") - 1]
    return out
