"""Times of many kinds to whole seconds since 1970, UTC."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from graphrec.tables.config import QualityConfig, TimeUnit
from graphrec.tables.report import TableFault

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
WRITTEN = ("%+", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
"""Ways to write a time that CSV and JSONL files are read with; UTC where no zone is written."""


def seconds(name: str, dtype: pl.DataType, unit: TimeUnit, thing: str, *, typeless: bool) -> pl.Expr:
    """Return an expression for seconds since 1970 (int64), null where the value is no time.

    Args:
        name: The column as read.
        dtype: Its type.
        unit: What the config says it holds.
        thing: Name for the message, e.g. ``edges.0.likes.time``.
        typeless: Whether the file's format does not carry types, so that strings are parsed.

    Raises:
        TableFault: If the type does not fit the unit.
    """
    column = pl.col(name)
    if dtype == pl.Null:
        return column.cast(pl.Int64)
    if unit == "datetime":
        return _from_datetime(column, dtype, typeless, thing)
    if dtype == pl.String and typeless:
        column = pl.coalesce(column.cast(pl.Int64, strict=False), _whole(column.cast(pl.Float64, strict=False)))
    elif not dtype.is_numeric():
        raise TableFault("wrong dtype", f"{thing} must be a number for unit {unit} (got {dtype}); set `unit: datetime`")
    elif dtype.is_float():
        column = _whole(column)
    return column.cast(pl.Int64, strict=False) // PER_SECOND[unit]


def _whole(column: pl.Expr) -> pl.Expr:
    return column.floor().cast(pl.Int64, strict=False)


def _from_datetime(column: pl.Expr, dtype: pl.DataType, typeless: bool, thing: str) -> pl.Expr:
    if dtype == pl.Date:
        return column.cast(pl.Datetime("us")).dt.epoch("s")
    if isinstance(dtype, pl.Datetime):
        return column.dt.epoch("us") // PER_SECOND["us"]
    if dtype == pl.String and typeless:
        ways = [column.str.to_datetime(way, time_unit="us", time_zone="UTC", strict=False) for way in WRITTEN]
        days = column.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return pl.coalesce(*ways, days).dt.epoch("us") // PER_SECOND["us"]
    remedy = "set `unit: s`, `ms`, `us` or `ns`" if dtype.is_numeric() else "derive a datetime column"
    raise TableFault("wrong dtype", f"{thing} must be a datetime (got {dtype}); {remedy}")


def bounds(quality: QualityConfig, now: datetime | None) -> tuple[int, int]:
    """Return the plausible window of times ``[earliest_s, latest_s)``."""
    earliest = _midnight(quality.min_time)
    if quality.max_time is not None:
        return earliest, _midnight(quality.max_time)
    clock = now if now is not None else datetime.now(UTC)
    return earliest, int((clock + timedelta(days=1)).timestamp())


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
