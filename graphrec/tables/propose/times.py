"""When logs run, and whether their actions carry times."""

from collections.abc import Mapping

import polars as pl

from graphrec.history import DAY_S
from graphrec.tables.propose import words as say
from graphrec.tables.propose.entities import Kinds
from graphrec.tables.propose.kinds import UNITS, Kind
from graphrec.tables.propose.shape import Pair, Shape, is_test

LONG_DAYS = 400
"""Logs that run longer are of things that keep their worth."""


def is_dated(shape: Shape, kinds: Kinds) -> bool:
    """Return whether every log of users and flits that is not a test table has times."""
    main = [pair for pair in shape.pairs if shape.ends(pair) == ("user", "flit") and not is_test(pair.table)]
    logs = [pair for pair in main if not is_tagging(kinds[pair.table.name])]
    return bool(logs) and all(time_of(kinds[pair.table.name]) is not None for pair in logs)


def is_tagging(kinds: Mapping[str, Kind]) -> bool:
    """Return whether a log is of words that users put to flits."""
    return any({"tag", "tags"} & set(say.words(name)) for name in kinds)


def time_of(kinds: Mapping[str, Kind]) -> str | None:
    """Return the column that says when a row happened."""
    times = [name for name, kind in kinds.items() if kind.what == "time" and "end" not in say.words(name)]
    times.sort(key=lambda name: not (say.TIMES & set(say.words(name))))
    return times[0] if times else None


def main_log(shape: Shape) -> Pair:
    """Return the largest log of users and flits that is not a test table."""
    logs = [pair for pair in shape.pairs if shape.ends(pair) == ("user", "flit")]
    return max(logs, key=lambda pair: (not is_test(pair.table), pair.table.rows))


def span_days(shape: Shape, kinds: Kinds) -> float:
    """Return the days from the oldest to the newest row of the largest log of users and flits."""
    pair = main_log(shape)
    name = time_of(kinds[pair.table.name]) or ""
    detail = kinds[pair.table.name][name].detail
    ends = pair.table.found.scan().select(old=pl.col(name).min(), new=pl.col(name).max())
    old, new = ends.select(in_seconds(pl.col("old"), detail), in_seconds(pl.col("new"), detail)).collect().row(0)
    return float(new - old) / DAY_S


def half_life_days(shape: Shape, kinds: Kinds) -> int:
    """Return after how many days an action counts half: a month, longer where the log runs over years."""
    span = span_days(shape, kinds)
    return 30 if span <= LONG_DAYS else round(min(span / 10, 365.0))


def in_seconds(column: pl.Expr, detail: str) -> pl.Expr:
    """Return a time column of any kind as seconds since 1970."""
    if detail in UNITS:
        return column.cast(pl.Int64, strict=False) // UNITS[detail]
    if detail == "datetime":
        return column.cast(pl.Datetime("us")).dt.epoch("s")
    zone = "UTC" if "z" in detail else None
    return column.str.to_datetime(detail, strict=False, time_unit="us", time_zone=zone).dt.epoch("s")
