"""What counts as truth, slices, and planted leaks."""

import numpy as np
import pytest

from graphrec.errors import DataError, ShapeError
from graphrec.evaluation.held import Held, check_no_leak
from graphrec.history import DAY_S, History
from tests.evaluation.worlds import World

AVAILABLE = np.array([True, True, True, True, False])


def history(*, last_s: int = 9) -> History:
    users, flits = np.array([0, 0, 1], np.int32), np.array([0, 1, 1], np.int32)
    return History.from_edges(users, flits, np.array([1, 2, last_s]), None, num_users=3)


def held() -> Held:
    """User 0: flit 1 again (seen), 2 twice, 4 (posted later). User 1: 0 and 3."""
    users, flits = np.array([1, 0, 0, 0, 0, 1], np.int32), np.array([3, 2, 1, 2, 4, 0], np.int32)
    return Held.from_edges(users, flits, history(), AVAILABLE, split_s=10)


def test_from_edges_keeps_new_available_flits_once_and_counts_the_rest() -> None:
    one = held()
    assert one.indptr.tolist() == [0, 1, 3, 3]
    assert one.rows.tolist() == [2, 0, 3]
    assert one.users.tolist() == [0, 1]
    assert one.dropped == {"repeated": 1, "not_available": 1, "seen": 1}
    assert [part.tolist() for part in one.lists()] == [[0, 1, 3], [2, 0, 3]]


def test_a_future_training_action_is_caught() -> None:
    leaky = history(last_s=10)
    with pytest.raises(DataError, match="1 later actions"):
        Held.from_edges(np.array([0], np.int32), np.array([2], np.int32), leaky, AVAILABLE, split_s=10)
    with pytest.raises(DataError, match="before the split instant 10"):
        check_no_leak(leaky, held())


def test_a_pair_on_both_sides_is_caught() -> None:
    users, flits = np.array([0, 0, 1, 1], np.int32), np.array([0, 1, 1, 3], np.int32)
    leaky = History.from_edges(users, flits, np.array([1, 2, 3, 4]), None, num_users=3)
    with pytest.raises(DataError, match="first user row 1, flit row 3"):
        check_no_leak(leaky, held())
    check_no_leak(history(), held())


def test_other_users_raise() -> None:
    small = History.from_edges(np.array([0], np.int32), np.array([0], np.int32), None, None, 1)
    with pytest.raises(ShapeError, match="same users"):
        check_no_leak(small, held())


def test_slices_part_flits_and_users() -> None:
    parts = held().slices(history())
    assert parts["cold"][1].rows.tolist() == [2, 3]
    assert parts["warm"][1].rows.tolist() == [0]
    assert parts["light"][1].users.tolist() == [1]
    assert parts["heavy"][1].users.tolist() == [0]
    assert parts["light"][0] == "users with fewer than 1.5 training actions"


def test_slices_add_up(world: World) -> None:
    parts = {name: part for name, (_, part) in world.held.slices(world.history).items()}
    for one, other in (("cold", "warm"), ("light", "heavy")):
        assert parts[one].num_events + parts[other].num_events == world.held.num_events
    cold = world.history.actions_per_flit(200) == 0
    assert cold[parts["cold"].rows].all()
    assert not cold[parts["warm"].rows].any()


def test_days_part_the_events_by_their_oldest_action() -> None:
    users, flits = np.array([1, 0, 0, 1, 2], np.int32), np.array([3, 2, 2, 0, 0], np.int32)
    time_s = 10 + np.array([5, DAY_S + 1, DAY_S - 1, 2 * DAY_S, 2 * DAY_S])  # (0, 2) on days 2 and 1
    one = Held.from_edges(users, flits, history(), AVAILABLE, split_s=10, time_s=time_s)
    days = {name: part for name, (_, part) in one.slices(history()).items() if name.startswith("day")}
    assert list(days) == ["day_1", "day_2", "day_3"]
    assert [part.num_events for part in days.values()] == [2, 0, 2]
    assert days["day_1"].users.tolist() == [0, 1]
    assert days["day_3"].rows.tolist() == [0, 0]
    assert "day_1" not in held().slices(history())
    assert Held.from_edges(users, flits, history(), AVAILABLE, time_s=time_s).day is None  # no split instant


def test_days_survive_other_restrictions() -> None:
    users, flits = np.array([0, 1], np.int32), np.array([2, 3], np.int32)
    one = Held.from_edges(users, flits, history(), AVAILABLE, split_s=10, time_s=np.array([10, DAY_S + 10]))
    rest = one.only_users(np.array([False, True, True]))
    assert rest.day is not None
    assert rest.day.tolist() == [2]


def test_broken_arrays_raise() -> None:
    with pytest.raises(ShapeError, match="entries"):
        Held(np.array([0, 2]), np.array([1], np.int32), AVAILABLE)
    with pytest.raises(DataError, match="ascending and unique"):
        Held(np.array([0, 2]), np.array([1, 1], np.int32), AVAILABLE)
    with pytest.raises(ShapeError, match="flit_rows must lie"):
        Held.from_edges(np.array([0], np.int32), np.array([5], np.int32), history(), AVAILABLE)
