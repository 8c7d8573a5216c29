import math
import zlib

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import BoolVector
from graphrec.features.columns import CategoricalColumn, NumericColumn, encode_columns
from graphrec.features.config import ColumnConfig


def mask(*values: int) -> BoolVector:
    return np.array(values, dtype=np.bool_)


def test_numbers_by_hand() -> None:
    values = pl.Series("age", [1.0, 3.0, None, float("inf"), 1000.0, 2.0])
    fit = mask(1, 1, 1, 1, 0, 0)
    column = NumericColumn.fit(values, fit)
    assert (column.mean, column.deviation) == (2.0, 1.0)
    np.testing.assert_array_equal(column.encode(values), [[-1, 0], [1, 0], [0, 1], [0, 1], [5, 0], [0, 0]])


def test_constant_and_empty_numbers_are_zero() -> None:
    for values in ([7, 7, 7], [None, None, None]):
        series = pl.Series("age", values, dtype=pl.Int64)
        assert not NumericColumn.fit(series, mask(1, 1, 1)).encode(series)[:, 0].any()


def test_width_of_numbers_does_not_depend_on_the_data() -> None:
    frames = [pl.DataFrame({"age": [1.0, 2.0]}), pl.DataFrame({"age": [1.0, None]})]
    widths = {encode_columns(frame, ["age"], [], mask(1, 1), ColumnConfig())[0].shape for frame in frames}
    assert widths == {(2, 2)}


def test_categories_by_hand() -> None:
    column = pl.Series("country", ["IT", "DE", None, "FR", "IT"])
    fitted = CategoricalColumn.fit(column, mask(1, 1, 1, 0, 0), ColumnConfig())
    assert fitted.labels == ("country missing", "country=DE", "country=IT")
    np.testing.assert_array_equal(fitted.encode(column), [[0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1]])


def test_many_values_are_hashed_by_crc32() -> None:
    column = pl.Series("city", ["a", "b", "c", None])
    config = ColumnConfig(max_one_hot=2, hash_buckets=7)
    fitted = CategoricalColumn.fit(column, mask(1, 1, 1, 1), config)
    assert len(fitted.labels) == 8
    expected = [1 + zlib.crc32(value) % 7 for value in (b"a", b"b", b"c")] + [0]
    np.testing.assert_array_equal(fitted.encode(column).argmax(axis=1), expected)
    assert fitted.encode(pl.Series("city", ["new"])).argmax() == 1 + zlib.crc32(b"new") % 7


def test_number_of_values_counts_fit_rows_only() -> None:
    column = pl.Series("city", ["a", "b", "c"])
    assert CategoricalColumn.fit(column, mask(1, 1, 0), ColumnConfig(max_one_hot=2)).values == ("a", "b")


def test_lists_mark_every_value() -> None:
    column = pl.Series("genres", [["war", "art"], [], None, ["art"], ["new", "war"]])
    fitted = CategoricalColumn.fit(column, mask(1, 1, 1, 1, 0), ColumnConfig())
    assert fitted.values == ("art", "war")
    np.testing.assert_array_equal(fitted.encode(column), [[0, 1, 1], [1, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 1]])


def test_integers_booleans_and_enums_are_categories() -> None:
    frame = pl.DataFrame({"i": [3, 1], "b": [True, None], "e": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"]))})
    matrix, labels = encode_columns(frame, [], ["i", "b", "e"], mask(1, 1), ColumnConfig())
    assert labels == ("i missing", "i=1", "i=3", "b missing", "b=true", "e missing", "e=x", "e=y")
    np.testing.assert_array_equal(matrix, [[0, 0, 1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 0, 0, 1]])


def test_nothing_to_learn_from_is_all_unknown() -> None:
    frame = pl.DataFrame({"n": [1.0, 2.0], "c": ["x", "y"]})
    matrix, labels = encode_columns(frame, ["n"], ["c"], mask(0, 0), ColumnConfig())
    assert labels == ("n", "n missing", "c missing")
    np.testing.assert_array_equal(matrix, [[1, 0, 1], [2, 0, 1]])


def test_no_columns_and_no_rows() -> None:
    assert encode_columns(pl.DataFrame({"id": ["a"]}), [], [], mask(1), ColumnConfig())[0].shape == (1, 0)
    frame = pl.DataFrame({"n": [], "c": []}, schema={"n": pl.Float64, "c": pl.String})
    assert encode_columns(frame, ["n"], ["c"], mask(), ColumnConfig())[0].shape == (0, 3)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.none() | st.floats(), st.none() | st.sampled_from("abcdefg"), st.booleans()),
        min_size=1,
        max_size=30,
    )
)
def test_columns_equal_a_naive_twin(rows: list[tuple[float | None, str | None, bool]]) -> None:
    frame = pl.DataFrame(rows, schema={"n": pl.Float64, "c": pl.String, "fit": pl.Boolean}, orient="row")
    matrix, labels = encode_columns(
        frame, ["n"], ["c"], frame["fit"].to_numpy(), ColumnConfig(max_one_hot=4, hash_buckets=3)
    )
    assert np.isfinite(matrix).all()
    assert matrix.shape[1] == len(labels)
    seen = sorted({c for _, c, fit in rows if fit and c is not None})
    for (number, category, _), row in zip(rows, matrix, strict=True):
        missing = number is None or not math.isfinite(number)
        assert row[1] == missing
        assert abs(row[0]) <= 5
        assert not (missing and row[0])
        if len(seen) <= 4:
            expected = 1 + seen.index(category) if category in seen else 0
        else:
            expected = 0 if category is None else 1 + zlib.crc32(category.encode()) % 3
        assert row[2:].sum() == 1
        assert row[2 + expected] == 1
