"""The interests of all users, ragged and memory-mapped."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from graphrec.arrays import FloatVector, IntVector, RowVector, mapped
from graphrec.errors import ArtifactError, ConfigError
from graphrec.interests.config import Mode
from graphrec.interests.propensity import inclusion


class UserInterests(NamedTuple):
    """The interests of one user, the most important first: medoid flits, importance, number of actions."""

    medoid: RowVector
    importance: FloatVector
    size: RowVector

    def served(
        self, n: int, mode: Mode = "top", seed: tuple[int, int] = (0, 0), worth: FloatVector | None = None
    ) -> "ServedInterests":
        """Return the interests that answer a request.

        Args:
            n: How many at most.
            mode: ``top``: the most important; ``sampled``: drawn without replacement in proportion to importance.
            seed: User row and any number for the day: a user's draw is the same all day, so that answers can be cached.
            worth: What each interest's importance is multiplied by, float32 ``[interests]``; 0 mutes one.

        Raises:
            ConfigError: If ``n`` or ``mode`` breaks a rule.
        """
        if n < 1:
            raise ConfigError(f"InterestConfig.served must be at least 1 (got {n})")
        if mode not in get_args(Mode):
            raise ConfigError(f"InterestConfig.mode must be one of {', '.join(get_args(Mode))} (got {mode!r})")
        medoid, importance = self.medoid, self.importance
        if worth is not None:
            importance = importance * worth
            order = np.lexsort((medoid, -importance))[: int((worth > 0).sum())]
            medoid, importance = medoid[order], importance[order]
        if mode == "top" or len(medoid) <= n:
            return ServedInterests(medoid[:n], importance[:n], np.ones(len(medoid[:n]), dtype=np.float32))
        chosen = _draw(importance, n, np.random.Generator(np.random.PCG64(seed)))
        return ServedInterests(medoid[chosen], importance[chosen], inclusion(importance, n)[chosen])


class ServedInterests(NamedTuple):
    """The interests that answer a request, the most important first."""

    medoid: RowVector
    """Flit rows, int32 ``[interests]``."""
    importance: FloatVector
    """float32 ``[interests]``."""
    propensity: FloatVector
    """Chance of each to answer on any day, float32 ``[interests]``: 1 where none is drawn."""


@dataclass(frozen=True, eq=False)
class Interests:
    """Each user's interests, the most important first (ties by medoid row), and the actions behind them.

    Attributes:
        indptr: Start of each user's interests, int64 ``[num_users + 1]``.
        medoid: Flit that stands for the interest, int32 ``[num_interests]``.
        importance: Decayed weight of its actions, float32 ``[num_interests]``.
        size: Number of its actions, int32 ``[num_interests]``.
        action_indptr: Start of each user's clustered actions, int64 ``[num_users + 1]``.
        action_position: Where each of them stands in the history's arrays, int64 ``[num_kept]``.
        action_interest: Its interest, counted from 0 within the user, int32 ``[num_kept]``.
    """

    indptr: IntVector
    medoid: RowVector
    importance: FloatVector
    size: RowVector
    action_indptr: IntVector
    action_position: IntVector
    action_interest: RowVector

    @property
    def num_users(self) -> int:
        """Number of users, with or without interests."""
        return len(self.indptr) - 1

    def of(self, user: int) -> UserInterests:
        """Return all interests of a user row."""
        part = slice(int(self.indptr[user]), int(self.indptr[user + 1]))
        return UserInterests(
            np.asarray(self.medoid[part]), np.asarray(self.importance[part]), np.asarray(self.size[part])
        )

    def served(
        self, user: int, n: int, mode: Mode = "top", seed_day: int = 0, worth: FloatVector | None = None
    ) -> ServedInterests:
        """Return the interests of a user row that answer a request; see :meth:`UserInterests.served`."""
        return self.of(user).served(n, mode, (user, seed_day), worth)

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per array into ``folder``, which must exist."""
        for field in fields(self):
            np.save(folder / f"{field.name}.npy", getattr(self, field.name))

    @classmethod
    def open(cls, folder: Path) -> "Interests":
        """Map what :meth:`save` wrote, read-only.

        Raises:
            ArtifactError: If a file is missing.
        """
        missing = [field.name for field in fields(cls) if not (folder / f"{field.name}.npy").is_file()]
        if missing:
            raise ArtifactError(f"interests must hold {missing[0]}.npy (got none in {folder}); build them again")
        return cls(*(mapped(folder / f"{field.name}.npy") for field in fields(cls)))


def _draw(importance: FloatVector, n: int, rng: np.random.Generator) -> IntVector:
    """Return ``n`` places drawn without replacement in proportion to importance, ascending."""
    # Gumbel's trick: the n largest log w + g are such a draw.
    weight = np.maximum(importance.astype(np.float64), np.finfo(np.float64).tiny)
    keys = np.log(weight) + rng.gumbel(size=len(weight))
    return np.sort(np.argsort(-keys)[:n])
