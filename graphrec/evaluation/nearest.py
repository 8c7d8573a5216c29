"""Recommenders by nearness: flits whose vectors lie by what the user did, whoever made the vectors.

Cosine throughout. A user without a training action is answered by popularity.
"""

from itertools import pairwise

import numpy as np
import scipy.sparse

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector, check_matrix, normalise_rows
from graphrec.errors import DataError, ShapeError
from graphrec.evaluation.recommender import Scorer, Setting, actions_of_block, popularity
from graphrec.history import DAY_S, History

_CELLS_AT_ONCE = 32_000_000


class _Nearest(Scorer):
    """What the recommenders of this module share.

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        vectors: Embeddings or features of the flits, float32 ``[num_flits, dim]``.
        setting: For the report.

    Raises:
        ShapeError: If there is not one finite vector per flit.
    """

    def __init__(self, history: History, available: BoolVector, vectors: FloatMatrix, setting: Setting) -> None:
        super().__init__(history, available, setting)
        check_matrix("vectors", vectors)
        if len(vectors) != self.num_flits:
            raise ShapeError(f"vectors must have one row per flit (got {len(vectors)} rows, {self.num_flits} flits)")
        self.vectors = normalise_rows(vectors)
        self._popularity = popularity(history, self.num_flits)

    def _with_popularity(self, scores: FloatMatrix, users: RowVector) -> FloatMatrix:
        """Put popularity where a user did nothing that vectors could be near to."""
        scores[self.history.actions_per_user[users] == 0] = self._popularity
        return scores


class NearestToMean(_Nearest):
    """One vector per user: the weighted mean of the vectors of his actions.

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        vectors: Embeddings or features of the flits, float32 ``[num_flits, dim]``.
        action_weight: Weight of each action of the history, float32 ``[num_actions]``.
        setting: For the report.
    """

    def __init__(
        self,
        history: History,
        available: BoolVector,
        vectors: FloatMatrix,
        action_weight: FloatVector,
        setting: Setting,
    ) -> None:
        super().__init__(history, available, vectors, setting)
        shape = (history.num_users, self.num_flits)
        self._weights = scipy.sparse.csr_array((action_weight, history.rows, history.indptr), shape=shape)

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return the cosine of every flit to each user's mean, float32 ``[users, num_flits]``."""
        mean = normalise_rows(np.asarray(self._weights[users] @ self.vectors, dtype=np.float32))
        return self._with_popularity(mean @ self.vectors.T, users)


class NearestToAny(_Nearest):
    """As many vectors per user as newest actions: a flit is as near as the nearest of them.

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        vectors: Embeddings or features of the flits, float32 ``[num_flits, dim]``.
        newest: How many newest actions of each user count.
    """

    def __init__(self, history: History, available: BoolVector, vectors: FloatMatrix, newest: int) -> None:
        super().__init__(history, available, vectors, {"profile": "any", "newest": newest})
        self._recent, self._count = history.newest(newest), newest

    def block_size(self) -> int:
        """Return how many users are scored at once; each brings a line per action."""
        return max(1, min(super().block_size(), _CELLS_AT_ONCE // (self.num_flits * self._count)))

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return every flit's highest cosine to any of the user's newest actions, float32 ``[users, num_flits]``."""
        line, rows = actions_of_block(self._recent, users)
        distinct, place = np.unique(rows, return_inverse=True)
        cosines = self.vectors[distinct] @ self.vectors.T
        out = np.empty((len(users), self.num_flits), dtype=np.float32)
        bounds = np.searchsorted(line, np.arange(len(users) + 1))
        for user, (start, end) in enumerate(pairwise(bounds)):
            if start < end:
                cosines[place[start:end]].max(axis=0, out=out[user])
        return self._with_popularity(out, users)


def last_action(history: History, available: BoolVector, embedding: FloatMatrix) -> NearestToAny:
    """Recommend what lies nearest to each user's newest action.

    Raises:
        DataError: If the history is undated.
    """
    if history.time_s is None:
        raise DataError("last_action must have dated actions (got an undated history); leave this baseline out")
    return NearestToAny(history, available, embedding, newest=1)


def decayed_average(
    history: History,
    available: BoolVector,
    embedding: FloatMatrix,
    *,
    as_of_s: int | None,
    decay_per_day: float = 0.01,
) -> NearestToMean:
    """Recommend what lies nearest to the decayed mean of each user's actions.

    Pal et al., "PinnerSage", KDD 2020: weight ``exp(-decay * age)``, here times the action's own weight.

    Args:
        history: Training actions; undated ones do not decay.
        available: Flits that exist at the split, bool ``[num_flits]``.
        embedding: float32 ``[num_flits, dim]``.
        as_of_s: "Now": the split instant; ``None`` for undated actions.
        decay_per_day: Rate of decay.
    """
    setting: dict[str, str | float] = {"profile": "mean", "decay_per_day": decay_per_day}
    weight = history.weight
    if history.time_s is not None and as_of_s is not None:
        age_days = (as_of_s - history.time_s) / DAY_S
        weight = (weight * np.exp(-decay_per_day * age_days)).astype(np.float32)
    return NearestToMean(history, available, embedding, weight, setting)
