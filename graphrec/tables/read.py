"""Files below ``data`` as lazy frames that remember where each row stands."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from graphrec.forgotten import Forgotten
from graphrec.tables.report import TableFault
from graphrec.tables.rules import FILE, ROW
from graphrec.tables.salvage import BROKEN_SCHEMA, is_utf8, salvage

log = logging.getLogger(__name__)

FORMATS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
PARQUET_MAGIC = b"PAR1"
POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What polars raises on broken files; a panic is no ``Exception``."""


@dataclass(frozen=True)
class Opened:
    """The files of one declared path, checked and counted.

    Attributes:
        pattern: Path or glob as declared.
        files: File names below ``data``, sorted.
        paths: Where to read each file: itself, or the clean copy of a broken text file.
        format: ``parquet``, ``csv`` or ``jsonl``.
        schemas: Column types per file.
        rows: Number of data rows in all files.
        broken: Rows whose line could not be read: ``_file``, ``_row``, ``rule``, ``value``.
    """

    pattern: str
    files: tuple[str, ...]
    paths: tuple[Path, ...]
    format: str
    schemas: tuple[Mapping[str, pl.DataType], ...]
    rows: int
    broken: pl.DataFrame

    @property
    def typeless(self) -> bool:
        """Whether the format carries no column types, so that strings are parsed."""
        return self.format != "parquet"

    def columns(self) -> list[str]:
        """Return the columns that the first file holds."""
        return list(self.schemas[0])

    def scan(self, columns: list[str], as_text: set[str]) -> pl.LazyFrame:
        """Return ``_file``, ``_row`` and ``columns``, lazily, without the broken rows.

        Args:
            columns: Columns to read; all files hold them.
            as_text: Columns of a CSV file to read as they are written.
        """
        parts = [
            self._scan_one(number, as_text).select(pl.lit(number, dtype=pl.UInt32).alias(FILE), ROW, *columns)
            for number in range(len(self.paths))
        ]
        frame = pl.concat(parts, how="vertical_relaxed") if len(parts) > 1 else parts[0]
        if self.broken.height:
            frame = frame.join(self.broken.lazy(), on=[FILE, ROW], how="anti", maintain_order="left")
        return frame

    def _scan_one(self, number: int, as_text: set[str]) -> pl.LazyFrame:
        path, schema = self.paths[number], self.schemas[number]
        if self.format == "parquet":
            return pl.scan_parquet(path, row_index_name=ROW, hive_partitioning=False, glob=False)
        if self.format == "jsonl":
            return pl.scan_ndjson(path, row_index_name=ROW, schema=dict(schema))
        types = {name: pl.String() if name in as_text else dtype for name, dtype in schema.items()}
        return pl.scan_csv(path, row_index_name=ROW, schema=types, glob=False)


