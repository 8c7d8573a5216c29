"""Rules for rows: each a name, the column it looks at, and an expression that is true where a row breaks it.

Expressions read the cleaned column under its own name and the column as it stood in the file under ``raw.<column>``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from graphrec.tables.config import QualityConfig
from graphrec.tables.report import QUARANTINE_SCHEMA, empty_quarantine

FILE = "_file"
ROW = "_row"
FAULTS = "_faults"
PLACE = (FILE, ROW)
"""Where a row stands: number of the file, number of the data row in it."""
LONGEST_VALUE = 200
"""Characters of a bad value that the quarantine keeps."""


@dataclass(frozen=True)
class Rule:
    """One rule for rows.

    Attributes:
        name: What the quarantine calls it.
        column: Column whose value the quarantine shows.
        broken: True where a row breaks the rule.
    """

    name: str
    column: str
    broken: pl.Expr


def raw(column: str) -> str:
    """Return the name under which ``column`` stands as it was read."""
    return f"raw.{column}"


def id_rules(column: str, clean: str, dtype: pl.DataType, quality: QualityConfig, *, new: bool) -> list[Rule]:
    """Return the rules for an id column.

    Args:
        column: Column in the file.
        clean: Name of the cleaned column.
        dtype: Type of the cleaned column.
        quality: Longest id.
        new: Whether the column introduces ids (a node table) and does not only refer to them.
    """
    id_, before = pl.col(clean), pl.col(raw(column))
    rules = [Rule("null id", column, before.is_null()), unreadable_id_rule(column, clean, dtype)]
    if dtype != pl.String:
        return rules
    rules += [
        Rule("empty id", column, id_ == ""),
        Rule("over-long id", column, id_.str.len_bytes() > quality.max_id_bytes),
    ]
    return [*rules, Rule("control character in id", column, id_.str.contains(r"[\x00-\x1f\x7f]"))] if new else rules


def unreadable_id_rule(column: str, clean: str, dtype: pl.DataType) -> Rule:
    """Return the rule that an id must be UTF-8, or fit in 64 bits, as its type asks."""
    name = "invalid UTF-8" if dtype == pl.String else "wrong dtype"
    return Rule(name, column, pl.col(raw(column)).is_not_null() & pl.col(clean).is_null())


def unknown_rule(column: str, clean: str, row: str, dtype: pl.DataType, quality: QualityConfig) -> Rule:
    """Return the rule that a well-formed id in an edge must stand in its node table."""
    id_ = pl.col(clean)
    well_formed = id_.is_not_null()
    if dtype == pl.String:
        well_formed &= (id_ != "") & (id_.str.len_bytes() <= quality.max_id_bytes)
    return Rule("unknown node", column, well_formed & pl.col(row).is_null())


def text_rules(column: str, quality: QualityConfig) -> list[Rule]:
    """Return the rules for a text column; a missing text is allowed."""
    return [
        utf8_rule(column),
        Rule("text too long", column, pl.col(column).str.len_bytes() > quality.max_text_bytes),
    ]


def utf8_rule(column: str) -> Rule:
    """Return the rule that bytes must be UTF-8."""
    return Rule("invalid UTF-8", column, pl.col(raw(column)).is_not_null() & pl.col(column).is_null())


def parse_rule(column: str, dtype: pl.DataType) -> Rule:
    """Return the rule that a value must parse as what the config says it is; an empty field is a missing value."""
    before = pl.col(raw(column))
    given = before.str.strip_chars() != "" if dtype == pl.String else before.is_not_null()
    return Rule("wrong dtype", column, given & pl.col(column).is_null())


def time_rules(column: str, clean: str, earliest_s: int, latest_s: int | None) -> list[Rule]:
    """Return the rules for a time in seconds; ``latest_s`` (exclusive) ``None`` sets no upper bound."""
    time = pl.col(clean)
    rules = [Rule("missing time", column, time.is_null()), Rule("time too early", column, time < earliest_s)]
    if latest_s is not None:
        rules.append(Rule("time in the future", column, time >= latest_s))
    return rules


def weight_rules(column: str, clean: str) -> list[Rule]:
    """Return the rules for a weight column."""
    weight = pl.col(clean)
    return [
        Rule("missing weight", column, weight.is_null()),
        Rule("non-finite weight", column, weight.is_not_null() & ~weight.is_finite()),
        Rule("negative weight", column, weight.is_finite() & (weight < 0)),
    ]


def faults(rules: Sequence[Rule]) -> pl.Expr:
    """Return one bit per rule, set where a row breaks it (uint64)."""
    bits = [
        pl.when(rule.broken).then(pl.lit(1 << number, dtype=pl.UInt64)).otherwise(pl.lit(0, dtype=pl.UInt64))
        for number, rule in enumerate(rules)
    ]
    return (pl.sum_horizontal(bits) if bits else pl.lit(0, dtype=pl.UInt64)).cast(pl.UInt64).alias(FAULTS)


def breaks(number: int) -> pl.Expr:
    """Return whether the bit of rule ``number`` is set."""
    return (pl.col(FAULTS) // (1 << number)) % 2 == 1


def quarantine(name: str, files: Sequence[str], bad: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Return one row per broken rule of the rows in ``bad``.

    Args:
        name: Name of the declared table.
        files: File names by number.
        bad: ``_file``, ``_row``, ``_faults`` and the raw columns that the rules name.
        rules: Rules in the order of their bits.
    """
    parts = [empty_quarantine()]
    for number, rule in enumerate(rules):
        rows = bad.filter(breaks(number))
        if rows.height:
            parts.append(entries(name, files, rows, rule.column, rule.name, raw(rule.column)))
    return pl.concat(parts)


def entries(
    name: str, files: Sequence[str], rows: pl.DataFrame, column: str | None, rule: str, value: str
) -> pl.DataFrame:
    """Return quarantine entries for ``rows``, all for the same ``rule``; ``value`` is the column with the bad value."""
    shown = pl.lit(None, dtype=pl.String)
    if value in rows.columns:
        binary = rows.schema[value] == pl.Binary
        shown = pl.format("{} bytes", pl.col(value).bin.size()) if binary else pl.col(value).cast(pl.String)
    return rows.select(
        pl.lit(name).alias("table"),
        pl.col(FILE).replace_strict(dict(enumerate(files)), return_dtype=pl.String).alias("file"),
        pl.col(ROW).cast(pl.Int64).alias("row"),
        pl.lit(column, dtype=pl.String).alias("column"),
        pl.lit(rule).alias("rule"),
        shown.str.slice(0, LONGEST_VALUE).alias("value"),
    ).cast(QUARANTINE_SCHEMA)


def counts(entries_: pl.DataFrame) -> dict[str, int]:
    """Return rule to number of distinct rows that break it, by rule name."""
    per_rule = entries_.group_by("rule").agg(pl.struct("file", "row").n_unique()).sort("rule")
    return dict(per_rule.iter_rows())
