from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.arrays import among, distinct, mapped, spans

ROWS = st.lists(st.integers(0, 30), max_size=40)


@given(one=ROWS, other=ROWS)
def test_sets_of_rows_are_numpys(one: list[int], other: list[int]) -> None:
    a, b = np.array(one, np.int32), np.array(other, np.int32)
    np.testing.assert_array_equal(distinct(a, b), np.union1d(a, b))
    np.testing.assert_array_equal(among(a, distinct(b)), np.isin(a, b))
    assert distinct(a, b).dtype == np.int32


def test_spans_by_hand() -> None:
    positions, starts = spans(np.array([3, 7, 0]), np.array([5, 7, 1]))
    assert positions.tolist() == [3, 4, 0]
    assert starts.tolist() == [0, 2, 2]


def test_a_mapped_file_is_a_plain_view_that_cannot_be_written(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(4))
    found = mapped(tmp_path / "a.npy")
    assert type(found) is np.ndarray
    assert isinstance(found.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1
