"""Versions and aliases as files of a folder, locked between processes."""

from collections.abc import Callable
from pathlib import Path

from graphrec.store.files import Lease, storage_errors, sweep, write_if_absent, write_over
from graphrec.store.records import inside

LABELS = {"versions": "version", "aliases": "alias"}
"""What one record of a kind is called where a test can kill the process."""


class FolderRecords:
    """The records below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.place = str(root)

    def names(self, kind: str) -> list[str]:
        """Return all names of a kind, sorted."""
        return sorted(path.stem for path in inside(self.root, kind).glob("*.json"))

    def read(self, kind: str, name: str) -> bytes | None:
        """Return one record's bytes, or ``None``."""
        try:
            return self._path(kind, name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_all(self, kind: str) -> dict[str, bytes]:
        """Return name → bytes of a kind, sorted by name."""
        found = {name: self.read(kind, name) for name in self.names(kind)}
        return {name: data for name, data in found.items() if data is not None}

    def create(self, kind: str, name: str, data: bytes) -> bool:
        """Write a record in one step; return False if one of this name stands."""
        with storage_errors(self.root):
            sweep(inside(self.root, kind))
            return write_if_absent(self._path(kind, name), data, LABELS[kind])

    def change(self, kind: str, name: str, make: Callable[[bytes | None], bytes]) -> None:
        """Replace a record in one step by what ``make`` makes of the standing one."""
        with storage_errors(self.root), self.locked():
            data = make(self.read(kind, name))
            sweep(inside(self.root, kind))
            write_over(self._path(kind, name), data, LABELS[kind])

    def remove(self, kind: str, name: str) -> None:
        """Remove a record; harmless when it is gone."""
        self._path(kind, name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the drafts of dead writers."""
        for kind in LABELS:
            sweep(inside(self.root, kind))

    def locked(self) -> "_Lock":
        """Return a context in which no other process moves an alias or drops a version."""
        return _Lock(inside(self.root, "catalogue.lock"))

    def _path(self, kind: str, name: str) -> Path:
        return inside(self.root, kind, f"{name}.json")


class _Lock:
    """An exclusive lock between processes, for the length of a ``with`` block."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lease = Lease(self.path, exclusive=True, create=True)

    def __exit__(self, *_: object) -> None:
        self._lease.close()
