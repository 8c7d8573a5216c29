"""What a store is made of: artifacts and records. Both exist twice, in a folder and on object storage."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from graphrec.store.artifact import Artifact

Write = Callable[[Path], Mapping[str, Any] | None]
"""Writes an artifact's files into an empty folder and returns facts about them (shapes, counts), as JSON values."""
Keys = set[tuple[str, str]]
"""(stage, fingerprint) of several artifacts."""


class Artifacts(Protocol):
    """Artifacts by stage and fingerprint. What was found or published is leased until :meth:`close`."""

    def find(self, stage: str, fingerprint: str) -> Artifact | None:
        """Return a committed artifact, its files on this machine and read through, or ``None``."""

    def named(self, stage: str, fingerprint: str) -> Artifact | None:
        """Return what the manifest says now, its files unread, or ``None``; nothing is leased."""

    def check(self, artifact: Artifact) -> None:
        """Read every file of an artifact that :meth:`named` gave, where the store keeps it."""

    def publish(
        self, stage: str, fingerprint: str, write: Write, *, inputs: Mapping[str, str], libraries: Sequence[str]
    ) -> Artifact:
        """Publish what ``write`` writes, unless somebody already has."""

    def sweep(self) -> int:
        """Remove what dead writers left and return how many attempts that was."""

    def collect(self, referred: Callable[[], Keys], *, dry_run: bool = False) -> list[Artifact]:
        """Remove the artifacts that nothing refers to and nobody holds, and return them.

        Args:
            referred: Says what is referred to now; asked again once an artifact is out of reach of new readers.
            dry_run: Only say what would go.
        """

    def close(self) -> None:
        """Give up all leases."""


class Records(Protocol):
    """Small files by kind (``versions``, ``aliases``) and name, each whole or absent."""

    place: str
    """Path or URI of the store, for messages."""

    def names(self, kind: str) -> list[str]:
        """Return all names of a kind, sorted."""

    def read(self, kind: str, name: str) -> bytes | None:
        """Return one record's bytes, or ``None``."""

    def read_all(self, kind: str) -> dict[str, bytes]:
        """Return name → bytes of a kind, sorted by name."""

    def create(self, kind: str, name: str, data: bytes) -> bool:
        """Write a record in one step; return False if one of this name stands."""

    def change(self, kind: str, name: str, make: Callable[[bytes | None], bytes]) -> None:
        """Replace a record in one step by what ``make`` makes of the standing one, which nobody changes meanwhile."""

    def remove(self, kind: str, name: str) -> None:
        """Remove a record; harmless when it is gone."""

    def sweep(self) -> None:
        """Remove what dead writers left."""

    def locked(self) -> AbstractContextManager[None]:
        """Return a context in which nobody else moves an alias or drops a version, where the place has locks."""
