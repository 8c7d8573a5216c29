"""A store on object storage, laid out as in a folder, read through a mirror on this machine.

A publication is written here first, then its files are uploaded, then its manifest, by "put if absent": that write is
the commit, and the loser of a race takes the winner's artifact. A crash before it leaves a result here that the next
run sends, and files there that nobody sees. Versions are put if absent; an alias is replaced only if its etag still is
the one that was read.

What a folder has locks for has other rules here:

- The mirror keeps an artifact by its fingerprint and its digest, so nothing in it is ever replaced. Leases hold
  between processes of this machine.
- gc and the sweep spare whatever is younger than :data:`SPARED`, by the server's clock against this one's. gc takes a
  manifest away, looks once more whether a version names it, and puts it back if so; who publishes a version looks
  once more whether its artifacts stand. One of the two sees the other.
- Parts of uploads that were cut off are the bucket's to expire: give it a rule for incomplete multipart uploads.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path

from graphrec.errors import ArtifactError
from graphrec.store.artifact import Artifact
from graphrec.store.failpoint import failpoint
from graphrec.store.objects import Objects, Stat
from graphrec.store.parts import Keys, Write
from graphrec.store.records import check_fingerprint, check_name, is_key
from graphrec.store.remote_records import RemoteRecords
from graphrec.store.shelf import MANIFEST, Shelf, read_manifest
from graphrec.store.transfer import ROOM, check_files, fetch, home_of, link_files, send

SPARED = timedelta(days=1)
"""How long gc and the sweep leave alone what was written: longer than a job takes from a stage to its version."""


def open_remote(uri: str, cache: Path, *, recheck: bool = False) -> tuple["RemoteShelf", RemoteRecords]:
    """Return the two parts of the store at a URI.

    Args:
        uri: Where it is.
        cache: Folder for the mirror.
        recheck: Read through what is in the mirror even if this process has done so before.
    """
    objects = Objects(uri)
    return RemoteShelf(objects, cache, recheck=recheck), RemoteRecords(objects)


class RemoteShelf:
    """Artifacts at a URI, and on this machine.

    Args:
        objects: The store's objects.
        cache: Folder that holds the mirror, and results not sent yet.
        recheck: Read through what is in the mirror even if this process has done so before.
    """

    def __init__(self, objects: Objects, cache: Path, *, recheck: bool = False) -> None:
        self._objects = objects
        self._mirror = Shelf(cache, recheck=recheck)
        self._unsent = Shelf(cache / "unsent")

    def find(self, stage: str, fingerprint: str) -> Artifact | None:
        """Return a committed artifact, downloaded unless the mirror has it, or ``None``."""
        remote = self.named(stage, fingerprint)
        return None if remote is None else self._mirrored(remote, partial(fetch, self._objects, remote))

    def named(self, stage: str, fingerprint: str) -> Artifact | None:
        """Return what the manifest says now; its path is the prefix of its files."""
        home = Path(home_of(check_name("stage", stage), check_fingerprint(fingerprint)))
        key = (home / MANIFEST).as_posix()
        data = self._objects.get(key)
        return None if data is None else read_manifest(data, stage, fingerprint, home / MANIFEST, self._place(key))

    def check(self, artifact: Artifact) -> None:
        """Read every file of an artifact that :meth:`named` gave, over the network."""
        check_files(self._objects, artifact)

    def publish(
        self, stage: str, fingerprint: str, write: Write, *, inputs: Mapping[str, str], libraries: Sequence[str]
    ) -> Artifact:
        """Publish what ``write`` writes, or what an earlier run could not send, unless somebody already has."""
        found = self.find(stage, fingerprint)
        if found is None:
            mine = self._unsent.publish(stage, fingerprint, write, inputs=inputs, libraries=libraries)
            send(self._objects, mine)
            remote = self.named(stage, fingerprint)
            if remote is None:
                raise ArtifactError(f"{stage} artifact must stay once published (got it removed); run again")
            same = remote.digest == mine.digest
            found = self._mirrored(remote, partial(link_files, mine) if same else partial(fetch, self._objects, remote))
        self._unsent.drop(stage, fingerprint)
        return found

    def sweep(self) -> int:
        """Remove the files of dead writers that are older than :data:`SPARED`."""
        orphans = [attempt for (stage, key), home in self._homes() for attempt in self._orphans(stage, key, home)]
        for attempt in orphans:
            self._objects.remove(one.key for one in attempt)
        return len(orphans) + self._mirror.sweep() + self._unsent.sweep()

    def collect(self, referred: Callable[[], Keys], *, dry_run: bool = False) -> list[Artifact]:
        """Remove the artifacts that nothing refers to, nobody here holds and nobody wrote of late."""
        known = referred()
        old = [key for key, home in self._homes() if key not in known and _aged(home, MANIFEST)]
        artifacts = [one for one in (self.named(*key) for key in old) if one is not None]
        free = [one for one in artifacts if not self._mirror.leased(one.stage, _slot(one))]
        if dry_run or not free:
            return free
        manifests = {one: self._withdraw(one) for one in map(_key, free)}
        failpoint("collect.withdrawn")
        known = referred()
        for one in free:
            manifest = manifests[_key(one)]
            if _key(one) in known and manifest is not None:
                self._objects.create(f"{home_of(*_key(one))}/{MANIFEST}", manifest)
            else:
                self._objects.remove(f"{one.path.as_posix()}/{name}" for name in one.files)
                self._mirror.drop(one.stage, _slot(one))
        return [one for one in free if _key(one) not in known]

    def close(self) -> None:
        """Give up all leases."""
        self._mirror.close()
        self._unsent.close()

    def _mirrored(self, remote: Artifact, fill: Callable[[Path], None]) -> Artifact:
        """Return an artifact with its files in the mirror, where ``fill`` puts them if they are not there."""
        local = self._mirror.publish(remote.stage, _slot(remote), fill, inputs={}, libraries=())
        return replace(remote, path=local.path)

    def _withdraw(self, key: tuple[str, str]) -> bytes | None:
        """Take a manifest away and return it."""
        name = f"{home_of(*key)}/{MANIFEST}"
        manifest = self._objects.get(name)
        self._objects.remove([name])
        return manifest

    def _homes(self) -> Iterator[tuple[tuple[str, str], list[Stat]]]:
        """Yield (stage, fingerprint) and the objects of each artifact, committed or not."""
        inside = [one for one in self._objects.list(ROOM) if one.key.count("/") > 2]
        for (stage, fingerprint), objects in groupby(inside, lambda one: one.key.split("/")[1:3]):
            if is_key(stage, fingerprint):
                yield (stage, fingerprint), list(objects)

    def _orphans(self, stage: str, fingerprint: str, home: list[Stat]) -> list[list[Stat]]:
        """Return the attempts that no manifest names and nobody touched of late."""
        attempts = {name: list(files) for name, files in groupby(home, lambda one: one.key.split("/")[3])}
        committed = attempts.pop(MANIFEST, None) is not None
        if committed and len(attempts) < 2:
            return []  # the one attempt there is, is the one named
        remote = self.named(stage, fingerprint)
        named = "" if remote is None else remote.path.name
        return [files for name, files in attempts.items() if name != named and _aged(files)]

    def _place(self, key: str) -> str:
        return self._objects.place(key)


def _key(artifact: Artifact) -> tuple[str, str]:
    return artifact.stage, artifact.fingerprint


def _slot(artifact: Artifact) -> str:
    """Return what the mirror keeps an artifact under: published anew with other bytes, it is another one."""
    return hashlib.sha256(f"{artifact.fingerprint} {artifact.digest}".encode()).hexdigest()


def _aged(files: list[Stat], last: str = "") -> bool:
    """Return whether files whose name ends with ``last`` are there, all of them older than :data:`SPARED`."""
    times = [one.modified for one in files if one.key.endswith(last)]
    return bool(times) and max(times) < datetime.now(UTC) - SPARED
