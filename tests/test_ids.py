from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import DataError, UnknownIdError
from graphrec.ids import Id, IdMap

names = st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, max_size=30)
numbers = st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=30)


@given(ids=st.one_of(names, numbers), seed=st.integers(0, 99))
def test_ids_and_rows_are_a_bijection(ids: list[Id], seed: int) -> None:
    id_map = IdMap(pl.Series("any", ids, dtype=pl.String if ids and isinstance(ids[0], str) else pl.Int64))
    order = np.random.default_rng(seed).permutation(len(ids))
    asked = [ids[place] for place in order]
    assert id_map.rows(asked).tolist() == order.tolist()
    assert id_map.ids(id_map.rows(asked)).to_list() == id_map.named(id_map.rows(asked)) == asked
    assert [id_map.row(one) for one in ids] == list(range(len(ids)))
    assert len(id_map) == len(ids)


def test_rows_may_repeat_and_are_int32() -> None:
    id_map = IdMap(["b", "a", "c"])
    found = id_map.rows(["c", "c", "b"])
    assert found.tolist() == [2, 2, 0]
    assert found.dtype == np.int32
    assert id_map.rows([]).tolist() == []
    assert id_map.series.to_list() == ["b", "a", "c"]


def test_a_series_of_ids_is_looked_up_as_it_is() -> None:
    assert IdMap([30, 10, 20]).rows(pl.Series([20, 30], dtype=pl.Int64)).tolist() == [2, 0]


def test_unknown_ids_raise_or_get_the_row_given() -> None:
    id_map = IdMap(["b", "a"])
    with pytest.raises(UnknownIdError, match=r"ids must be known ids \(got 2 unknown, first 'x'\)"):
        id_map.rows(["a", "x", "y"])
    assert id_map.rows(["a", "x"], missing=-1).tolist() == [1, -1]
    with pytest.raises(UnknownIdError, match=r"id must be a known id \(got 'x', not among 2 ids\)"):
        id_map.row("x")
    assert id_map.get("x") is None
    with pytest.raises(KeyError):
        id_map.row("x")


@pytest.mark.parametrize(("ids", "asked"), [(["b", "a"], [3, 4]), ([3, 4], ["a"]), (["a"], [None])])
def test_ids_of_another_type_are_unknown(ids: list[Id], asked: list[Id]) -> None:
    with pytest.raises(UnknownIdError, match="must be known ids"):
        IdMap(ids).rows(asked)
    assert IdMap(ids).get(asked[0]) is None


def test_repeated_and_null_ids_raise() -> None:
    with pytest.raises(DataError, match=r"ids must be unique \(got 2 repeated\)"):
        IdMap(["a", "b", "a", "a"])
    with pytest.raises(DataError, match=r"ids must not be null \(got 1 nulls\)"):
        IdMap(pl.Series(["a", None]))


@pytest.mark.parametrize("ids", [["b", "a", "ä\n"], [2**62, -5, 0]])
def test_saved_ids_open_in_the_same_order(ids: list[Id], tmp_path: Path) -> None:
    IdMap(ids).save(tmp_path / "ids.parquet")
    opened = IdMap.open(tmp_path / "ids.parquet")
    assert opened.series.to_list() == ids
    assert opened.rows(ids).tolist() == [0, 1, 2]


@pytest.mark.parametrize("text", ["9" * 19, "-" + "9" * 19, "9" * 5000, "1e3", "+1", "", "-", " 1", "0x1"])
def test_text_that_is_no_number_of_64_bits_stays_text(text: str) -> None:
    assert IdMap([1, 2]).parsed(text) == text


def test_text_becomes_an_id_of_the_known_type() -> None:
    numbers, names = IdMap([1, 2]), IdMap(["1", "2"])
    assert [numbers.parsed(one) for one in ("2", "-7", str(2**63 - 1), str(-(2**63)))] == [2, -7, 2**63 - 1, -(2**63)]
    assert names.parsed("2") == "2"
