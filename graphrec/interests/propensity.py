"""How likely an interest was to be drawn: what answers of drawn interests are weighed by when they are evaluated."""

import numpy as np

from graphrec.arrays import FloatVector

STEP = 0.25
"""Of the logarithm of time; the trapezoid rule errs by less than 1e-9 there."""


def inclusion(importance: FloatVector, n: int) -> FloatVector:
    """Return the chance of each to be among ``n`` drawn without replacement in proportion to importance.

    Such a draw is a race in which each arrives after an exponential time of rate w (Efraimidis & Spirakis, "Weighted
    random sampling with a reservoir", 2006); the first n are drawn. So the chance is, over all times at which one may
    arrive, that of fewer than n others before him.

    Args:
        importance: Rates, float32 ``[interests]``.
        n: How many are drawn.

    Returns:
        float32 ``[interests]``, summing to ``n``; ones where no more than ``n`` are there.
    """
    if len(importance) <= n:
        return np.ones(len(importance), dtype=np.float32)
    rate = np.maximum(importance.astype(np.float64), np.finfo(np.float32).tiny)
    rate /= rate.sum()
    time = np.exp(np.arange(np.log(1e-9), np.log(40 / rate.min()) + STEP, STEP))
    gone = -np.expm1(-rate[:, None] * time)  # chance that each arrived by then, [interests, times]
    before = np.zeros((n, len(rate), len(time)))  # chance that so many of the others came before
    before[0] = 1
    for other, chance in enumerate(gone):
        arrived = np.repeat(chance[None], len(rate), axis=0)
        arrived[other] = 0
        before[1:] = before[1:] * (1 - arrived) + before[:-1] * arrived
        before[0] *= 1 - arrived
    density = rate[:, None] * time * (1 - gone)
    return np.asarray((density * before.sum(axis=0)).sum(axis=1) * STEP, dtype=np.float32)
