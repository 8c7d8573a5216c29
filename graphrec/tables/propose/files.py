"""Which tables lie in a folder: single files, and part files that belong together."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from graphrec.errors import DataError
from graphrec.tables.read import FORMATS, PARQUET_MAGIC, POLARS_ERRORS

PARTITION = re.compile(r"^\w+=.+$|^[\d_-]+$")
"""Folders that part a table: ``day=2024-01-01``, ``2024-01``."""
SURE_TYPES_BYTES = 64 * 2**20
"""Text files up to this size are read whole to tell their types; larger ones by their first rows."""


@dataclass(frozen=True)
class Found:
    """One table.

    Attributes:
        pattern: Path or glob below the folder, as a config names it.
        paths: Its files.
        format: ``parquet``, ``csv`` or ``jsonl``.
    """

    pattern: str
    paths: tuple[Path, ...]
    format: str

    def scan(self) -> pl.LazyFrame:
        """Return all rows, lazily."""
        paths = list(self.paths)
        if self.format == "parquet":
            return pl.scan_parquet(paths, hive_partitioning=False)
        sure = sum(path.stat().st_size for path in paths) <= SURE_TYPES_BYTES
        if self.format == "csv":
            return pl.scan_csv(paths, infer_schema_length=None if sure else 10_000, ignore_errors=True)
        return pl.scan_ndjson(paths, infer_schema_length=None if sure else 10_000, ignore_errors=True)


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        tables: By pattern, sorted.
        left_out: What was not read, and why.
    """

    tables: tuple[Found, ...]
    left_out: tuple[str, ...]


def list_tables(folder: Path) -> Listing:
    """Find every table below ``folder``.

    Files whose names differ in digits alone, and files of partition folders, are one table where their columns agree.

    Raises:
        DataError: If the folder is none, or holds no table that can be read.
    """
    if not folder.is_dir():
        raise DataError(
            f"DIR must be a folder of tables (got {folder}, which is none); name the folder that holds them"
        )
    left_out: list[str] = []
    names, others = [], Counter[str]()
    for name in _walk(folder, left_out):
        if name.suffix in FORMATS:
            names.append(name)
        else:
            others[name.suffix or name.name] += 1
    left_out += [f"{count} x {suffix}: not a format that tables are read from" for suffix, count in others.items()]
    if not names:
        got = ", ".join(f"{count} x {suffix}" for suffix, count in others.most_common(5)) or "an empty folder"
        raise DataError(
            f"DIR must hold tables as {', '.join(FORMATS)} (got {got} in {folder}); convert them, images as a column "
            "of bytes"
        )
    tables, broken = _grouped(folder, names)
    if not tables:
        raise DataError(f"DIR must hold a table that can be read (got {'; '.join(broken[:3])}); export them again")
    return Listing(tuple(sorted(tables, key=lambda one: one.pattern)), tuple([*left_out, *broken]))


def _walk(folder: Path, left_out: list[str]) -> Iterator[Path]:
    """Yield the files below ``folder``, relative, without hidden ones and a simulator's planted truth."""
    for root, folders, files in os.walk(folder, followlinks=True):
        here = Path(root)
        if here.name == "truth" and "config.json" in files:
            left_out.append(f"{here.relative_to(folder)}/: the simulator's planted truth")
            folders[:] = []
            continue
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        yield from ((here / name).relative_to(folder) for name in sorted(files) if not name.startswith((".", "_")))


def _grouped(folder: Path, names: list[Path]) -> tuple[list[Found], list[str]]:
    """Return the tables, and why files are none."""
    groups: dict[tuple[str, tuple[str, ...]], list[Path]] = defaultdict(list)
    broken = []
    for name in names:
        columns = _columns(folder / name)
        if isinstance(columns, str):
            broken.append(f"{name}: {columns}")
        else:
            groups[(_pattern(name), columns)].append(name)
    tables = []
    for (pattern, _), members in groups.items():
        paths = tuple(folder / name for name in members)
        whole = len(members) > 1 and {path for path in folder.glob(pattern) if path.is_file()} == set(paths)
        if whole:
            tables.append(Found(pattern, paths, FORMATS[members[0].suffix]))
        else:
            tables += [Found(name.as_posix(), (folder / name,), FORMATS[name.suffix]) for name in members]
    return tables, broken


def _pattern(name: Path) -> str:
    """Return a glob over the files that are parts of the same table as ``name``."""
    folders = ["*" if PARTITION.match(part) else part for part in name.parts[:-1]]
    stem = re.sub(r"\d+(?:[-_.]\d+)*", "*", name.stem)
    return "/".join([*folders, stem + name.suffix])


def _columns(path: Path) -> tuple[str, ...] | str:
    """Return the column names of a file, or why it cannot be read."""
    format_ = FORMATS[path.suffix]
    if not path.stat().st_size:
        return "an empty file"
    if format_ == "parquet":
        with path.open("rb") as file:
            if file.read(4) != PARQUET_MAGIC:
                return "not a parquet file"
    try:
        columns = Found(path.name, (path,), format_).scan().collect_schema().names()
    except POLARS_ERRORS as error:
        return f"unreadable ({str(error).splitlines()[0][:80] if str(error) else type(error).__name__})"
    return tuple(columns)
