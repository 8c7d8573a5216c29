"""Artifacts by stage and fingerprint: find, publish, collect."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphrec.errors import ArtifactError
from graphrec.store.artifact import Artifact, FileRecord, digest_of, record_files
from graphrec.store.failpoint import failpoint
from graphrec.store.files import Draft, Lease, storage_errors, sweep, sync_tree
from graphrec.store.fingerprint import library_versions
from graphrec.store.parts import Keys, Write
from graphrec.store.records import check_fingerprint, check_name, decode, encode, inside, is_key

MANIFEST = "manifest.json"
_verified: set[tuple[Path, str]] = set()
"""Folders and digests that this process has read through."""


class Shelf:
    """The artifacts below one root. What was found or published here is leased until :meth:`close`.

    Args:
        root: The folder.
        recheck: Read through what is found even if this process has done so before.
    """

    def __init__(self, root: Path, *, recheck: bool = False) -> None:
        self.root = root
        self._verified: set[tuple[Path, str]] = set() if recheck else _verified
        self._leases: dict[Path, Lease] = {}

    def find(self, stage: str, fingerprint: str) -> Artifact | None:
        """Return the committed artifact of a fingerprint, read through once per process, or ``None``."""
        manifest = self._manifest(stage, fingerprint)
        try:
            lease = Lease(manifest, exclusive=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        artifact = read_manifest(lease.read(), stage, fingerprint, manifest)
        if (artifact.path, artifact.digest) not in self._verified:
            artifact.verify()
            self._verified.add((artifact.path, artifact.digest))
        self._leases[manifest] = lease
        return artifact

    def named(self, stage: str, fingerprint: str) -> Artifact | None:
        """Return what the manifest says now, its files unread, or ``None``; nothing is leased."""
        manifest = self._manifest(stage, fingerprint)
        try:
            return read_manifest(manifest.read_bytes(), stage, fingerprint, manifest)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def check(self, artifact: Artifact) -> None:
        """Read every file of an artifact again, held meanwhile."""
        with closing(Lease(self._manifest(artifact.stage, artifact.fingerprint), exclusive=False)):
            artifact.verify()

    def publish(
        self, stage: str, fingerprint: str, write: Write, *, inputs: Mapping[str, str], libraries: Sequence[str]
    ) -> Artifact:
        """Publish what ``write`` writes, unless somebody already has; see :meth:`Store.publish`."""
        found = self.find(stage, fingerprint)
        if found is not None:
            return found
        home = self._home(stage, fingerprint)
        versions = library_versions(libraries)
        with storage_errors(self.root):
            self.sweep()
            with Draft(home) as draft:
                failpoint("publish.opened")
                record = _write(draft.folder, write)
                record |= {"stage": stage, "fingerprint": fingerprint, "inputs": dict(inputs), "libraries": versions}
                draft.write(encode(record))
                failpoint("publish.drafted")
                if draft.create(home / MANIFEST):
                    self._verified.add((draft.folder, record["digest"]))
                failpoint("publish.committed")
                published = self.find(stage, fingerprint)  # the winner's, while the draft still holds off gc
        if published is None:
            raise ArtifactError(f"{stage} artifact must stay once published (got it removed); run again")
        return published

    def sweep(self) -> int:
        """Remove what dead writers left and return how many attempts that was."""
        return sum(sweep(home, MANIFEST) for home in self._homes())

    def collect(self, referred: Callable[[], Keys], *, dry_run: bool = False) -> list[Artifact]:
        """Remove the artifacts that nothing refers to and nobody leases, and return them.

        Args:
            referred: Says what is referred to now; asked again once an artifact is locked.
            dry_run: Only say what would go.
        """
        keys = [(home.parent.name, home.name) for home in self._homes()]
        found = [self._take(*key, referred, dry_run=dry_run) for key in keys if key not in referred()]
        return [one for one in found if one is not None]

    def drop(self, stage: str, fingerprint: str) -> Artifact | None:
        """Remove one artifact, unless somebody else leases it, and return it; ``None`` if it stays or is not there."""
        lease = self._leases.pop(self._manifest(stage, fingerprint), None)
        if lease is not None:
            lease.close()
        return self._take(stage, fingerprint, set)

    def leased(self, stage: str, fingerprint: str) -> bool:
        """Return whether somebody on this machine holds an artifact."""
        try:
            Lease(self._manifest(stage, fingerprint), exclusive=True, wait=False).close()
        except BlockingIOError:
            return True
        except (FileNotFoundError, NotADirectoryError):
            return False
        return False

    def close(self) -> None:
        """Give up all leases."""
        while self._leases:
            self._leases.popitem()[1].close()

    def _take(
        self, stage: str, fingerprint: str, referred: Callable[[], Keys], *, dry_run: bool = False
    ) -> Artifact | None:
        """Remove an artifact that nobody leases and, once it is locked, nothing refers to."""
        manifest = self._manifest(stage, fingerprint)
        try:
            lease = Lease(manifest, exclusive=True, wait=False)
        except (BlockingIOError, FileNotFoundError, NotADirectoryError):
            return None
        artifact = None
        if (stage, fingerprint) not in referred():  # a job may have finished its version before the lock was ours
            artifact = read_manifest(lease.read(), stage, fingerprint, manifest)
            if not dry_run:
                _withdraw(artifact)
        lease.close()
        return artifact

    def _manifest(self, stage: str, fingerprint: str) -> Path:
        return inside(self.root, *self._home(stage, fingerprint).relative_to(self.root).parts, MANIFEST)

    def _home(self, stage: str, fingerprint: str) -> Path:
        return inside(self.root, "artifacts", check_name("stage", stage), check_fingerprint(fingerprint))

    def _homes(self) -> Iterator[Path]:
        homes = (path for path in self.root.glob("artifacts/*/*") if path.is_dir() and path.resolve() == path)
        yield from sorted(path for path in homes if is_key(path.parent.name, path.name))


def _write(folder: Path, write: Write) -> dict[str, Any]:
    """Let ``write`` fill ``folder``, force it to disk and return the manifest's part about it."""
    folder.mkdir()
    started = time.perf_counter()
    facts = dict(write(folder) or {})
    seconds = round(time.perf_counter() - started, 3)
    failpoint("publish.written")
    sync_tree(folder)
    files = record_files(folder)
    failpoint("publish.sealed")
    return {
        "attempt": folder.name,
        "digest": digest_of(files),
        "files": {name: asdict(one) for name, one in files.items()},
        "facts": facts,
        "seconds": seconds,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def manifest_of(artifact: Artifact, attempt: str) -> bytes:
    """Return the manifest of an artifact whose files lie in the folder ``attempt`` beside it."""
    record = {name: value for name, value in asdict(artifact).items() if name != "path"}
    return encode({**record, "attempt": attempt})


def read_manifest(data: bytes, stage: str, fingerprint: str, manifest: Path, place: str = "") -> Artifact:
    """Return the artifact that a manifest describes.

    Args:
        data: The manifest.
        stage: Stage it must be of.
        fingerprint: Fingerprint it must be of.
        manifest: Its path; the files lie in a folder beside it.
        place: What to call it in messages; default: its path.

    Raises:
        ArtifactError: If it is damaged, or of another artifact.
    """
    place = place or str(manifest)
    record = decode(data, place)
    if (record.get("stage"), record.get("fingerprint")) != (stage, fingerprint):
        raise ArtifactError(f"{place} must describe {stage}/{fingerprint[:12]} (got another artifact's manifest)")
    files = {check_file_name(name): FileRecord(**one) for name, one in record.pop("files").items()}
    path = manifest.parent / check_name("Manifest.attempt", record.pop("attempt"))
    if record["digest"] != digest_of(files):
        raise ArtifactError(f"{place}.digest must be that of its files (got another); remove it and run again")
    return Artifact(path=path, files=files, **record)


def check_file_name(name: str) -> str:
    """Return a manifest's file name if it stays inside the artifact.

    Raises:
        ArtifactError: If it does not.
    """
    parts = name.split("/")
    if "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise ArtifactError(f"Manifest.files must be relative names (got {name!r})")
    return name


def _withdraw(artifact: Artifact) -> None:
    """Undo a commit: the manifest turns back into a draft, so that a crash half way is swept like any other."""
    home = artifact.path.parent
    draft = artifact.path.with_suffix(".draft")
    os.replace(home / MANIFEST, draft)
    failpoint("gc.withdrawn")
    shutil.rmtree(artifact.path)
    failpoint("gc.emptied")
    draft.unlink()
    with suppress(OSError):  # another attempt may be at work here
        home.rmdir()
