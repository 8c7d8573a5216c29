"""What evaluation asks of a recommender, and the exact ranking that all baselines share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector, spans
from graphrec.errors import ConfigError, DataError
from graphrec.history import History

Setting = Mapping[str, str | int | float]
"""What a recommender was set to, for the report."""
_SCORES_AT_ONCE = 4_000_000


class Recommender(Protocol):
    """Anything that answers rows of users with rows of flits."""

    def recommend(self, users: RowVector, k: int) -> RowVector:
        """Return int32 ``[users, k]``: new flits, best first, -1 where fewer are left.

        No flit stands twice in a list, none is one the user engaged with in training, all exist at the split.
        """
        ...


def top_rows(scores: FloatMatrix, k: int) -> RowVector:
    """Return the ``k`` best columns of each line: score descending, equal scores by row ascending.

    Score and row share one integer per cell, so a partial sort settles ties exactly.

    Args:
        scores: float32 ``[lines, rows]``; ``-inf`` is never taken.
        k: Number of rows.

    Returns:
        int32 ``[lines, k]``, -1 where fewer are left.

    Raises:
        DataError: If a score is NaN.
    """
    lines, n = scores.shape
    if np.isnan(scores).any():
        raise DataError(f"scores must not be NaN (got {int(np.isnan(scores).sum())}); look for NaN in the vectors")
    taken = min(k, n)
    bits = (scores + np.float32(0)).view(np.int32)
    rising = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    keys = (rising.astype(np.int64) << 32) | np.arange(n - 1, -1, -1, dtype=np.int64)
    best = np.sort(np.partition(keys, n - taken, axis=1)[:, n - taken :], axis=1)[:, ::-1] if taken < n else None
    best = np.sort(keys, axis=1)[:, ::-1] if best is None else best
    rows = n - 1 - (best & 0xFFFFFFFF)
    out = np.full((lines, k), -1, dtype=np.int32)
    out[:, :taken] = np.where(np.isneginf(np.take_along_axis(scores, rows, axis=1)), -1, rows)
    return out


class Scorer(ABC):
    """A recommender that scores every flit for a block of users; ranking and exclusion happen here.

    Args:
        history: Training actions; what a user engaged with in it is never recommended to him.
        available: Flits that exist at the split, bool ``[num_flits]``; others are never recommended.
        setting: What the recommender was set to, for the report.

    Raises:
        DataError: If the history names a flit beyond ``available``.
    """

    def __init__(self, history: History, available: BoolVector, setting: Setting | None = None) -> None:
        if history.num_actions and int(history.rows.max()) >= len(available):
            raise DataError(
                f"history.rows must be below the number of flits {len(available)} (got {int(history.rows.max())})"
            )
        self.history, self.available = history, available
        self.setting: Setting = setting or {}

    @property
    def num_flits(self) -> int:
        """Size of the catalogue."""
        return len(self.available)

    @abstractmethod
    def scores(self, users: RowVector) -> FloatMatrix:
        """Return a fresh float32 ``[users, num_flits]``, better when higher."""

    def recommend(self, users: RowVector, k: int) -> RowVector:
        """Return the best ``k`` new flits of each user, int32 ``[users, k]``, -1 where fewer are left.

        Equal scores come in an order that has nothing to do with their rows.
        """
        if k < 1:
            raise ConfigError(f"k must be 1 or more (got {k})")
        step = self.block_size()
        blocks = [self._ranked(users[start : start + step], k) for start in range(0, len(users), step)]
        return np.concatenate(blocks) if blocks else np.empty((0, k), dtype=np.int32)

    def block_size(self) -> int:
        """Return how many users are scored at once, so that memory stays flat in the size of the catalogue."""
        return max(1, _SCORES_AT_ONCE // max(1, self.num_flits))

    def _ranked(self, users: RowVector, k: int) -> RowVector:
        scores = self.scores(users)
        scores[:, ~self.available] = -np.inf
        line, rows = actions_of_block(self.history, users)
        scores[line, rows] = -np.inf
        order = _tie_order(self.num_flits)
        places = top_rows(scores[:, order], k)
        return np.where(places >= 0, order[places], np.int32(-1))


@lru_cache(maxsize=4)
def _tie_order(num_flits: int) -> RowVector:
    """Return the order in which equal scores are taken, int32 ``[num_flits]``: shuffled, always the same way.

    By row, a method that knows nothing of some flits would be given what their order in the table tells: tables are
    often sorted by age or popularity.
    """
    return np.random.default_rng(0).permutation(num_flits).astype(np.int32)


def actions_of_block(history: History, users: RowVector) -> tuple[RowVector, RowVector]:
    """Return the actions of some users as places in ``users`` and flit rows, users in order, oldest first."""
    line = np.repeat(np.arange(len(users), dtype=np.int32), history.actions_per_user[users])
    return line, history.rows[spans(history.indptr[users], history.indptr[users + 1])[0]]


def popularity(history: History, num_flits: int) -> FloatVector:
    """Return the number of training actions of each flit, float32 ``[num_flits]``."""
    return history.actions_per_flit(num_flits).astype(np.float32)
