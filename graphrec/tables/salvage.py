"""Text files with broken lines: a clean copy to read, and the list of what was broken."""

import codecs
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from graphrec.tables.report import TableFault
from graphrec.tables.rules import ROW

BROKEN_SCHEMA = {ROW: pl.UInt32, "rule": pl.String, "value": pl.String}
"""Data row, broken rule and the line as it stood."""
INVALID = "invalid UTF-8"
MALFORMED = "malformed row"
BROKEN_RULES = (INVALID, MALFORMED)
LONGEST_FIELD = 1 << 30
"""Bytes of a CSV field; Python's own limit of 128 KiB is below a long text."""
CHUNK_BYTES = 1 << 20


def is_utf8(path: Path) -> bool:
    """Return whether all bytes of a file are valid UTF-8, reading it once."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def salvage(path: Path, copy: Path) -> pl.DataFrame:
    """Write ``copy`` with each broken row of ``path`` emptied, so that the rows keep their numbers.

    Args:
        path: A CSV (``.csv``) or JSON lines file.
        copy: File to write.

    Returns:
        The broken rows: ``_row``, ``rule``, ``value``.

    Raises:
        TableFault: If the header of a CSV file is broken.
    """
    broken: list[dict[str, Any]] = []
    read = _csv_rows if path.suffix == ".csv" else _json_rows
    with (
        path.open(encoding="utf-8", errors="surrogateescape", newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as target,
    ):
        for number, (line, rule, value) in enumerate(read(source), start=-1 if path.suffix == ".csv" else 0):
            if rule is not None and number < 0:
                raise TableFault(
                    "malformed header",
                    f"{path.name} must start with column names in UTF-8 (got {_printable(value)!r}); "
                    f"export it as UTF-8",
                )
            target.write(line)
            if rule is not None:
                broken.append({ROW: number, "rule": rule, "value": _printable(value)})
    return pl.DataFrame(broken, schema=BROKEN_SCHEMA)


def _csv_rows(source: Any) -> Iterator[tuple[str, str | None, str]]:
    """Yield each record, header first, as a line to write, the rule it breaks and its text."""
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(source)
    width = 0
    for number, fields in enumerate(reader):
        width = len(fields) if number == 0 else width
        text = ",".join(fields)
        rule = _fault(text, whole=len(fields) <= width)
        kept = fields if rule is None else []
        yield ",".join(map(_quoted, kept + [""] * (width - len(kept)))) + "\n", rule, text


def _json_rows(source: Any) -> Iterator[tuple[str, str | None, str]]:
    """Yield each line that is not blank as a line to write, the rule it breaks and its text."""
    for line in source:
        text = line.strip()
        if text:
            rule = _fault(text, whole=_is_object(text))
            yield ("{}" if rule else text) + "\n", rule, text


def _fault(text: str, *, whole: bool) -> str | None:
    if any("\udc80" <= char <= "\udcff" for char in text):
        return INVALID
    return None if whole else MALFORMED


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _quoted(value: str) -> str:
    special = any(char in value for char in ',"\r\n')
    return '"' + value.replace('"', '""') + '"' if special else value


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
