"""Planted columns and what they must be taken for."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphrec.tables.propose.files import Found
from graphrec.tables.propose.kinds import Kind, kind_of
from graphrec.tables.propose.profile import Table, profile
from tests.tables.world import png

NOW = 1_700_000_000
N = range(400)

PLANTED: list[tuple[str, list[Any], str, str]] = [
    ("user_id", [n % 50 for n in N], "key", ""),
    ("MovieID", [n % 50 for n in N], "key", ""),
    ("customer", [f"c{n % 90}" for n in N], "key", ""),
    ("created_by_author", [f"c{n % 90}" for n in N], "key", ""),
    ("ts", [NOW + n for n in N], "time", "s"),
    ("ts", [1000 * (NOW + n) for n in N], "time", "ms"),
    ("ts", [10**6 * (NOW + n) for n in N], "time", "us"),
    ("ts", [10**9 * (NOW + n) for n in N], "time", "ns"),
    ("x", [float(NOW + n) for n in N], "time", "s"),
    ("when", [f"2024-01-{n % 28 + 1:02d}" for n in N], "time", "%Y-%m-%d"),
    ("when", [f"2024-01-{n % 28 + 1:02d}T10:00:00Z" for n in N], "time", "%Y-%m-%dT%H:%M:%S%.f%#z"),
    ("when", [f"2024-01-{n % 28 + 1:02d} 10:00:00" for n in N], "time", "%Y-%m-%d %H:%M:%S%.f"),
    ("when", [datetime(2024, 1, n % 28 + 1) for n in N], "time", "datetime"),
    ("when", [date(2024, 1, n % 28 + 1) for n in N], "time", "datetime"),
    ("event", [("like", "view")[n % 2] for n in N], "event", ""),
    ("country", [("nl", "be", "de")[n % 3] for n in N], "category", ""),
    ("rating", [n % 5 + 1 for n in N], "rating", ""),
    ("x", [n % 9 / 2 + 0.5 for n in N], "rating", ""),
    ("plays", [n**2 + 1 for n in N], "count", ""),
    ("click", [n % 2 for n in N], "flag", ""),
    ("unsafe", [n % 2 == 0 for n in N], "flag", ""),
    ("year", [1990 + n % 30 for n in N], "number", ""),
    ("price", [n * 1.37 for n in N], "number", ""),
    ("title", [f"Film {n}" for n in N], "text", ""),
    ("about", [f"a few words about film {n}" for n in N], "text", ""),
    ("genre", [f"Action|Drama|{n}" for n in N], "text", ""),
    ("site", [f"https://example.org/{n}" for n in N], "link", ""),
    ("zip", [f"{n:05d}x" for n in N], "label", ""),
    ("photo", [png()] * 400, "image", ""),
    ("blob", [b"nothing"] * 400, "other", ""),
    ("negatives", [[1, 2]] * 400, "other", ""),
    ("nothing", [None] * 400, "other", ""),
]


def kind(tmp_path: Path, name: str, values: list[Any]) -> Kind:
    path = tmp_path / "table.parquet"
    pl.DataFrame({name: values}).write_parquet(path)
    table = profile(Found(path.name, (path,), "parquet"))
    assert isinstance(table, Table)
    return kind_of(table.columns[name])


@pytest.mark.parametrize(("name", "values", "what", "detail"), PLANTED, ids=lambda value: str(value)[:24])
def test_a_column_is_taken_for_what_it_is(tmp_path: Path, name: str, values: list[Any], what: str, detail: str) -> None:
    found = kind(tmp_path, name, values)
    assert (found.what, found.detail) == (what, detail)
    assert found.why


def test_a_guess_on_values_alone_is_unsure(tmp_path: Path) -> None:
    assert not kind(tmp_path, "x", [NOW + n for n in N]).sure
    assert kind(tmp_path, "timestamp", [NOW + n for n in N]).sure
    assert not kind(tmp_path, "x", [n % 9 / 2 + 0.5 for n in N]).sure
    assert not kind(tmp_path, "x", [f"{n:05d}x" for n in N]).sure
