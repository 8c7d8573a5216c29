"""History: sorting, slicing, round trips."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import ArtifactError, ShapeError
from graphrec.history import History

EDGES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 20)), max_size=30)


def built(edges: list[tuple[int, int, int]]) -> History:
    table = np.array(edges, dtype=np.int64).reshape(-1, 3)
    users, flits = table[:, 0].astype(np.int32), table[:, 1].astype(np.int32)
    return History.from_edges(users, flits, table[:, 2], None, num_users=5)


@given(EDGES)
@settings(max_examples=60)
def test_from_edges_sorts_by_user_time_and_flit(edges: list[tuple[int, int, int]]) -> None:
    history = built(edges)
    for user in range(5):
        expected = sorted((time, flit) for one, flit, time in edges if one == user)
        actions = history.of(user)
        assert actions.time_s is not None
        assert list(zip(actions.time_s.tolist(), actions.rows.tolist(), strict=True)) == expected


@given(EDGES, st.randoms())
@settings(max_examples=40)
def test_from_edges_does_not_depend_on_the_order(edges: list[tuple[int, int, int]], random: object) -> None:
    one, other = built(edges), built(edges[::-1])
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.indptr, other.indptr)


@given(EDGES, st.integers(1, 4))
@settings(max_examples=60)
def test_newest_keeps_the_end_of_each_user(edges: list[tuple[int, int, int]], n: int) -> None:
    history = built(edges)
    newest = history.newest(n)
    for user in range(5):
        assert newest.of(user).rows.tolist() == history.of(user).rows.tolist()[-n:]


def test_counts_and_users() -> None:
    history = built([(0, 3, 1), (0, 3, 2), (4, 1, 0)])
    assert (history.num_users, history.num_actions) == (5, 3)
    assert history.users.tolist() == [0, 0, 4]
    assert history.actions_per_user.tolist() == [2, 0, 0, 0, 1]
    assert history.actions_per_flit(5).tolist() == [0, 1, 0, 2, 0]
    assert history.weight.dtype == np.float32


def test_undated_actions_stand_by_flit() -> None:
    history = History.from_edges(np.array([1, 1], np.int32), np.array([5, 2], np.int32), None, None, 2)
    assert history.of(1).rows.tolist() == [2, 5]
    assert history.of(1).time_s is None


@pytest.mark.parametrize("dated", [True, False])
def test_opened_equals_saved(tmp_path: Path, dated: bool) -> None:
    rows = np.array([4, 1, 2], np.int32)
    time_s = np.array([9, 7, 8], np.int64) if dated else None
    history = History.from_edges(np.array([2, 0, 2], np.int32), rows, time_s, np.array([1, 2, 3], np.float32), 3)
    history.save(tmp_path)
    opened = History.open(tmp_path)
    assert np.array_equal(opened.rows, history.rows)
    assert np.array_equal(opened.weight, history.weight)
    assert (opened.time_s is None) == (not dated)
    assert opened.of(2).rows.tolist() == history.of(2).rows.tolist()


def test_open_without_files_raises(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="must hold indptr"):
        History.open(tmp_path)


def test_broken_arrays_raise() -> None:
    rows, weight = np.array([1, 2], np.int32), np.ones(2, np.float32)
    with pytest.raises(ShapeError, match="start at 0"):
        History(np.array([1, 2]), rows, None, weight)
    with pytest.raises(ShapeError, match="entries"):
        History(np.array([0, 3]), rows, None, weight)
    with pytest.raises(ShapeError, match="rise within each user"):
        History(np.array([0, 2]), rows, np.array([5, 4]), weight)
    with pytest.raises(ShapeError, match="one length"):
        History.from_edges(rows, rows[:1], None, None, 3)
    with pytest.raises(ShapeError, match="user_rows must lie"):
        History.from_edges(rows, rows, None, None, 2)


def test_times_may_fall_between_users() -> None:
    history = History(np.array([0, 1, 2]), np.array([0, 0], np.int32), np.array([9, 1]), np.ones(2, np.float32))
    assert history.of(1).rows.tolist() == [0]
