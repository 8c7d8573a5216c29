"""Whole artifacts to and from object storage: files first, the manifest last and only if absent."""

import logging
import os
import uuid
from functools import partial
from pathlib import Path

from graphrec.errors import ArtifactError, StoreWriteError
from graphrec.store.artifact import Artifact
from graphrec.store.failpoint import failpoint
from graphrec.store.objects import Objects, side_by_side
from graphrec.store.shelf import MANIFEST, manifest_of

logger = logging.getLogger(__name__)
ROOM = "artifacts"


def home_of(stage: str, fingerprint: str) -> str:
    """Return the prefix of an artifact."""
    return f"{ROOM}/{stage}/{fingerprint}"


def send(objects: Objects, artifact: Artifact) -> None:
    """Upload a local artifact and commit it by its manifest, unless another stands there.

    Every attempt has a folder of its own, so that a sweep of old ones never meets the files of a writer at work.

    Raises:
        StoreWriteError: If the storage cannot be written, or a file did not arrive; nothing is visible then.
    """
    home, attempt = home_of(artifact.stage, artifact.fingerprint), f"attempt-{uuid.uuid4().hex[:16]}"
    keys = {f"{home}/{attempt}/{name}": name for name in artifact.files}
    logger.info("%s: sending %.1f MB to %s", artifact.stage, artifact.bytes / 1e6, objects.uri)
    side_by_side(lambda key: objects.upload(key, artifact.file(keys[key])), keys)
    failpoint("send.written")
    arrived = {one.key: one.bytes for one in objects.list(f"{home}/{attempt}")}
    if arrived != {key: artifact.files[name].bytes for key, name in keys.items()}:
        raise StoreWriteError(f"{objects.place(home)} must hold what was sent (got other files or sizes); run again")
    manifest = manifest_of(artifact, attempt)
    mine = objects.create(f"{home}/{MANIFEST}", manifest)
    failpoint("send.committed")
    if not mine and objects.get(f"{home}/{MANIFEST}") != manifest:  # equal: ours, its answer was lost on the way
        objects.remove(keys)


def fetch(objects: Objects, remote: Artifact, folder: Path) -> None:
    """Download the files of an artifact into a folder, each checked against the manifest.

    Args:
        objects: The store's objects.
        remote: The artifact; its path is the prefix of its files.
        folder: An empty folder.

    Raises:
        ArtifactError: Naming the first file that is missing or another one.
    """
    logger.info("%s: fetching %.1f MB from %s", remote.stage, remote.bytes / 1e6, objects.uri)
    side_by_side(partial(_fetch_file, objects, remote, folder), remote.files)


def _fetch_file(objects: Objects, remote: Artifact, folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        digest = objects.read(f"{remote.path.as_posix()}/{name}", file.write)
        file.flush()
        os.fsync(file.fileno())
    _compare(objects, remote, name, digest)


def check_files(objects: Objects, remote: Artifact) -> None:
    """Read every file of an artifact over the network and keep none.

    Raises:
        ArtifactError: Naming the first file that is missing or another one.
    """
    side_by_side(partial(_check_file, objects, remote), remote.files)


def _check_file(objects: Objects, remote: Artifact, name: str) -> None:
    _compare(objects, remote, name, objects.read(f"{remote.path.as_posix()}/{name}", len))


def _compare(objects: Objects, remote: Artifact, name: str, digest: str | None) -> None:
    expected = remote.files[name].sha256
    if digest != expected:
        got = "none" if digest is None else f"sha256 {digest[:12]}…"
        raise ArtifactError(
            f"{objects.place(f'{remote.path.as_posix()}/{name}')} must be a file with sha256 {expected[:12]}… "
            f"(got {got}); remove {objects.place(remote.path.parent.as_posix())} and run again"
        )


def link_files(artifact: Artifact, folder: Path) -> None:
    """Give the files of a local artifact a second name in an empty folder of the same disk."""
    for name in artifact.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(artifact.file(name), folder / name)
