import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import FloatVector, RowVector
from graphrec.compiled import AHEAD, LINE, fetch, products


@given(num=st.integers(1, 40), dim=st.integers(1, 70), asked=st.integers(0, 50), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_products_are_those_of_the_rows(num: int, dim: int, asked: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, vector = rng.normal(size=(num, dim)).astype(np.float32), rng.normal(size=dim).astype(np.float32)
    rows = rng.integers(0, num, asked).astype(np.int32)
    found = products(matrix, rows, vector)
    assert found.dtype == np.float32
    assert found == pytest.approx(matrix[rows] @ vector, abs=1e-4)


def test_a_product_keeps_what_is_not_a_number() -> None:
    matrix = np.array([[np.nan, 1], [np.inf, 1], [2, 3]], np.float32)
    found = products(matrix, np.arange(3, dtype=np.int32), np.ones(2, np.float32))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [np.inf, 5]


@numba.njit(cache=False)
def _read(numbers: FloatVector, rows: RowVector) -> float:
    total = 0.0
    for place in range(len(rows)):
        fetch(numbers, rows[min(place + AHEAD, len(rows) - 1)], LINE)
        total += numbers[rows[place]]
    return total


def test_what_is_fetched_is_read_as_it_stands() -> None:
    numbers = np.arange(200, dtype=np.float32)
    rows = np.array([0, 199 - LINE, 60], np.int32)
    assert _read(numbers, rows) == rows.sum()
    assert numbers.tolist() == list(range(200))
