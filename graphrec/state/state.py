"""The interface of the state, and the plain values that go in and out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

from graphrec.forgotten import Forgotten
from graphrec.ids import Id

Outcome = Literal["stored", "repeated", "forgotten"]
"""What became of an event: kept; known already by its ``event_id``; left out, since its user asked to be forgotten."""
MUTED = 0.0
"""Factor of a muted interest."""
CLEARED = 1.0
"""Factor that takes a wish back."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a user did since the version.

    Attributes:
        event_id: Given by whoever tells of it; the same one again changes nothing, so that telling twice is safe.
        user: Who.
        flit: On what.
        kind: What, as the tables call it: ``like``, ``hide``.
        time_s: When, seconds since 1970 UTC.
    """

    event_id: str
    user: Id
    flit: Id
    kind: str
    time_s: int


@dataclass(frozen=True)
class Known:
    """What the state knows of one user; equal values mean that nothing has changed.

    Attributes:
        events: His newest events, oldest first.
        wishes: Flit to the factor of the interest it stands for: 0 mutes it.
        forgotten: Whether he asked to be forgotten; the others are empty then.
    """

    events: tuple[Event, ...] = ()
    wishes: Mapping[Id, float] = field(default_factory=dict)
    forgotten: bool = False

    @property
    def nothing(self) -> bool:
        """Whether he did, wished and asked for nothing since."""
        return not (self.events or self.wishes or self.forgotten)

    @cached_property
    def stamp(self) -> int:
        """A number that differs where anything does: whoever compares need not hold the events."""
        return hash((self.events, frozenset(self.wishes.items()), self.forgotten))


class State(Protocol):
    """Events, wishes and forgets. What a call has returned from is on disk, and other processes see it at once."""

    def append(self, events: Sequence[Event]) -> list[Outcome]:
        """Keep events, all of them or none, and tell what became of each.

        Raises:
            StateError: If they could not be forced to disk.
        """
        ...

    def wish(self, user: Id, factors: Mapping[Id, float]) -> Known:
        """Set what the interests nearest to some flits are worth to a user, and return what is known of him then.

        Args:
            user: Who wishes.
            factors: Flit to factor: 0 mutes, 1 takes the wish back.

        Raises:
            ConfigError: If he would have more wishes than anybody may have, or a factor is no finite number >= 0.
            StateError: If they could not be forced to disk.
        """
        ...

    def forget(self, user: Id) -> None:
        """Remove what is known of a user and refuse to learn anything again; what stays is a keyed hash of the id.

        Raises:
            StateError: If it could not be forced to disk.
        """
        ...

    def of(self, user: Id, *, looked: bool = False) -> Known:
        """Return what is known of a user now.

        Args:
            user: Who.
            looked: Whether somebody has asked since the caller was: what was known then will do.

        Raises:
            StateError: If the state cannot be read.
        """
        ...

    def forgot(self, users: Sequence[Id]) -> list[bool]:
        """Return which of some users asked to be forgotten."""
        ...

    def forgotten(self) -> Forgotten:
        """Return everybody who asked to be forgotten, for the next version's tables."""
        ...

    def since(self, seq: int) -> Iterator[tuple[int, Event]]:
        """Yield the events after a place in the order they came, each with its own place."""
        ...

    def drained(self, upto: int | None = None) -> int:
        """Return the place up to which events were handed over; ``upto`` moves it."""
        ...

    def prune(self, upto: int, before_s: int) -> int:
        """Remove events up to a place that are older than an instant, and return how many.

        Raises:
            StateError: If it could not be forced to disk.
        """
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...
