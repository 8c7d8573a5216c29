"""Examples of two towers: an action, and what its user had done before it. Nothing that came later is read."""

from dataclasses import dataclass

import numpy as np

from graphrec.arrays import FloatVector, IntVector, RowVector
from graphrec.history import DAY_S, History
from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.training.config import TrainingConfig


@dataclass(frozen=True, eq=False)
class Examples:
    """Actions to predict, each from those before it.

    Attributes:
        users: int32 ``[examples]``.
        targets: Flits, int32 ``[examples]``.
        start: Where in the history's arrays the newest actions before each example start, int64 ``[examples]``.
        stop: Where they end, exclusive, int64 ``[examples]``.
        ages: How long ago each was, from 0 (now) to 1 (where examples begin), float32 ``[examples]``.
    """

    users: RowVector
    targets: RowVector
    start: IntVector
    stop: IntVector
    ages: FloatVector

    def __len__(self) -> int:
        return len(self.users)

    def take(self, chosen: IntVector) -> "Examples":
        """Return some of the examples."""
        return Examples(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def examples_of(history: History, config: TwoTowerConfig, training: TrainingConfig, *, as_of_s: int | None) -> Examples:
    """Return the examples of a history: the newest actions of every user, in the windows that training reads.

    Args:
        history: Each user's first action on each flit, in time order.
        config: How many examples a user gives, and from how many actions.
        training: Number and length of the windows.
        as_of_s: Where they end; ``None`` for undated actions, which have no age.
    """
    assert history.time_s is not None, "undated actions have places for times"
    place, users = np.arange(history.num_actions), history.users
    first, last = history.indptr[:-1][users], history.indptr[1:][users]
    chosen = last - place <= config.examples_per_user
    ages = np.zeros(history.num_actions, dtype=np.float32)
    if as_of_s is not None:
        ages = ((as_of_s - history.time_s) / (training.windows * training.window_days * DAY_S)).astype(np.float32)
        chosen &= ages <= 1
    # What happened in the same second as the example is not known to be before it.
    new = np.ones(history.num_actions, dtype=np.bool_)
    new[1:] = (np.diff(users) != 0) | (np.diff(history.time_s) != 0)
    stop = np.maximum.accumulate(np.where(new, place, 0))
    start = np.maximum(first, stop - config.history)
    return Examples(users, history.rows, start, stop, ages).take(np.flatnonzero(chosen))
