"""What a column seems to hold, and why."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from graphrec.tables.propose import words as say
from graphrec.tables.propose.profile import FEW, Column

What = Literal[
    "key", "time", "event", "rating", "count", "flag", "text", "label", "image", "link", "number", "category", "other"
]
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
EARLIEST_S, LATEST_S = 631_152_000, 2_145_916_800
"""1990 and 2038: numbers between them are plausible times."""
WRITTEN = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f",
           "%Y-%m-%d %H:%M", "%Y-%m-%d")  # fmt: skip
"""Ways to write a time that are known."""
MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II*\x00", b"MM\x00*")
"""How image files begin."""


@dataclass(frozen=True)
class Kind:
    """What a column seems to hold.

    Attributes:
        what: Its part in a config.
        why: In words.
        sure: Whether nothing speaks for something else.
        detail: Unit of a time (``s`` … ``ns``, ``datetime``, or the format of a written one).
    """

    what: What
    why: str
    sure: bool = True
    detail: str = ""


def kind_of(column: Column) -> Kind:
    """Return what a column seems to hold, by its type, its values and at last its name."""
    if not column.known:
        return Kind("other", "every value is missing")
    if column.dtype == pl.Binary:
        return _bytes(column)
    if column.dtype.is_nested() or column.dtype == pl.Null or column.dtype == pl.Time:
        return Kind("other", f"{column.dtype} has no part in a config")
    if column.dtype == pl.Boolean:
        return Kind("flag", "true or false")
    if column.dtype.is_temporal():
        return Kind("time", "a column of dates or times", detail="datetime")
    return _string(column) if column.dtype == pl.String else _number(column)


def _bytes(column: Column) -> Kind:
    heads = [bytes(value[:4]) for value in column.sample.to_list()]
    images = sum(head.startswith(MAGIC) for head in heads)
    if images >= 0.8 * len(heads):
        return Kind("image", f"{images} of {len(heads)} values looked at begin like an image file")
    return Kind("other", "bytes that are no images")


def _string(column: Column) -> Kind:
    written = _written(column)
    if written:
        return Kind("time", f"times written {written}", detail=written)
    if column.sample.str.contains(r"^(https?://|www\.)").mean() > 0.8:  # type: ignore[operator]
        return Kind("link", "web addresses")
    said, shown = say.words(column.name), f"{column.distinct:,} values of {column.words:.1f} words"
    person = bool(said) and say.singular(said[-1]) in say.USERS | say.AUTHORS | say.PEERS and column.distinct > 10
    if 2 <= column.distinct <= FEW and _names_events(column.sample):
        return Kind("event", f"{shown} that say what was done")
    if (say.is_key_name(column.name) or person) and column.words <= 1.2:
        return Kind("key", f"its name, {shown}")
    if column.distinct <= FEW and column.known >= 5 * column.distinct:
        named = bool(say.KINDS & set(said))
        return Kind("event" if named else "category", f"{shown} in {column.known:,} rows")
    listed = column.sample.str.contains(r"[^|,;]+[|,;][^|,;]+").mean()
    if column.words >= 3 or say.TEXTS & set(said) or listed > 0.3:  # type: ignore[operator]
        return Kind("text", shown)
    if column.words <= 1.05 and column.distinct > 10:
        return Kind("label", f"{shown}: ids, or labels", sure=False)
    return Kind("label", shown)


def _names_events(sample: pl.Series) -> bool:
    """Return whether most values are words for what users do."""
    values = sample.drop_nulls().unique().to_list()
    known = sum(any(word in say.EVENTS for word in say.words(str(value))) for value in values)
    return len(values) >= 2 and known >= max(2, len(values) / 2)


def _written(column: Column) -> str:
    """Return the format of written times, or nothing."""
    if not 8 <= column.length <= 35:
        return ""
    for way in WRITTEN:
        parsed = column.sample.str.to_datetime(way, strict=False) if "z" not in way else _zoned(column.sample, way)
        if parsed.null_count() <= 0.05 * len(parsed):
            return way
    return ""


def _zoned(sample: pl.Series, way: str) -> pl.Series:
    return sample.str.to_datetime(way, time_zone="UTC", strict=False)


def _number(column: Column) -> Kind:
    said = set(say.words(column.name))
    shown = f"{column.distinct:,} values from {column.low:g} to {column.high:g}"
    whole = column.dtype.is_integer()
    if whole and say.is_key_name(column.name):
        return Kind("key", f"its name, {shown}")
    unit = _unit(column)
    if unit:
        return Kind("time", f"numbers that are {unit} since 1970 ({shown})", sure=bool(said & say.TIMES), detail=unit)
    steps = column.distinct <= 21 and column.low >= 0 and column.high <= 10 and column.distinct > 2
    if steps and (said & say.RATINGS):
        return Kind("rating", f"its name, {shown}")
    if whole and column.low >= 0 and said & say.COUNTS:
        return Kind("count", f"its name, {shown}, half of them up to {column.middle:g}")
    if whole and column.low == 0 and column.high == 1:
        return Kind("flag", "0 or 1")
    if steps and not whole:
        return Kind("rating", f"{shown} in steps", sure=False)
    if "year" in said or (whole and column.low >= 1900 and column.high <= 2100 and column.distinct > 2):
        return Kind("number", f"years ({shown})")
    if whole and column.distinct <= 30 and column.known >= 5 * column.distinct:
        return Kind("event" if said & say.KINDS else "category", shown)
    return Kind("number", shown, sure=not (whole and column.distinct > FEW))


def _unit(column: Column) -> str:
    """Return the unit of times since 1970, or nothing."""
    if column.distinct <= FEW and column.rows > FEW:
        return ""
    for unit, size in UNITS.items():
        within = column.sample.cast(pl.Float64).is_between(EARLIEST_S * size, LATEST_S * size).mean()
        if within is not None and within > 0.95:  # type: ignore[operator]
            return unit
    return ""
