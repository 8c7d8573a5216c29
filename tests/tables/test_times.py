"""Times of many kinds become seconds since 1970, UTC."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest

from graphrec.tables.config import QualityConfig
from graphrec.tables.report import TableFault
from graphrec.tables.times import bounds, seconds

NOON = 1_704_110_400  # 2024-01-01 12:00:00 UTC


def read(values: pl.Series, unit: Any = "datetime", *, typeless: bool = False) -> list[int | None]:
    expression = seconds("t", values.dtype, unit, "edges.0.likes.time", typeless=typeless)
    return values.alias("t").to_frame().select(expression)["t"].to_list()


@pytest.mark.parametrize("precision", ["ms", "us", "ns"])
def test_datetimes_without_zone_are_utc(precision: Any) -> None:
    assert read(pl.Series([datetime(2024, 1, 1, 12), None], dtype=pl.Datetime(precision))) == [NOON, None]


def test_datetimes_with_zone_keep_their_instant() -> None:
    there = datetime(2024, 1, 1, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert read(pl.Series([there]).dt.convert_time_zone("Asia/Kolkata")) == [NOON]


def test_days_are_midnight() -> None:
    assert read(pl.Series([date(2024, 1, 1)])) == [NOON - 12 * 3600]


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)])
def test_numbers_in_their_unit(unit: str, factor: int) -> None:
    assert read(pl.Series([NOON * factor, None]), unit) == [NOON, None]
    assert read(pl.Series([str(NOON * factor), "x"]), unit, typeless=True) == [NOON, None]


def test_numbers_that_are_no_time_are_missing() -> None:
    assert read(pl.Series([NOON + 0.75, float("nan"), float("inf"), 1e300]), "s") == [NOON, None, None, None]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01T12:00:00Z",
        "2024-01-01T14:00:00+02:00",
        "2024-01-01T12:00:00.250",
        "2024-01-01 12:00:00",
        "2024-01-01 12:00",
        "2024-01-01 07:00:00-0500",
    ],
)
def test_written_times_of_mixed_zones(text: str) -> None:
    values = pl.Series([text, "2024-01-01", "yesterday", None])
    assert read(values, typeless=True) == [NOON, NOON - 12 * 3600, None, None]


@pytest.mark.parametrize(
    ("values", "unit", "message"),
    [
        (pl.Series([1]), "datetime", "set `unit: s`"),
        (pl.Series([datetime(2024, 1, 1)]), "s", "set `unit: datetime`"),
        (pl.Series(["2024"]), "datetime", "must be a datetime"),
    ],
)
def test_unit_that_does_not_fit_is_explained(values: pl.Series, unit: str, message: str) -> None:
    with pytest.raises(TableFault, match=message):
        read(values, unit)


def test_window_ends_a_day_after_the_clock_or_at_max_time() -> None:
    now = datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert bounds(QualityConfig(), now) == (0, NOON + 86_400)
    assert bounds(QualityConfig(min_time=date(1970, 1, 2), max_time=date(1970, 1, 3)), now) == (86_400, 172_800)
