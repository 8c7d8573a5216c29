from typing import Any

import numpy as np
import pytest

from graphrec.errors import ConfigError, ShapeError
from graphrec.index import MAX_K, usable_rows
from graphrec.index.neighbours import check_queries

ONES = np.ones((4, 3), np.float32)


def spoilt(value: float) -> Any:
    matrix = ONES.copy()
    matrix[2, 1] = value
    return matrix


@pytest.mark.parametrize("k", [0, -1, MAX_K + 1, 10**12])
def test_k_is_capped(k: int) -> None:
    with pytest.raises(ConfigError, match=rf"k must be from 1 to 100000 \(got {k}\)"):
        check_queries(ONES, 3, k)


@pytest.mark.parametrize("matrix", [ONES[0], ONES[None], ONES.astype(np.float64), ONES.astype(np.int64)])
def test_shape_and_dtype_are_enforced(matrix: Any) -> None:
    with pytest.raises(ShapeError, match=r"queries must be float32 \[queries, dim\]"):
        check_queries(matrix, 3, 1)
    with pytest.raises(ShapeError, match=r"vectors must be float32 \[rows, dim\]"):
        usable_rows(matrix, None)


@pytest.mark.parametrize("dim", [1, 2, 4, 64])
def test_another_dim_names_both_and_the_remedy(dim: int) -> None:
    with pytest.raises(ShapeError, match=rf"must have dim {dim} .* \(got 3\); make both with the same model version"):
        check_queries(ONES, dim, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_rows_that_are_not_finite_are_counted(value: float) -> None:
    for check in (lambda matrix: check_queries(matrix, 3, 1), lambda matrix: usable_rows(matrix, None)):
        with pytest.raises(ShapeError, match="got 1 of 4 rows with NaN, infinity or overflow, 0 zero"):
            check(spoilt(value))


def test_zero_rows_are_counted() -> None:
    zero = ONES * np.array([[1], [0], [0], [1]], np.float32)
    for check in (lambda matrix: check_queries(matrix, 3, 1), lambda matrix: usable_rows(matrix, None)):
        with pytest.raises(ShapeError, match="got 0 of 4 rows with NaN, infinity or overflow, 2 zero"):
            check(zero)


def test_a_mask_leaves_rows_out() -> None:
    valid = np.array([True, True, False, True])
    rows = usable_rows(spoilt(np.nan), valid)
    assert rows.tolist() == [0, 1, 3]
    assert rows.dtype == np.int32
    with pytest.raises(ShapeError, match=r"valid must be bool \[4\] \(got bool \[3\]\)"):
        usable_rows(ONES, valid[:3])
    with pytest.raises(ShapeError, match=r"valid must be bool \[4\] \(got int64 \[4\]\)"):
        usable_rows(ONES, valid.astype(np.int64))
