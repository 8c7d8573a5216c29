import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.arrays import normalise_rows
from graphrec.retrieval.diversify import marginal_relevance, within_cap
from graphrec.retrieval.scored import Scored


def scored(count: int) -> Scored:
    nothing = np.zeros(count, np.float32)
    return Scored(
        np.arange(count, dtype=np.int32),
        -np.arange(count, dtype=np.float32),
        nothing,
        nothing.astype(np.int32),
        nothing,
    )


def test_the_cap_by_hand() -> None:
    group = np.array([3, 1, 3, -1, 3, 1, -1, -1], np.int32)
    assert within_cap(group, 1).tolist() == [0, 1, 3, 6, 7]
    assert within_cap(group, 2).tolist() == [0, 1, 2, 3, 5, 6, 7]
    assert within_cap(group[:0], 2).tolist() == []


@given(groups=st.lists(st.integers(-1, 4), max_size=40), most=st.integers(1, 5))
def test_the_cap_keeps_the_first_of_each(groups: list[int], most: int) -> None:
    kept = within_cap(np.array(groups, dtype=np.int32), most).tolist()
    seen: dict[int, int] = {}
    expected = []
    for place, group in enumerate(groups):
        seen[group] = seen.get(group, 0) + 1
        if group < 0 or seen[group] <= most:
            expected.append(place)
    assert kept == expected


def test_marginal_relevance_by_hand() -> None:
    """Two twins and a stranger: the second twin, though second by score, gives way."""
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert marginal_relevance(scored(3), vectors, 3, 0.0).tolist() == [0, 1, 2]
    assert marginal_relevance(scored(3), vectors, 3, 0.5).tolist() == [0, 2, 1]
    assert marginal_relevance(scored(3), vectors, 2, 0.5).tolist() == [0, 2]
    assert marginal_relevance(scored(0), vectors, 2, 0.5).tolist() == []


@given(seed=st.integers(0, 999), count=st.integers(1, 25), k=st.integers(1, 30), diversity=st.floats(0, 1))
def test_marginal_relevance_equals_loops(seed: int, count: int, k: int, diversity: float) -> None:
    rng = np.random.default_rng(seed)
    vectors = normalise_rows(rng.normal(size=(count, 4)).astype(np.float32))
    places = marginal_relevance(scored(count), vectors, k, diversity).tolist()
    assert len(places) == len(set(places)) == min(k, count)
    chosen: list[int] = []
    for place in places:

        def value(one: int) -> float:
            near = max((float(vectors[one] @ vectors[other]) for other in chosen), default=0.0)
            return (1 - diversity) * (1 - one / count) - diversity * max(near, 0.0)

        best = max(value(one) for one in range(count) if one not in chosen)
        assert value(place) == pytest.approx(best, abs=1e-5)
        chosen.append(place)
