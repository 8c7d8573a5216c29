"""What reading found out: one report per declared table, one row per broken rule in the quarantine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

import polars as pl

from graphrec.errors import DataError

T = TypeVar("T")

QUARANTINE_SCHEMA = pl.Schema(
    {
        "table": pl.String,
        "file": pl.String,
        "row": pl.Int64,
        "column": pl.String,
        "rule": pl.String,
        "value": pl.String,
    }
)
"""Columns of the quarantine. ``row`` counts data rows of ``file`` from 0; null where a whole table is at fault."""


class TableFault(DataError):
    """A table as a whole cannot be used.

    Args:
        rule: Short name of the broken rule, e.g. ``missing column``.
        message: One line for a person, with the remedy.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True)
class TableReport:
    """Counts for one declared table.

    ``rows_read = rows_filtered + rows_good + rows_quarantined + duplicates_dropped`` holds for every table without a
    fault.

    Attributes:
        name: ``nodes.<type>``, ``edges.<number>.<relation>`` or ``kinds.<table>.<column>``.
        table: Path or glob as declared.
        rows_read: Rows in the files.
        rows_filtered: Rows that ``where`` did not select, or that name somebody forgotten.
        rows_good: Rows handed on.
        rows_quarantined: Rows kept out because they break a rule.
        rows_without_image: Good rows whose broken image was taken out and quarantined.
        duplicates_dropped: Exact repeats of an edge, dropped after the first.
        rules: Rule to the number of rows that break it (a row may break several).
        masked: What is handed on as missing, e.g. ``age_days: not finite``, to its number of values.
        fault: Why the whole table could not be used, or ``None``.
    """

    name: str
    table: str
    rows_read: int = 0
    rows_filtered: int = 0
    rows_good: int = 0
    rows_quarantined: int = 0
    rows_without_image: int = 0
    duplicates_dropped: int = 0
    rules: Mapping[str, int] = field(default_factory=dict)
    masked: Mapping[str, int] = field(default_factory=dict)
    fault: str | None = None

    @property
    def bad_fraction(self) -> float:
        """Share of the selected rows that break a rule; 1 for a table with a fault."""
        if self.fault is not None:
            return 1.0
        selected = self.rows_read - self.rows_filtered
        return (self.rows_quarantined + self.rows_without_image) / selected if selected else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain values, ``bad_fraction`` included."""
        return {**asdict(self), "bad_fraction": self.bad_fraction}


@dataclass(frozen=True)
class Loaded(Generic[T]):
    """What reading one declared table gave: its clean rows, its quarantine and its counts."""

    clean: T
    quarantine: pl.DataFrame
    report: TableReport


def empty_quarantine() -> pl.DataFrame:
    """Return a quarantine without rows."""
    return pl.DataFrame(schema=QUARANTINE_SCHEMA)


def fault_row(name: str, table: str, fault: TableFault) -> pl.DataFrame:
    """Return the quarantine row of a table-level fault."""
    row = {"table": name, "file": table, "row": None, "column": None, "rule": fault.rule, "value": str(fault)}
    return pl.DataFrame([row], schema=QUARANTINE_SCHEMA)
