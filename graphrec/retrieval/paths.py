"""Paths from a user to a flit through what others did: the graph's side of an explanation."""

from dataclasses import dataclass

import numpy as np

from graphrec.arrays import IntVector, RowVector
from graphrec.history import History

NEWEST = 100
"""Newest actions of a user that a path may start with."""


@dataclass(frozen=True)
class Path:
    """The strongest path of two steps: an own action, others who did the same, and the flit they also acted on.

    Attributes:
        action: Row of the own action's flit.
        others: How many acted on both.
    """

    action: int
    others: int


class Actors:
    """Who acted on each flit, from a history of what each user did.

    Args:
        history: Actions of all users.
        num_flits: Size of the catalogue.
    """

    def __init__(self, history: History, num_flits: int) -> None:
        pairs = np.sort(history.rows.astype(np.int64) * history.num_users + history.users)
        pairs = pairs[np.diff(pairs, prepend=-1) != 0]  # np.unique is slower, and keeps the interpreter
        self._users: IntVector = pairs % max(history.num_users, 1)
        self._indptr = np.searchsorted(pairs, np.arange(num_flits + 1) * history.num_users)

    @property
    def arrays(self) -> tuple[IntVector, IntVector]:
        """Flits to users as CSR: offsets int64 ``[num_flits + 1]``, and users int64, each once per flit."""
        return self._indptr, self._users

    def of(self, flit: int) -> IntVector:
        """Return the users who acted on a flit, each once, ascending."""
        return self._users[self._indptr[flit] : self._indptr[flit + 1]]

    def path(self, actions: RowVector, flit: int) -> Path | None:
        """Return the path that most others walk from one of ``actions`` (oldest first) to a flit, if any does."""
        there = self.of(flit)
        own = np.unique(actions[-NEWEST:])
        if not len(there) or not len(own):
            return None
        others = [len(np.intersect1d(self.of(int(row)), there, assume_unique=True)) for row in own]
        best = int(np.argmax(others))
        return Path(int(own[best]), others[best]) if others[best] else None
