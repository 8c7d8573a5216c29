import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import DataError
from graphrec.simulate import REFERENCES, SimulationSummary, comparison, shape_of, within_references
from graphrec.simulate.summary import gini


def test_gini_golden() -> None:
    assert gini(np.array([1, 1, 1, 1])) == pytest.approx(0.0)
    assert gini(np.array([0, 0, 0, 4])) == pytest.approx(0.75)
    assert gini(np.array([1, 3])) == pytest.approx(0.25)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(lambda one: sum(one) > 0))
def test_gini_equals_mean_difference(counts: list[int]) -> None:
    values = np.array(counts)
    differences = np.abs(values[:, None] - values[None, :]).mean() / (2 * values.mean())
    assert gini(values) == pytest.approx(differences)


def test_shape_counts_distinct_pairs() -> None:
    frame = pl.DataFrame({"u": ["a", "a", "a", "b"], "i": ["x", "x", "y", "x"]})
    shape = shape_of(frame, "u", "i")
    assert (shape.users, shape.items, shape.pairs) == (2, 2, 3)
    assert shape.density == pytest.approx(0.75)
    assert shape.activity[2] == pytest.approx(1.5)


def test_no_row_is_an_error() -> None:
    with pytest.raises(DataError, match="must hold a row"):
        shape_of(pl.DataFrame({"u": [], "i": []}), "u", "i")


def test_references_lie_in_their_own_range() -> None:
    for reference in REFERENCES:
        assert all(within_references(reference, slack=0.0).values())


def test_default_network_lies_between_movielens_and_deskdrop(default: SimulationSummary) -> None:
    assert all(within_references(default.shape, slack=0.0).values()), default.comparison()
    assert comparison(default.shape).height == 3
