"""The interests of all users, ragged and memory-mapped."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec.arrays import FloatVector, IntVector, RowVector

FIELDS = ("indptr", "medoid", "importance", "size", "action_indptr", "action_flit", "action_interest")


@dataclass(frozen=True, eq=False)
class Interests:
    """Each user's interests, the most important first (ties by medoid row), and what they were made of.

    Attributes:
        indptr: Start of each user's interests, int64 ``[num_users + 1]``.
        medoid: Flit that stands for the interest, int32 ``[num_interests]``.
        importance: Sum of its actions' decayed weights, float32 ``[num_interests]``.
        size: Distinct flits in it, int32 ``[num_interests]``.
        action_indptr: Start of each user's clustered flits, int64 ``[num_users + 1]``.
        action_flit: The flits, each once per user, int32.
        action_interest: Position of each flit's interest among the user's, int32.
    """

    indptr: IntVector
    medoid: RowVector
    importance: FloatVector
    size: RowVector
    action_indptr: IntVector
    action_flit: RowVector
    action_interest: RowVector

    @property
    def num_users(self) -> int:
        """Number of users, with or without interests."""
        return len(self.indptr) - 1

    def of(self, user: int) -> tuple[RowVector, FloatVector]:
        """Return a user's medoids and importances, the most important first."""
        part = slice(int(self.indptr[user]), int(self.indptr[user + 1]))
        return np.asarray(self.medoid[part]), np.asarray(self.importance[part])

    def served(self, user: int, number: int, *, mode: str = "top", day: int = 0) -> tuple[RowVector, FloatVector]:
        """Return the interests that answer a request.

        Args:
            user: User row.
            number: How many at most.
            mode: ``top``: the most important; ``sampled``: drawn without replacement in proportion to importance.
            day: Seeds the draw together with the user, so that answers can be cached for a day.

        Returns:
            Medoids and importances, the most important first.
        """
        medoids, importance = self.of(user)
        if mode == "top" or len(medoids) <= number:
            return medoids[:number], importance[:number]
        rng = np.random.default_rng([user, day])
        # Efraimidis and Spirakis: the largest log(u) / weight are a draw without replacement in proportion to weight.
        keys = np.log(rng.random(len(medoids))) / np.maximum(importance, np.float32(1e-12))
        chosen = np.sort(np.argsort(-keys)[:number])
        return medoids[chosen], importance[chosen]

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per array into ``folder``."""
        for name in FIELDS:
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def open(cls, folder: Path) -> "Interests":
        """Open what :meth:`save` wrote, memory-mapped and read-only."""
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in FIELDS))
