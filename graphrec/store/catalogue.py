"""Versions, which never change, and aliases, which name one of them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphrec.errors import ArtifactError, ConfigError
from graphrec.store.failpoint import failpoint
from graphrec.store.files import Lease, storage_errors, sweep, write_if_absent, write_over
from graphrec.store.records import check_name, decode, encode, inside

_NUMBERED = re.compile(r"v(\d{4,})")


class VersionConflict(ArtifactError):
    """Another version was published under this name."""


@dataclass(frozen=True)
class StageRef:
    """Which artifact a version means for one stage."""

    fingerprint: str
    digest: str


@dataclass(frozen=True)
class Version:
    """An immutable name for one artifact per stage."""

    name: str
    stages: Mapping[str, StageRef]
    metrics: Mapping[str, Any]
    parents: tuple[str, ...] = ()
    created: str = ""
    """When it was published, ISO 8601, UTC."""


class Catalogue:
    """The versions and aliases below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, version: Version) -> Version:
        """Publish a version under its name; see :meth:`Store.save_version`."""
        name = check_name("Version.name", version.name)
        if name in self.aliases():
            raise VersionConflict(f"Version.name must not be an alias (got {name!r}); choose another name")
        record = _record(version)
        with storage_errors(self.root):
            sweep(self.root / "versions")
            mine = write_if_absent(self._path("versions", f"{name}.json"), encode(record), "version")
        failpoint("version.committed")
        standing = self.version(name)
        if not mine and _content(standing) != _content(version):
            raise VersionConflict(f"Version.name must be new (got {name!r}, which holds another content)")
        return standing

    def add(self, make: Callable[[str], Version]) -> Version:
        """Publish under the next free number; the newest version again, if it has the same stages and metrics."""
        while True:
            newest = self.newest()
            if newest is not None and _content(newest)[:2] == _content(make(newest.name))[:2]:
                return newest
            try:
                return self.save(make(self.next_name()))
            except VersionConflict:
                continue

    def next_name(self) -> str:
        """Return the next free numbered name, such as ``v0001``."""
        return f"v{max(self._numbers(), default=0) + 1:04d}"

    def newest(self) -> Version | None:
        """Return the numbered version with the highest number."""
        numbers = self._numbers()
        return self.version(f"v{max(numbers):04d}") if numbers else None

    def names(self) -> list[str]:
        """Return all version names, sorted."""
        return sorted(path.stem for path in (self.root / "versions").glob("*.json"))

    def version(self, name: str) -> Version:
        """Read one version.

        Raises:
            ArtifactError: If there is none of this name, or its record is damaged.
        """
        path = self._path("versions", f"{check_name('Version.name', name)}.json")
        try:
            record = decode(path.read_bytes(), path)
        except FileNotFoundError:
            raise self._unknown(name) from None
        if record["name"] != name:
            raise ArtifactError(f"{path} must describe version {name!r} (got {record['name']!r}); restore it")
        stages = {stage: StageRef(**ref) for stage, ref in record.pop("stages").items()}
        return Version(stages=stages, parents=tuple(record.pop("parents")), **record)

    def resolve(self, name: str) -> Version:
        """Return the version that an alias or a version name means."""
        check_name("version", name)
        return self.version(self.aliases().get(name, name))

    def aliases(self) -> dict[str, str]:
        """Return alias → version name."""
        paths = sorted((self.root / "aliases").glob("*.json"))
        return {path.stem: self._alias(path.stem)["version"] for path in paths}

    def set_alias(self, alias: str, name: str) -> None:
        """Point ``alias`` at a version; see :meth:`Store.set_alias`."""
        check_name("alias", alias)
        if alias in self.names() or _NUMBERED.fullmatch(alias):
            raise ConfigError(f"alias must not be a version's name (got {alias!r}); choose another")
        with storage_errors(self.root), self.locked():
            self.version(name)
            sweep(self.root / "aliases")
            move = {"version": name, "set": datetime.now(UTC).isoformat(timespec="seconds")}
            record = {"version": name, "history": [*self.history(alias), move]}
            write_over(self._path("aliases", f"{alias}.json"), encode(record), "alias")
            failpoint("alias.replaced")

    def history(self, alias: str) -> list[dict[str, str]]:
        """Return what ``alias`` named over time, oldest first: ``{"version", "set"}`` each."""
        moves: list[dict[str, str]] = self._alias(check_name("alias", alias))["history"]
        return moves

    def drop(self, names: Sequence[str]) -> None:
        """Remove versions; only gc does, under :meth:`locked`."""
        for name in names:
            self._path("versions", f"{check_name('Version.name', name)}.json").unlink(missing_ok=True)

    def expired(self, keep: int) -> list[str]:
        """Return the numbered versions older than the newest ``keep`` that no alias names."""
        named = set(self.aliases().values())
        old = sorted(self._numbers())[:-keep]
        return [name for name in (f"v{number:04d}" for number in old) if name not in named]

    def locked(self) -> "_Lock":
        """Return a context in which no other process moves an alias or drops a version."""
        return _Lock(self.root / "catalogue.lock")

    def _alias(self, alias: str) -> dict[str, Any]:
        path = self._path("aliases", f"{alias}.json")
        try:
            return decode(path.read_bytes(), path)
        except FileNotFoundError:
            return {"version": None, "history": []}

    def _numbers(self) -> list[int]:
        return [int(match[1]) for match in map(_NUMBERED.fullmatch, self.names()) if match]

    def _path(self, *parts: str) -> Path:
        return inside(self.root, *parts)

    def _unknown(self, name: str) -> ArtifactError:
        known = [*self.aliases(), *self.names()]
        if not known:
            return ArtifactError(f"Store must hold a version (got none in {self.root}); run graphrec run CONFIG first")
        return ArtifactError(f"version must be one of {', '.join(known[:20])} (got {name!r})")


class _Lock:
    """An exclusive lock between processes, for the length of a ``with`` block."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lease = Lease(self.path, exclusive=True, create=True)

    def __exit__(self, *_: object) -> None:
        self._lease.close()


def _record(version: Version) -> dict[str, Any]:
    """Return what is written of a version."""
    return {
        "name": version.name,
        "stages": {stage: vars(ref) for stage, ref in version.stages.items()},
        "metrics": dict(version.metrics),
        "parents": list(version.parents),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _content(version: Version) -> tuple[Any, ...]:
    """Return what two versions must share to be the same, as JSON would give it back."""
    stages = {stage: (ref.fingerprint, ref.digest) for stage, ref in version.stages.items()}
    return stages, json.loads(json.dumps(dict(version.metrics))), version.parents, version.name
