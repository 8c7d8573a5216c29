"""Pairs that supervise a snapshot."""

import numpy as np
import polars as pl
import pytest

from graphrec.training.positives import Positives, next_actions


def test_next_actions_by_hand() -> None:
    actions = pl.DataFrame(
        {
            "user_row": [0, 0, 0, 0, 1, 2, 2],
            "flit_row": [5, 3, 5, 4, 5, 1, 2],
            "time_s": [10, 20, 30, 40, 50, 60, 60],
        }
    )
    held = pl.DataFrame({"user_row": [0, 0, 1, 2], "flit_row": [3, 4, 5, 2]})
    before, target = next_actions(actions, held, most=2)
    # User 0 met 5, 3, (5 again: not new), 4; user 1's first action follows nothing; user 2's share a second.
    assert target.tolist() == [3, 4, 2]
    assert before.tolist() == [[5, -1], [3, 5], [1, -1]]
    assert before.dtype == np.int32
    assert next_actions(actions, held, most=1)[0].tolist() == [[5], [3], [1]]


def test_next_actions_of_undated_actions_are_two_of_one_user() -> None:
    actions = pl.DataFrame(
        {"user_row": [0] * 6 + [1] * 6, "flit_row": [*range(6), *range(10, 16)], "time_s": [None] * 12},
        schema_overrides={"time_s": pl.Int64},
    )
    held = actions.select("user_row", "flit_row")
    before, target = next_actions(actions, held, most=3)
    assert len(target) == 10  # the first of each user in the drawn order follows nothing
    assert (before != target[:, None]).all()
    own = (before >= 10) == (target >= 10)[:, None]
    assert own[before >= 0].all()
    assert (next_actions(actions, held, most=3)[0] == before).all()


def test_queries_are_drawn_evenly_from_the_choices() -> None:
    choices = np.array([[4, 7, 9], [5, -1, -1]] * 3000, dtype=np.int32)
    targets = np.zeros(6000, dtype=np.int32)
    kind = Positives("next_action", 1.0, "flit", choices[:, 0], "flit", targets, choices)
    drawn = kind.drawn(np.random.default_rng(0)).query_rows
    assert (drawn[1::2] == 5).all()
    assert [(drawn[::2] == one).mean() for one in (4, 7, 9)] == pytest.approx([1 / 3] * 3, abs=0.03)
    fixed = Positives("actions", 1.0, "user", targets, "flit", targets)
    assert fixed.drawn(np.random.default_rng(0)) is fixed
