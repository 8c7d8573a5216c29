"""Event kinds that no edge reads: values of a ``where`` column that nobody declared."""

from collections.abc import Mapping

import polars as pl

from graphrec.tables.config import InputConfig, TableRef
from graphrec.tables.read import Reader, collect
from graphrec.tables.report import Loaded, TableReport
from graphrec.tables.rules import FAULTS, PLACE, Rule, counts, faults, quarantine, raw
from graphrec.tables.source import source

ANY = "*"
"""Stands for every other kind in ``ignore``."""


def kind_columns(config: InputConfig) -> dict[tuple[str, str], set[str]]:
    """Return the known kinds per ``(table, column)``.

    A column tells kinds apart when several edges of one table select on it by name, or when ``ignore`` lists it.
    """
    chosen: dict[tuple[str, str], list[str]] = {}
    for edge in config.edges:
        if isinstance(edge.where, Mapping):
            for column, value in edge.where.items():
                if isinstance(value, str):
                    chosen.setdefault((edge.table, column), []).append(value)
    ignored = {(table, column): kinds for table, columns in config.ignore.items() for column, kinds in columns.items()}
    several = {place for place, kinds in chosen.items() if len(kinds) > 1} | set(ignored)
    known = {place: {*chosen.get(place, ()), *ignored.get(place, ())} for place in sorted(several)}
    return {place: kinds for place, kinds in known.items() if ANY not in kinds}


def load_kinds(reader: Reader, config: InputConfig, table: str, column: str, known: set[str]) -> Loaded[None]:
    """Check that every row of ``table`` has a known kind in ``column``.

    Raises:
        TableFault: If the table or the column is missing.
    """
    name = f"kinds.{table}.{column}"
    read = source(reader, _whole(config, table, column), name, {"column": column})
    rules = [Rule("unknown event kind", column, ~pl.col(raw(column)).is_in(sorted(known)).fill_null(False))]
    frame = read.frame.select(*PLACE, pl.col(column).cast(pl.String).alias(raw(column)))
    bad = collect(frame.with_columns(faults(rules)).filter(pl.col(FAULTS) > 0), name).sort(PLACE)
    rejected = quarantine(name, read.opened.files, bad, rules)
    total = read.opened.rows
    report = TableReport(
        name=name,
        table=table,
        rows_read=total,
        rows_good=total - bad.height,
        rows_quarantined=bad.height,
        rules=counts(rejected),
    )
    return Loaded(None, rejected, report)


def _whole(config: InputConfig, table: str, column: str) -> TableRef:
    """Return ``table`` as the first edge that selects on ``column`` reads it, all rows selected."""
    for edge in config.edges:
        if edge.table == table and isinstance(edge.where, dict) and column in edge.where:
            return TableRef(table=table, join=edge.join, derive=edge.derive)
    return TableRef(table=table)
