"""Tables at a URI: the files that a config names, copied to this machine once and read from there.

A copy is known by what the server says of the file (name, etag, size), so that files that stand are not fetched again.
What a config names at one instant is a folder of its own, which never changes: what was digested is what is read.
"""

import fnmatch
import hashlib
import os
import posixpath
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from graphrec.errors import DataError, StoreWriteError
from graphrec.history import DAY_S
from graphrec.store.objects import Objects, Stat, side_by_side
from graphrec.store.uri import cache_folder, local_path, remote_uri
from graphrec.tables.config import InputConfig
from graphrec.tables.image_files import image_keys

GLOB = re.compile(r"[*?\[]")
KEPT_DAYS = 7.0
"""Copies that no run asked for this long are removed when new ones are made."""


def local_data(config: InputConfig, data: Path | str, *, also: Sequence[str] = (), strict: bool = True) -> Path:
    """Return a local folder that holds the files a config names below ``data``, and the images its tables name.

    Args:
        config: The declared schema.
        data: Root of the tables: a folder, which is returned, or a URI as text.
        also: Further files to bring along, paths or globs, where they are there.
        strict: Raise if a table names no file; otherwise it is left out.

    Raises:
        DataError: If a table names no file, a file changed while it was read, or nobody answers.
        ConfigError: If the URI, its bucket or the credentials are wrong.
        StoreWriteError: If the copies find no place.
    """
    uri = remote_uri(data)
    if uri is None:
        return local_path(data)
    objects = Objects(uri, thing="data", unreadable=DataError)
    found = _named(objects, config, strict=strict)
    found |= {one.key: one for pattern in also for one in _matches(objects, pattern)}
    folder = _snapshot(objects, found)
    images = _listed(objects, image_keys(config, folder))
    return _snapshot(objects, found | images) if images else folder


def remote_files(config: InputConfig, uri: str) -> dict[str, int]:
    """Return the files that a config names at a URI, as URIs with their bytes; nothing is copied.

    Raises:
        DataError: If a table names no file, or nobody answers.
        ConfigError: If the URI, its bucket or the credentials are wrong.
    """
    objects = Objects(uri, thing="data", unreadable=DataError)
    found = _named(objects, config, strict=True)
    return {objects.place(key): found[key].bytes for key in sorted(found)}


def matches(name: str, pattern: str) -> bool:
    """Return whether a file's relative name fits a glob, as ``Path.glob`` has it."""
    return _fits(name.split("/"), pattern.split("/"))


def _fits(parts: list[str], patterns: list[str]) -> bool:
    if not patterns or not parts:
        return not patterns and not parts
    first, rest = patterns[0], patterns[1:]
    if first == "**":
        return bool(rest) and (_fits(parts, rest) or _fits(parts[1:], patterns))
    return fnmatch.fnmatchcase(parts[0], first) and _fits(parts[1:], rest)


def _named(objects: Objects, config: InputConfig, *, strict: bool) -> dict[str, Stat]:
    """Return the objects that the declared tables name, by key."""
    found: dict[str, Stat] = {}
    for pattern in config.patterns:
        stats = _matches(objects, pattern)
        if strict and not stats:
            raise DataError(f"table must be a file below {objects.uri} (got {pattern!r}); set `data` or mend the name")
        found |= {one.key: one for one in stats}
    return found


def _matches(objects: Objects, pattern: str) -> list[Stat]:
    """Return the objects that a path or a glob names."""
    pattern = PurePosixPath(pattern).as_posix()
    if pattern.startswith("/"):
        return []
    wild = GLOB.search(pattern)
    if wild is None:
        stat = objects.stat(pattern)
        return [] if stat is None else [stat]
    above = pattern[: wild.start()].rpartition("/")[0]
    return [one for one in objects.list(above) if matches(one.key, pattern)]


def _listed(objects: Objects, keys: set[str]) -> dict[str, Stat]:
    """Return those of many objects that are there, found by one listing of the folder they share."""
    if not keys:
        return {}
    shared = posixpath.commonpath([posixpath.dirname(key) for key in keys])
    return {one.key: one for one in objects.list(shared) if one.key in keys}


def _snapshot(objects: Objects, stats: Mapping[str, Stat]) -> Path:
    """Return the folder that holds exactly these files; it appears in one step."""
    cache = cache_folder(objects.uri)
    folder = cache / "data" / _name("\n".join(_identity(stats[key]) for key in sorted(stats)))
    with _space(cache):
        if not folder.is_dir():
            _prune(cache)
            copies = side_by_side(lambda one: _copy(objects, one, cache / "files"), stats.values())
            with _draft(folder) as draft:
                draft.mkdir(parents=True)
                for key, copy in zip(stats, copies, strict=True):
                    (draft / key).parent.mkdir(parents=True, exist_ok=True)
                    os.link(copy, draft / key)
                with suppress(OSError):  # another process was first: its folder holds the same
                    draft.rename(folder)
        os.utime(folder)
    return folder


def _copy(objects: Objects, stat: Stat, folder: Path) -> Path:
    """Return the local copy of one object, fetched unless it is there."""
    path = folder / _name(_identity(stat))
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with _draft(path) as draft:
        with draft.open("xb") as file:
            digest = objects.read(stat.key, file.write, tag=stat.tag)
        if digest is None or draft.stat().st_size != stat.bytes:
            raise DataError(
                f"{objects.place(stat.key)} must stand still while it is read (got it changed); run again once it is "
                "written"
            )
        draft.replace(path)
    return path


def _prune(cache: Path) -> None:
    """Remove the folders, and the copies that no folder holds any more, that nobody asked for lately."""
    old = time.time() - KEPT_DAYS * DAY_S
    for folder in (cache / "data").glob("*"):
        if folder.stat().st_mtime < old:
            shutil.rmtree(folder, ignore_errors=True)
    for copy in (cache / "files").glob("*"):
        if copy.stat().st_nlink == 1 and copy.stat().st_mtime < old:
            copy.unlink(missing_ok=True)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Yield a name beside ``path`` for what will be it, and remove whatever is left there."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.draft")
    try:
        yield draft
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        draft.unlink(missing_ok=True)


@contextmanager
def _space(cache: Path) -> Iterator[None]:
    """Turn "disk full" and its like into one line.

    Raises:
        StoreWriteError: In place of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise StoreWriteError(
            f"GRAPHREC_CACHE must be a folder with room for the tables (got {error.strerror} in {cache}); free some "
            "space there or set it to another folder"
        ) from error


def _identity(stat: Stat) -> str:
    return f"{stat.key} {stat.bytes} {stat.tag or stat.modified.isoformat()}"


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
