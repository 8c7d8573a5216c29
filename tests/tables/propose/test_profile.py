"""Figures of columns, exact and estimated, against naive twins."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.tables.propose import profile as module
from graphrec.tables.propose.files import Found
from graphrec.tables.propose.profile import Table, overlap, profile


def table(tmp_path: Path, name: str, **columns: list[object]) -> Table:
    path = tmp_path / f"{name}.parquet"
    pl.DataFrame(columns).write_parquet(path)
    found = profile(Found(path.name, (path,), "parquet"))
    assert isinstance(found, Table)
    return found


def test_figures_of_small_tables_are_exact(tmp_path: Path) -> None:
    found = table(tmp_path, "t", a=[1, 2, 3, None], b=["one two", "three", "", None], c=[4, 5, 6, 7], d=[b"x"] * 4)
    one, two, three, four = found.columns.values()
    assert (one.distinct, one.nulls, one.low, one.high, one.unique) == (3, 1, 1, 3, False)
    assert (two.distinct, two.words) == (3, 1.0)
    assert three.unique
    assert three.dense
    assert (four.distinct, four.known) == (0, 4)
    assert found.values("a") == {1: 1, 2: 1, 3: 1}


def test_an_empty_table_has_no_figures(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    pl.DataFrame({"a": []}).write_parquet(path)
    assert profile(Found(path.name, (path,), "parquet")) == "no rows"


@given(st.sets(st.integers(0, 300), min_size=1), st.sets(st.integers(0, 300), min_size=1))
def test_overlap_is_that_of_the_sets(tmp_path_factory: pytest.TempPathFactory, one: set[int], two: set[int]) -> None:
    folder = tmp_path_factory.mktemp("overlap")
    left, right = table(folder, "one", a=[*one, *one]), table(folder, "two", b=list(two))
    both = len(one & two)
    assert overlap(left, "a", right, "b") == pytest.approx((both / len(one), both / len(two)))


def test_large_tables_are_estimated_from_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXACT_ROWS", 2000)
    monkeypatch.setattr(module, "MANY", 100)
    monkeypatch.setattr(module, "KEYS", 1000)
    left = table(tmp_path, "large", a=list(range(20_000)), b=[n // 2 for n in range(20_000)], c=[0, 1] * 10_000)
    right = table(tmp_path, "small", b=[str(n) for n in range(15_000, 25_000)])
    assert left.columns["a"].distinct == pytest.approx(20_000, rel=0.05)
    assert left.columns["b"].distinct == pytest.approx(10_000, rel=0.05)
    assert left.columns["c"].distinct == 2
    assert [left.columns[name].unique for name in "abc"] == [True, False, False]
    keys, step = left.keys("a")
    assert step >= 16
    assert keys.height == pytest.approx(20_000 / step, rel=0.2)
    assert overlap(left, "a", right, "b") == pytest.approx((0.25, 0.5), abs=0.06)
