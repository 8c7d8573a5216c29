"""What every user did, in time order: the actions a model may know."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graphrec.arrays import BoolVector, FloatVector, IntVector, RowVector, mapped
from graphrec.errors import ArtifactError, ShapeError

DAY_S = 86_400
"""Seconds of a day."""


class Actions(NamedTuple):
    """The actions of one user, oldest first: flit rows, times (``None`` where undated) and weights."""

    rows: RowVector
    time_s: IntVector | None
    weight: FloatVector


@dataclass(frozen=True, eq=False)
class History:
    """The actions of all users as CSR, each user's in time order, equal times by flit row.

    Undated actions stand in the order of their flit rows, which says nothing about recency.

    Attributes:
        indptr: int64 ``[num_users + 1]``: the actions of user u are ``indptr[u]`` to ``indptr[u + 1]``.
        rows: Flit of each action, int32 ``[num_actions]``.
        time_s: Seconds since 1970 (UTC), int64 ``[num_actions]``; ``None`` where undated.
        weight: float32 ``[num_actions]``.

    Raises:
        ShapeError: If the arrays do not fit each other, or a user's times go back.
    """

    indptr: IntVector
    rows: RowVector
    time_s: IntVector | None
    weight: FloatVector

    def __post_init__(self) -> None:
        if len(self.indptr) < 1 or self.indptr[0] != 0 or (np.diff(self.indptr) < 0).any():
            raise ShapeError("History.indptr must start at 0 and never fall; build it with History.from_edges")
        lengths = [len(one) for one in (self.rows, self.time_s, self.weight) if one is not None]
        if set(lengths) != {int(self.indptr[-1])}:
            raise ShapeError(f"History.rows, time_s, weight must have {self.indptr[-1]} entries (got {lengths})")
        if self.time_s is not None and ((np.diff(self.time_s) < 0) & (np.diff(self.users) == 0)).any():
            raise ShapeError("History.time_s must rise within each user; build it with History.from_edges")

    @classmethod
    def from_edges(
        cls,
        user_rows: RowVector,
        flit_rows: RowVector,
        time_s: IntVector | None,
        weight: FloatVector | None,
        num_users: int,
    ) -> "History":
        """Sort actions that come in any order.

        Args:
            user_rows: User of each action, int32 ``[num_actions]``.
            flit_rows: Flit of each action, int32 ``[num_actions]``.
            time_s: Time of each action, int64 ``[num_actions]``; ``None`` where undated.
            weight: float32 ``[num_actions]``; ``None`` gives each action 1.
            num_users: Number of users, with or without actions.

        Raises:
            ShapeError: If lengths differ or a user row is outside ``0 .. num_users - 1``.
        """
        parts = [one for one in (user_rows, flit_rows, time_s, weight) if one is not None]
        if len({len(one) for one in parts}) != 1:
            raise ShapeError(f"History.from_edges arrays must have one length (got {[len(one) for one in parts]})")
        if len(user_rows) and not 0 <= user_rows.min() <= user_rows.max() < num_users:
            raise ShapeError(f"user_rows must lie in 0 .. {num_users - 1} (got {user_rows.min()} .. {user_rows.max()})")
        weights = np.ones(len(user_rows), dtype=np.float32) if weight is None else weight.astype(np.float32)
        keys = (weights, flit_rows) if time_s is None else (weights, flit_rows, time_s)
        order = np.lexsort((*keys, user_rows))
        return cls(
            indptr=np.searchsorted(user_rows[order], np.arange(num_users + 1)).astype(np.int64),
            rows=flit_rows[order].astype(np.int32),
            time_s=None if time_s is None else time_s[order].astype(np.int64),
            weight=weights[order],
        )

    @property
    def num_users(self) -> int:
        """Number of users, with or without actions."""
        return len(self.indptr) - 1

    @property
    def num_actions(self) -> int:
        """Number of actions."""
        return len(self.rows)

    @cached_property
    def users(self) -> RowVector:
        """User of each action, int32 ``[num_actions]``."""
        return np.repeat(np.arange(self.num_users, dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def actions_per_user(self) -> IntVector:
        """int64 ``[num_users]``."""
        return np.diff(self.indptr)

    def actions_per_flit(self, num_flits: int) -> IntVector:
        """Return how many actions each flit got, int64 ``[num_flits]``."""
        return np.bincount(self.rows, minlength=num_flits).astype(np.int64)

    def of(self, user: int) -> Actions:
        """Return the actions of one user, oldest first (views, no copies)."""
        part = slice(int(self.indptr[user]), int(self.indptr[user + 1]))
        return Actions(self.rows[part], None if self.time_s is None else self.time_s[part], self.weight[part])

    def where(self, keep: BoolVector) -> "History":
        """Return the history of the same users with only the actions that ``keep`` (bool ``[num_actions]``) marks."""
        indptr = np.concatenate([[0], np.cumsum(keep)])[self.indptr].astype(np.int64)
        time_s = None if self.time_s is None else self.time_s[keep]
        return History(indptr, self.rows[keep], time_s, self.weight[keep])

    def newest(self, n: int) -> "History":
        """Return the history with only the ``n`` newest actions of each user."""
        from_end = np.repeat(self.indptr[1:], self.actions_per_user) - np.arange(self.num_actions)
        return self.where(from_end <= n)

    def save(self, folder: Path) -> None:
        """Write the arrays as ``.npy`` files into ``folder``, which must exist."""
        np.save(folder / "indptr.npy", self.indptr)
        np.save(folder / "rows.npy", self.rows)
        np.save(folder / "weight.npy", self.weight)
        if self.time_s is not None:
            np.save(folder / "time_s.npy", self.time_s)

    @classmethod
    def open(cls, folder: Path) -> "History":
        """Map what :meth:`save` wrote.

        Raises:
            ArtifactError: If a file is missing.
        """
        for name in ("indptr", "rows", "weight"):
            if not (folder / f"{name}.npy").is_file():
                raise ArtifactError(f"history must hold {name}.npy (got none in {folder}); build it again")
        dated = (folder / "time_s.npy").is_file()
        indptr, rows, weight = (mapped(folder / f"{one}.npy") for one in ("indptr", "rows", "weight"))
        return cls(indptr, rows, mapped(folder / "time_s.npy") if dated else None, weight)
