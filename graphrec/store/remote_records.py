"""Versions and aliases on object storage: put if absent, or replaced only if nobody came between."""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from graphrec.errors import StoreWriteError
from graphrec.store.objects import Objects, side_by_side

ATTEMPTS = 200
"""How often an alias that others keep moving is tried."""


class RemoteRecords:
    """Versions and aliases at a URI.

    Args:
        objects: The store's objects.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.place = objects.uri

    def names(self, kind: str) -> list[str]:
        """Return all names of a kind, sorted."""
        return [Path(one.key).stem for one in self._objects.list(kind) if one.key.endswith(".json")]

    def read(self, kind: str, name: str) -> bytes | None:
        """Return one record's bytes, or ``None``."""
        return self._objects.get(_record(kind, name))

    def read_all(self, kind: str) -> dict[str, bytes]:
        """Return name → bytes of a kind, sorted by name."""
        names = self.names(kind)
        found = zip(names, side_by_side(partial(self.read, kind), names), strict=True)
        return {name: data for name, data in found if data is not None}

    def create(self, kind: str, name: str, data: bytes) -> bool:
        """Put a record if absent; return whether this did."""
        return self._objects.create(_record(kind, name), data)

    def change(self, kind: str, name: str, make: Callable[[bytes | None], bytes]) -> None:
        """Replace a record by what ``make`` makes of the standing one, again until nobody came between.

        Raises:
            StoreWriteError: If somebody came between every time.
        """
        key = _record(kind, name)
        for attempt in range(ATTEMPTS):
            standing = self._objects.get_tagged(key)
            if standing is None:
                done = self._objects.create(key, make(None))
            else:
                done = self._objects.replace(key, make(standing[0]), standing[1])
            if done:
                return
            time.sleep(random.uniform(0, min(0.01 * (attempt + 1), 0.2)))
        raise StoreWriteError(f"{self._objects.place(key)} must stand still for a moment (got others at it); run again")

    def remove(self, kind: str, name: str) -> None:
        """Remove a record; harmless when it is gone."""
        self._objects.remove([_record(kind, name)])

    def sweep(self) -> None:
        """Do nothing: a record is put in one step."""

    def locked(self) -> AbstractContextManager[None]:
        """Lock nothing: object storage has no locks, so :class:`Catalogue` looks twice."""
        return nullcontext()


def _record(kind: str, name: str) -> str:
    return f"{kind}/{name}.json"
