"""The two files of a saved index: the vectors' own file, and ``index.json`` that says what it must be."""

import errno
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from graphrec.errors import ArtifactError
from graphrec.index.config import Space
from graphrec.store.files import sha256_file, storage_errors, write_over
from graphrec.store.records import decode, encode

RECORD = "index.json"
_NAMES = {"hnsw": "index.hnsw", "ivf": "index.npz", "exact": "index.npz"}


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What ``index.json`` says of the file beside it."""

    kind: Literal["hnsw", "ivf", "exact"]
    dim: int
    space: Space
    count: int
    max_links: int = 0
    ef_construction: int = 0
    ef_search: int = 0
    probes: int = 0
    seed: int = 0
    recall: float = 1.0
    """As measured at the build."""
    sha256: str = ""
    bytes: int = 0

    @property
    def file(self) -> str:
        """Name of the file that holds the vectors."""
        return _NAMES[self.kind]


class Recorded:
    """What an index tells of itself from its record."""

    _stored: Stored

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return self._stored.dim

    @property
    def space(self) -> Space:
        """What a score is."""
        return self._stored.space

    @property
    def recall(self) -> float:
        """Share of the true neighbours found at the build, at k = 100 or fewer."""
        return self._stored.recall

    def __len__(self) -> int:
        return self._stored.count


def native_bytes(write: Callable[[Path], None], size: int) -> npt.NDArray[np.uint8]:
    """Return what somebody else's code writes to a file, uint8 ``[size]``; it need not report errors.

    Raises:
        StoreWriteError: If there is no room for it.
    """
    with tempfile.TemporaryDirectory() as folder, storage_errors(Path(folder)):
        path = Path(folder) / "native"
        write(path)
        _sync(path, size)
        raw = np.fromfile(path, np.uint8)
    raw.flags.writeable = False
    return raw


def save_native(folder: Path, stored: Stored, write: Callable[[Path], object], size: int | None = None) -> None:
    """Write the vectors' file, check that it arrived, then write ``index.json``.

    Args:
        folder: An existing folder.
        stored: What to say of the file; its checksum and size are filled in.
        write: Writes the file; it need not report errors.
        size: Bytes that the file must have, if known.

    Raises:
        StoreWriteError: If the folder is missing or the disk full; no partial file is left.
    """
    path = folder / stored.file
    with storage_errors(folder):
        try:
            if not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "no such folder")
            write(path)
            _sync(path, size)
            checked = replace(stored, sha256=sha256_file(path), bytes=path.stat().st_size)
            write_over(folder / RECORD, encode(asdict(checked)), "index")
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def save_arrays(folder: Path, stored: Stored, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays, ``vectors`` and ``rows`` among them, as ``index.npz``, then ``index.json``.

    Raises:
        StoreWriteError: If the folder is missing or the disk full; no partial file is left.
    """

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    save_native(folder, stored, write)


def open_arrays(folder: Path, kind: str) -> tuple[Stored, dict[str, npt.NDArray[Any]]]:
    """Read what :func:`save_arrays` wrote, after its checksum.

    Raises:
        ArtifactError: If a file is missing, not as it was written, or of another kind.
    """
    stored = read_record(folder, kind)
    with np.load(folder / stored.file, allow_pickle=False) as saved:
        arrays = dict(saved)
    if arrays["vectors"].shape != (stored.count, stored.dim) or arrays["rows"].shape != (stored.count,):
        raise ArtifactError(f"{stored.file} must hold {stored.count} vectors of dim {stored.dim} (got another shape)")
    return stored, arrays


def read_record(folder: Path, kind: str) -> Stored:
    """Return what ``index.json`` says, once the file beside it has the size and sha256 it names.

    Raises:
        ArtifactError: If a file is missing, or not as it was written, or of another kind.
    """
    stored = _record(folder)
    if stored.kind != kind:
        raise ArtifactError(f"{RECORD}.kind must be {kind!r} (got {stored.kind!r} in {folder}); use open_index")
    path = folder / stored.file
    if not path.is_file():
        raise ArtifactError(f"{folder} must hold {stored.file} (got none); build the index again")
    if path.stat().st_size != stored.bytes or sha256_file(path) != stored.sha256:
        raise ArtifactError(f"{path} must have the size and sha256 in {RECORD} (got others); build the index again")
    return stored


def kind_of(folder: Path) -> str:
    """Return which kind of index a folder holds.

    Raises:
        ArtifactError: If it holds none, or its record is damaged.
    """
    return str(_record(folder).kind)


def _record(folder: Path) -> Stored:
    """Return what ``index.json`` says."""
    path = folder / RECORD
    try:
        return Stored(**decode(path.read_bytes(), path))
    except FileNotFoundError:
        raise ArtifactError(f"{folder} must hold {RECORD} (got none); build the index first") from None
    except TypeError:
        raise ArtifactError(f"{path} must describe an index (got other fields); build the index again") from None


def _sync(path: Path, size: int | None) -> None:
    """Force a file to disk; what hnswlib could not write shows as a missing or short file."""
    if not path.is_file() or (size is not None and path.stat().st_size != size):
        raise OSError(errno.ENOSPC, f"{path.name} was not written whole")
    with path.open("rb") as file:
        os.fsync(file.fileno())
