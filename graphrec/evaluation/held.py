"""What is held out to measure with, its slices, and the check that training knows none of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, IntVector, RowVector
from graphrec.errors import DataError, ShapeError
from graphrec.history import DAY_S, History


@dataclass(frozen=True, eq=False)
class Held:
    """Held-out flits per user: new to the user, and there at the split instant.

    Attributes:
        indptr: int64 ``[num_users + 1]``: the flits of user u are ``rows[indptr[u]:indptr[u + 1]]``.
        rows: Flit rows, int32, each once per user, ascending.
        available: Flits that exist at the split, bool ``[num_flits]``.
        split_s: The split instant; ``None`` where the split is not by time.
        dropped: Why and how many held-out actions are no truth: ``repeated``, ``not_available``, ``seen``.
        day: On which day of the test window, from 1, each of ``rows`` was first acted on, int32; ``None`` where
            nobody asked.

    Raises:
        ShapeError: If ``rows`` does not end where ``indptr`` says.
        DataError: If a user's flits are not ascending and unique.
    """

    indptr: IntVector
    rows: RowVector
    available: BoolVector
    split_s: int | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    day: RowVector | None = None

    def __post_init__(self) -> None:
        if len(self.indptr) < 1 or self.indptr[0] != 0 or self.indptr[-1] != len(self.rows):
            raise ShapeError("Held.rows must have indptr[-1] entries; build it with Held.from_edges")
        if (np.diff(self._keys) <= 0).any():
            raise DataError("Held.rows must be ascending and unique per user; build it with Held.from_edges")

    @classmethod
    def from_edges(
        cls,
        user_rows: RowVector,
        flit_rows: RowVector,
        history: History,
        available: BoolVector,
        split_s: int | None = None,
        time_s: IntVector | None = None,
    ) -> "Held":
        """Build the truth from held-out actions in any order.

        Repeated pairs count once; flits that did not exist at the split and flits the user already engaged with in
        training are left out, and all three are counted in ``dropped``.

        Args:
            user_rows: User of each held-out action, int32 ``[num_actions]``.
            flit_rows: Flit of each held-out action, int32 ``[num_actions]``.
            history: Training actions.
            available: Flits that exist at the split, bool ``[num_flits]``.
            split_s: The split instant; ``None`` where the split is not by time.
            time_s: When each action took place, int64 ``[num_actions]``: with ``split_s`` it tells the days.

        Raises:
            ShapeError: If a row is outside the users or flits.
            DataError: If the history reaches past ``split_s``.
        """
        width = len(available)
        for name, rows, limit in (("user_rows", user_rows, history.num_users), ("flit_rows", flit_rows, width)):
            if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < limit:
                raise ShapeError(f"Held.{name} must lie in 0 .. {limit - 1} (got {rows.min()} .. {rows.max()})")
        check_before(history, split_s)
        keys = _keys_of(user_rows, flit_rows, width)
        order = np.arange(len(keys)) if time_s is None else np.argsort(time_s, kind="stable")
        pairs, first = np.unique(keys[order], return_index=True)  # the first of equal keys is the oldest
        there = available[pairs % width]
        new = ~np.isin(pairs, _keys_of(history.users, history.rows, width))
        kept = pairs[there & new]
        dropped = {
            "repeated": len(user_rows) - len(pairs),
            "not_available": int((~there).sum()),
            "seen": int((there & ~new).sum()),
        }
        indptr = np.searchsorted(kept, np.arange(history.num_users + 1, dtype=np.int64) * width).astype(np.int64)
        day = None
        if time_s is not None and split_s is not None:
            day = ((time_s[order][first[there & new]] - split_s) // DAY_S + 1).astype(np.int32)
        return cls(indptr, (kept % width).astype(np.int32), available, split_s, dropped, day)

    @cached_property
    def _keys(self) -> IntVector:
        owner = np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))
        return _keys_of(owner, self.rows, len(self.available))

    @property
    def num_events(self) -> int:
        """Number of held-out (user, flit) pairs."""
        return len(self.rows)

    @cached_property
    def sizes(self) -> IntVector:
        """Number of held-out flits of each user, int64 ``[num_users]``."""
        return np.diff(self.indptr)

    @cached_property
    def users(self) -> RowVector:
        """Users with anything held out, int32, ascending."""
        return np.flatnonzero(self.sizes).astype(np.int32)

    def lists(self) -> tuple[IntVector, RowVector]:
        """Return ``indptr`` (int64 ``[len(self.users) + 1]``) and rows of the users that have anything held out."""
        return np.append(self.indptr[self.users], self.indptr[-1]), self.rows

    def only_flits(self, flits: BoolVector) -> "Held":
        """Return the truth restricted to the flits that the mask (``[num_flits]``) marks."""
        return self._where(flits[self.rows])

    def only_users(self, users: BoolVector) -> "Held":
        """Return the truth of the users that the mask (``[num_users]``) marks; others have none."""
        return self._where(np.repeat(users, self.sizes))

    def _where(self, keep: BoolVector) -> "Held":
        indptr = np.concatenate([[0], np.cumsum(keep)])[self.indptr].astype(np.int64)
        day = None if self.day is None else self.day[keep]
        return Held(indptr, self.rows[keep], self.available, self.split_s, self.dropped, day)

    def slices(self, history: History) -> dict[str, tuple[str, "Held"]]:
        """Return the slices that a report shows, each as (what it is, the restricted truth).

        ``cold`` and ``warm`` part the flits by having a training action; ``light`` and ``heavy`` part the users at the
        median number of training actions of those with anything held out. Where days are known, ``day_1`` and so on
        part the events by the day of the test window.
        """
        met = history.actions_per_flit(len(self.available)) > 0
        actions = history.actions_per_user
        middle = float(np.median(actions[self.users])) if len(self.users) else 0.0
        return {
            "all": ("everything held out", self),
            "cold": ("flits without a training action", self.only_flits(~met)),
            "warm": ("flits with a training action", self.only_flits(met)),
            "light": (f"users with fewer than {middle:g} training actions", self.only_users(actions < middle)),
            "heavy": (f"users with {middle:g} or more training actions", self.only_users(actions >= middle)),
            **self._days(),
        }

    def _days(self) -> dict[str, tuple[str, "Held"]]:
        """Return a slice per day of the test window."""
        if self.day is None:
            return {}
        last = int(self.day.max(initial=0))
        return {f"day_{n}": (f"day {n} of the test window", self._where(self.day == n)) for n in range(1, last + 1)}


def check_before(history: History, split_s: int | None) -> None:
    """Raise DataError where a training action is at or after the split instant; undated ones cannot be told."""
    if split_s is None or history.time_s is None:
        return
    late = int((history.time_s >= split_s).sum())
    if late:
        raise DataError(
            f"History.time_s must be before the split instant {split_s} (got {late} later actions, newest "
            f"{int(history.time_s.max())}); build the history from the training side of the split"
        )


def check_no_leak(history: History, held: Held) -> None:
    """Check that training knows nothing of what is held out.

    Raises:
        DataError: If a training action is at or after the split instant, or a (user, flit) pair stands in both.
        ShapeError: If the two do not speak of the same users.
    """
    if history.num_users != len(held.indptr) - 1:
        raise ShapeError(f"Held and History must have the same users (got {len(held.indptr) - 1}, {history.num_users})")
    check_before(history, held.split_s)
    both = np.intersect1d(held._keys, _keys_of(history.users, history.rows, len(held.available)))
    if len(both):
        user, flit = divmod(int(both[0]), len(held.available))
        raise DataError(
            f"Held must share no (user, flit) pair with training (got {len(both)}, first user row {user}, flit row "
            f"{flit}); build it with Held.from_edges"
        )


def _keys_of(users: npt.NDArray[np.integer], flits: npt.NDArray[np.integer], num_flits: int) -> IntVector:
    """Return one int64 per (user, flit) pair, rising with user, then flit."""
    return np.asarray(users, dtype=np.int64) * num_flits + flits
