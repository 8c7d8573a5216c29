"""The store's only access to the file system: drafts, leases, atomic commits, checksums.

An object store needs the same few verbs: create if absent, replace, read, list, remove.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from graphrec.errors import ArtifactError, StoreWriteError
from graphrec.store.failpoint import failpoint

_STORAGE_ERRORS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS),
    *(errno.EACCES, errno.EPERM, errno.EIO, errno.ENOTDIR, errno.EEXIST),
}


class Lease:
    """A lock on one open file, released when closed, forgotten, or by the kernel when the process dies.

    Raises:
        FileNotFoundError: If no such file stands at ``path`` once the lock is held.
        BlockingIOError: If ``wait`` is false and somebody else holds the file.
    """

    def __init__(self, path: Path, *, exclusive: bool, wait: bool = True, create: bool = False) -> None:
        self.path = path
        flags = (os.O_RDWR if exclusive else os.O_RDONLY) | (os.O_CREAT if create else 0)
        self.fd = os.open(path, flags, 0o644)
        try:
            fcntl.flock(self.fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
            if not os.path.samestat(os.fstat(self.fd), os.stat(path)):
                raise FileNotFoundError(path)  # replaced while we waited
        except BaseException:
            self.close()
            raise

    def read(self) -> bytes:
        """Return the whole file."""
        return os.pread(self.fd, os.fstat(self.fd).st_size, 0)

    def share(self) -> None:
        """Let readers in; writers and sweepers stay out."""
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def close(self) -> None:
        """Release the lock; harmless when repeated."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __del__(self) -> None:
        if getattr(self, "fd", -1) >= 0:
            self.close()


class Draft:
    """A file being written beside its final place, locked while its writer lives.

    ``<name>.draft`` becomes the final file by one atomic step. A folder of the same name, where there is one, belongs
    to it. Whatever was not committed is removed at the end of the ``with`` block, or by :func:`sweep` after a crash.
    """

    def __init__(self, folder: Path) -> None:
        while True:
            make_folder(folder)
            try:
                path = folder / f"attempt-{uuid.uuid4().hex[:16]}.draft"
                self.lease = Lease(path, exclusive=True, create=True)
                break
            except FileNotFoundError:  # swept, or the folder was removed, between creation and lock
                continue
        self.path, self.folder = path, path.with_suffix("")
        self._target: Path | None = None

    def write(self, data: bytes) -> None:
        """Write the content and force it to disk."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.lease.fd, rest) :]
        os.fsync(self.lease.fd)

    def create(self, target: Path) -> bool:
        """Commit as ``target`` if nothing stands there; return whether this draft did."""
        self._target = target
        self.lease.share()
        try:
            os.link(self.path, target)
        except FileExistsError:
            return self._committed()
        _sync(target.parent)
        return True

    def replace(self, target: Path) -> None:
        """Commit as ``target``, in place of what stands there."""
        os.replace(self.path, target)
        _sync(target.parent)

    def _committed(self) -> bool:
        # Asked of the disk, not remembered: a link can succeed although its answer was lost.
        return self._target is not None and _same_file(self.path, self._target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._committed():
            shutil.rmtree(self.folder, ignore_errors=True)
        self.path.unlink(missing_ok=True)
        self.lease.close()


def sweep(folder: Path, final: str | None = None) -> int:
    """Remove the drafts of dead writers in ``folder`` and return how many there were.

    Args:
        folder: Where to look (not below).
        final: Name of the file that a draft with a folder becomes: a draft already committed loses only its own name.
    """
    swept = 0
    for path in folder.glob("attempt-*.draft"):
        try:
            lease = Lease(path, exclusive=True, wait=False)
        except (BlockingIOError, FileNotFoundError):
            continue
        if final is None or not _same_file(path, folder / final):
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        path.unlink(missing_ok=True)
        lease.close()
        swept += 1
    return swept


@contextmanager
def storage_errors(root: Path) -> Iterator[None]:
    """Turn "disk full", "read-only" and their like into one typed error.

    Raises:
        StoreWriteError: In place of an ``OSError`` that speaks of the store's disk.
    """
    try:
        yield
    except OSError as error:
        named = None if error.filename is None else Path(os.fsdecode(error.filename)).absolute()
        nowhere = error.errno == errno.ENOENT and not root.is_dir()  # it cannot even be made
        of_storage = error.errno in _STORAGE_ERRORS or nowhere
        if not of_storage or not (named is None or named.is_relative_to(root)):
            raise  # it speaks of some input, not of the store
        raise StoreWriteError(
            f"Store.root must be writable (got {error.strerror} in {root}); nothing was published: "
            "free some space there or choose another store"
        ) from error


def write_if_absent(target: Path, data: bytes, label: str) -> bool:
    """Create ``target`` with ``data`` in one step; return False if something stands there."""
    with Draft(target.parent) as draft:
        draft.write(data)
        failpoint(f"{label}.drafted")
        return draft.create(target)


def write_over(target: Path, data: bytes, label: str) -> None:
    """Put ``data`` at ``target`` in one step: a reader sees the old content or the new."""
    with Draft(target.parent) as draft:
        draft.write(data)
        failpoint(f"{label}.drafted")
        draft.replace(target)


def files_below(folder: Path) -> dict[str, Path]:
    """Return the regular files below ``folder``: relative POSIX name → path, sorted.

    Raises:
        ArtifactError: If anything but plain files and folders is there.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ArtifactError(f"Artifact.files must be plain files (got {path.relative_to(folder)})")
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = path
    return dict(sorted(found.items()))


def sha256_file(path: Path) -> str:
    """Return the sha256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_tree(folder: Path) -> None:
    """Force every file and folder at and below ``folder`` to disk."""
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, each forced to disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except FileNotFoundError:
        return False


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
