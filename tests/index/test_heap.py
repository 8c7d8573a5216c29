"""Rated rows beside pairs of score and row, and the heap beside a sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.index.heap import NO_ROW, add, rated, replace_worst, row_of, score_of

scores = st.floats(width=32, allow_nan=False)
rows = st.integers(0, 2**31 - 1)


@given(score=scores, row=rows)
def test_a_rated_row_tells_its_score_and_itself(score: float, row: int) -> None:
    number = rated(np.float32(score), row)
    assert (score_of(number), row_of(number)) == (np.float32(score), row)
    assert number > NO_ROW


@given(score=scores, other=scores, row=rows, other_row=rows)
def test_the_higher_score_wins_and_of_equal_ones_the_lower_row(
    score: float, other: float, row: int, other_row: int
) -> None:
    better = (score, -row) > (other, -other_row)
    assert (rated(np.float32(score), row) > rated(np.float32(other), other_row)) == better


def test_zero_has_no_sign() -> None:
    assert rated(np.float32(-0.0), 3) == rated(np.float32(0.0), 3)


@pytest.mark.parametrize("size", [1, 2, 7])
@given(pairs=st.lists(st.tuples(st.sampled_from([-1.5, -0.0, 0.0, 0.25, 3.0]), st.integers(0, 9)), max_size=40))
def test_a_heap_keeps_the_best(size: int, pairs: list[tuple[float, int]]) -> None:
    heap, held = np.full(size, NO_ROW), 0
    numbers = [rated(np.float32(score), row) for score, row in pairs]
    for number in numbers:
        if held < size:
            add(heap, held, number)
            held += 1
        elif number > heap[0]:
            replace_worst(heap, held, number)
    assert heap[0] == min(heap[:held], default=NO_ROW)
    assert sorted(heap[:held].tolist(), reverse=True) == sorted(numbers, reverse=True)[:size]
