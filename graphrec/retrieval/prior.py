"""The recency-popularity prior: how often a flit is engaged with of late, shrunk towards the catalogue's mean."""

import numpy as np

from graphrec.arrays import FloatVector, IntVector, RowVector

DAY_S = 86_400
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
    far below, and a burst of yesterday above an equal count of last month.

    Args:
        rows: Flit of each action, int32 ``[num_actions]``.
        time_s: Time of each action, int64 ``[num_actions]``; ``None`` counts without decay.
        num_flits: Size of the catalogue.
        as_of_s: "Now"; ``None`` for undated actions.
        created_s: When each flit came to be, int64 ``[num_flits]``; ``None`` takes the oldest action for all.
        half_life_days: Half-life of an action's weight.

    Returns:
        float32 ``[num_flits]``, mean 0 and deviation 1 (all 0 where every flit is alike).
    """
    if time_s is None or as_of_s is None or not len(time_s):
        count = np.bincount(rows, weights=np.ones(len(rows)), minlength=num_flits)
        exposure = np.ones(num_flits)
    else:
        per_day = np.log(2) / half_life_days
        age = np.maximum(as_of_s - time_s, 0) / DAY_S
        count = np.bincount(rows, weights=np.exp(-per_day * age), minlength=num_flits)
        born = np.full(num_flits, time_s.min(), dtype=np.int64) if created_s is None else created_s
        exposure = (1 - np.exp(-per_day * np.maximum(as_of_s - born, 0) / DAY_S)) / per_day
    mean_rate = max(count.sum() / max(exposure.sum(), 1e-9), 1e-9)
    log_rate = np.log((count + SHRINK) / (exposure + SHRINK / mean_rate))
    spread = log_rate.std()
    out: FloatVector = ((log_rate - log_rate.mean()) / (spread if spread > 1e-9 else 1.0)).astype(np.float32)
    return out
