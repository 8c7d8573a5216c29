"""Recommenders that know nothing of the user but what he has seen: chance, popularity, recent popularity."""

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.errors import DataError
from graphrec.evaluation.recommender import Scorer, Setting, popularity
from graphrec.history import DAY_S, History


class Random(Scorer):
    """Chance: each user gets his own shuffle, whatever batch he is asked in.

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        seed: Root of the shuffles.
    """

    def __init__(self, history: History, available: BoolVector, seed: int) -> None:
        super().__init__(history, available)
        self.seed = seed

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return uniform numbers drawn per user, float32 ``[users, num_flits]``."""
        streams = (np.random.Generator(np.random.PCG64([self.seed, int(user)])) for user in users)
        drawn = [stream.random(self.num_flits, dtype=np.float32) for stream in streams]
        return np.stack(drawn) if drawn else np.empty((0, self.num_flits), dtype=np.float32)


class SameForAll(Scorer):
    """One score per flit, whoever asks.

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        flit_scores: float32 ``[num_flits]``.
        setting: What made the scores, for the report.
    """

    def __init__(
        self, history: History, available: BoolVector, flit_scores: FloatVector, setting: Setting | None = None
    ) -> None:
        super().__init__(history, available, setting)
        self.flit_scores = flit_scores

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return the same scores for each user, float32 ``[users, num_flits]``."""
        return np.tile(self.flit_scores, (len(users), 1))


def popular(history: History, available: BoolVector) -> SameForAll:
    """Recommend the flits with the most training actions."""
    return SameForAll(history, available, popularity(history, len(available)))


def recent_popular(history: History, available: BoolVector, *, as_of_s: int, half_life_days: float) -> SameForAll:
    """Recommend the flits with the most training actions of late.

    Args:
        history: Dated training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        as_of_s: "Now": the split instant.
        half_life_days: Age at which an action counts half.

    Raises:
        DataError: If the history is undated.
    """
    if history.time_s is None:
        raise DataError("recent_popular must have dated actions (got an undated history); leave this baseline out")
    weight = np.exp2(-(as_of_s - history.time_s) / (DAY_S * half_life_days))
    scores = np.bincount(history.rows, weights=weight, minlength=len(available)).astype(np.float32)
    return SameForAll(history, available, scores, {"half_life_days": half_life_days})
