"""Versions, which never change, and aliases, which name one of them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graphrec.errors import ArtifactError, ConfigError
from graphrec.plots import table
from graphrec.store.failpoint import failpoint
from graphrec.store.parts import Records
from graphrec.store.records import check_name, decode, encode

_NUMBERED = re.compile(r"v(\d{4,})")


class VersionConflict(ArtifactError):
    """Another version was published under this name."""


@dataclass(frozen=True)
class StageRef:
    """Which artifact a version means for one stage."""

    fingerprint: str
    digest: str


@dataclass(frozen=True, repr=False)
class Version:
    """An immutable name for one artifact per stage."""

    name: str
    stages: Mapping[str, StageRef]
    metrics: Mapping[str, Any]
    parents: tuple[str, ...] = ()
    created: str = ""
    """When it was published, ISO 8601, UTC."""

    def __repr__(self) -> str:
        return f"Version({self.name}: {len(self.stages)} stages, published {self.created})"

    def _repr_html_(self) -> str:
        rows = [
            {"stage": stage, "fingerprint": ref.fingerprint[:12], "digest": ref.digest[:12]}
            for stage, ref in self.stages.items()
        ]
        return table(f"Version {self.name}, published {self.created}", rows)


class Catalogue:
    """The versions and aliases that some records hold."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self._meant: dict[str, tuple[bytes, str]] = {}
        """Alias to its record as last read, and the version that it names: a record grows with every move."""

    def save(self, version: Version) -> Version:
        """Publish a version under its name; see :meth:`Store.save_version`."""
        name = check_name("Version.name", version.name)
        if self._moves(name):
            raise VersionConflict(f"Version.name must not be an alias (got {name!r}); choose another name")
        mine = self.records.create("versions", name, encode(_record(version)))
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

    def versions(self) -> list[Version]:
        """Return all versions, sorted by name."""
        return [self._version(name, data) for name, data in self.records.read_all("versions").items()]

    def version(self, name: str) -> Version:
        """Read one version.

        Raises:
            ArtifactError: If there is none of this name, or its record is damaged.
        """
        data = self.records.read("versions", check_name("Version.name", name))
        if data is None:
            raise self._unknown(name)
        return self._version(name, data)

    def resolve(self, name: str) -> Version:
        """Return the version that an alias or a version name means."""
        return self.version(self.named(name))

    def named(self, name: str) -> str:
        """Return the name of the version that an alias means; any other name is its own."""
        data = self.records.read("aliases", check_name("version", name))
        if data is None:
            return name
        if self._meant.get(name, (b"", ""))[0] != data:
            self._meant[name] = data, self._decode("aliases", name, data)["version"]
        return self._meant[name][1]

    def aliases(self) -> dict[str, str]:
        """Return alias → version name."""
        found = self.records.read_all("aliases")
        return {name: self._decode("aliases", name, data)["version"] for name, data in found.items()}

    def set_alias(self, alias: str, name: str) -> None:
        """Point ``alias`` at a version; see :meth:`Store.set_alias`."""
        check_name("alias", alias)
        if alias in self.records.names("versions") or _NUMBERED.fullmatch(alias):
            raise ConfigError(f"alias must not be a version's name (got {alias!r}); choose another")

        def moved(standing: bytes | None) -> bytes:
            self.version(name)
            past = [] if standing is None else self._decode("aliases", alias, standing)["history"]
            move = {"version": name, "set": datetime.now(UTC).isoformat(timespec="seconds")}
            return encode({"version": name, "history": past if move in past[-1:] else [*past, move]})

        self.records.change("aliases", alias, moved)
        failpoint("alias.replaced")
        self.version(name)  # where there are no locks, a gc may have dropped it meanwhile: then say so

    def history(self, alias: str) -> list[dict[str, str]]:
        """Return what ``alias`` named over time, oldest first: ``{"version", "set"}`` each."""
        return self._moves(check_name("alias", alias))

    def drop(self, names: Sequence[str]) -> tuple[str, ...]:
        """Remove versions and return which; only gc does, under :meth:`Records.locked`.

        Where there are no locks, a version that an alias came to name meanwhile is put back.
        """
        dropped = {name: self.records.read("versions", check_name("Version.name", name)) for name in names}
        for name in dropped:
            self.records.remove("versions", name)
        named = set(self.aliases().values()) if dropped else set()
        for name, data in dropped.items():
            if name in named and data is not None:
                self.records.create("versions", name, data)
        return tuple(name for name in names if name not in named)

    def expired(self, keep: int) -> tuple[str, ...]:
        """Return the numbered versions older than the newest ``keep`` that no alias names."""
        named = set(self.aliases().values())
        old = sorted(self._numbers())[:-keep]
        return tuple(name for name in (f"v{number:04d}" for number in old) if name not in named)

    def _moves(self, alias: str) -> list[dict[str, str]]:
        data = self.records.read("aliases", alias)
        if data is None:
            return []
        moves: list[dict[str, str]] = self._decode("aliases", alias, data)["history"]
        return moves

    def _version(self, name: str, data: bytes) -> Version:
        record = self._decode("versions", name, data)
        if record["name"] != name:
            where = f"{self.records.place}/versions/{name}.json"
            raise ArtifactError(f"{where} must describe version {name!r} (got {record['name']!r}); restore it")
        stages = {stage: StageRef(**ref) for stage, ref in record.pop("stages").items()}
        return Version(stages=stages, parents=tuple(record.pop("parents")), **record)

    def _decode(self, kind: str, name: str, data: bytes) -> dict[str, Any]:
        return decode(data, f"{self.records.place}/{kind}/{name}.json")

    def _numbers(self) -> list[int]:
        return [int(match[1]) for match in map(_NUMBERED.fullmatch, self.records.names("versions")) if match]

    def _unknown(self, name: str) -> ArtifactError:
        known = [*self.aliases(), *self.records.names("versions")]
        if not known:
            return ArtifactError(
                f"Store must hold a version (got none in {self.records.place}); run graphrec run CONFIG first"
            )
        return ArtifactError(f"version must be one of {', '.join(known[:20])} (got {name!r})")


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