@dataclass
class Reader:
    """Opens each declared path once.

    Args:
        data: Root of the tables.
        scratch: Folder for clean copies of broken text files.
        place: What to call the root in messages: itself, or the URI that it is a copy of.
        forgotten: Node type to those of its nodes that must leave no trace.
    """

    data: Path
    scratch: Path
    place: str
    forgotten: Mapping[str, Forgotten] = field(default_factory=dict)
    _opened: dict[str, Opened] = field(default_factory=dict)

    def open(self, pattern: str, thing: str) -> Opened:
        """Return the files of ``pattern``, checked.

        Args:
            pattern: Path or glob below the root.
            thing: Who asks, for the message, e.g. ``edges.likes``.

        Raises:
            TableFault: If a file is missing, has another format, is truncated, or no file has a row.
        """
        if pattern not in self._opened:
            opened = self._open(pattern, thing)
            log.info("%s: %d rows in %d file(s)", pattern, opened.rows, len(opened.files))
            self._opened[pattern] = opened
        opened = self._opened[pattern]
        if opened.rows == 0:
            raise TableFault(
                "zero rows", f"{thing}.table must hold at least one row (got {pattern} with 0 rows); export it again"
            )
        return opened

    def _open(self, pattern: str, thing: str) -> Opened:
        paths = self._find(pattern, thing)
        formats = {_format(path, thing) for path in paths}
        if len(formats) > 1:
            raise TableFault("mixed formats", f"{thing}.table must name files of one format (got {sorted(formats)})")
        names = tuple(path.relative_to(self.data).as_posix() for path in paths)
        read, broken = [], []
        for number, path in enumerate(paths):
            clean, faults = self._clean(path, number, thing)
            read.append(clean)
            broken.append(faults)
        format_ = formats.pop()
        schemas = tuple(_schema(path, format_, thing) for path in read)
        rows = sum(_count(path, format_, thing) for path in read)
        return Opened(pattern, names, tuple(read), format_, schemas, rows, pl.concat(broken))

    def _find(self, pattern: str, thing: str) -> list[Path]:
        if Path(pattern).is_absolute():
            raise TableFault("missing file", f"{thing}.table must be relative to `data` (got {pattern!r}); shorten it")
        globbed = any(char in pattern for char in "*?[")
        found = sorted(
            path for path in (self.data.glob(pattern) if globbed else [self.data / pattern]) if path.is_file()
        )
        if not found:
            raise TableFault(
                "missing file",
                f"{thing}.table must name a file below {self.place} (got {pattern!r}, not there); "
                f"set `data` or `{thing}.table`",
            )
        return found

    def _clean(self, path: Path, number: int, thing: str) -> tuple[Path, pl.DataFrame]:
        """Return the file to read in place of ``path`` and its broken rows."""
        broken = pl.DataFrame(schema=BROKEN_SCHEMA)
        format_ = FORMATS[path.suffix]
        if format_ == "parquet":
            _check_parquet(path, thing)
        elif path.stat().st_size and not (is_utf8(path) and _parses(path, format_)):
            copy = self.scratch / f"{len(self._opened)}_{number}{path.suffix}"
            broken = salvage(path, copy)
            path = copy
            if any(one.hashes for one in self.forgotten.values()):  # nobody can tell whom a broken line is about
                broken = broken.with_columns(value=pl.lit(None, dtype=pl.String))
        return path, broken.select(pl.lit(number, dtype=pl.UInt32).alias(FILE), pl.all())


def collect(frame: pl.LazyFrame, thing: str) -> pl.DataFrame:
    """Collect ``frame``; what polars cannot read becomes a :class:`TableFault`."""
    try:
        return frame.collect()
    except POLARS_ERRORS as error:
        raise unreadable(error, thing) from None


def unreadable(error: BaseException, thing: str) -> TableFault:
    """Return what polars cannot read as a fault of the table."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    rule = "wrong dtype" if isinstance(error, pl.exceptions.SchemaError) else "unreadable"
    return TableFault(rule, f"{thing} must be readable as declared (got {first}); check the file and the config")


def _format(path: Path, thing: str) -> str:
    if path.suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise TableFault("unknown format", f"{thing}.table must end in {known} (got {path.name}); convert the file")
    return FORMATS[path.suffix]


def _check_parquet(path: Path, thing: str) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(0, size - 4))
        tail = file.read(4)
    if head != PARQUET_MAGIC:
        raise TableFault(
            "not parquet",
            f"{thing}.table must be a parquet file (got {path.name}, which starts with {head!r}); "
            f"name it .csv or .jsonl if that is what it is",
        )
    if tail != PARQUET_MAGIC or size < 12:
        raise TableFault(
            "truncated file",
            f"{thing}.table must be a whole parquet file (got {path.name}, {size} bytes without a footer); "
            f"write it again",
        )


def _scan_plain(path: Path, format_: str) -> pl.LazyFrame:
    if format_ == "parquet":
        return pl.scan_parquet(path, hive_partitioning=False, glob=False)
    if format_ == "csv":
        return pl.scan_csv(path, infer_schema_length=None, glob=False)
    return pl.scan_ndjson(path, infer_schema_length=None)


def _parses(path: Path, format_: str) -> bool:
    """Return whether polars reads every field of a text file."""
    try:
        _scan_plain(path, format_).select(pl.all().count()).collect()
    except POLARS_ERRORS:
        return False
    return True


def _schema(path: Path, format_: str, thing: str) -> Mapping[str, pl.DataType]:
    if format_ != "parquet" and not path.stat().st_size:
        raise TableFault("zero rows", f"{thing}.table must hold rows (got {path.name}, an empty file); export it again")
    try:
        return _scan_plain(path, format_).collect_schema()
    except POLARS_ERRORS as error:
        raise unreadable(error, f"{thing}.table {path.name}") from None


def _count(path: Path, format_: str, thing: str) -> int:
    return int(collect(_scan_plain(path, format_).select(pl.len()), f"{thing}.table {path.name}").item())
