import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import DataError
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.pasts import first_actions
from graphrec.history import DAY_S, History
from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.training.config import TrainingConfig
from graphrec.training.examples import Examples, examples_of
from tests.training.test_twhin import FOLLOWS, LIKES, graph_of
from tests.training.world import communities

TRAINING = TrainingConfig(windows=2, window_days=5)
AS_OF = 20 * DAY_S


def history_of(*actions: tuple[int, int, float]) -> History:
    """Return the history of ``(user, flit, day)``."""
    users, flits, days = (np.array(one) for one in zip(*actions, strict=True))
    return History.from_edges(
        users.astype(np.int32), flits.astype(np.int32), (days * DAY_S).astype(np.int64), None, int(users.max()) + 1
    )


def told(history: History, examples: Examples) -> list[tuple[int, int, list[int], float]]:
    """Return user, target, what came before and age of each example."""
    return [
        (int(user), int(target), history.rows[start:stop].tolist(), round(float(age), 6))
        for user, target, start, stop, age in zip(
            examples.users, examples.targets, examples.start, examples.stop, examples.ages, strict=True
        )
    ]


def test_examples_by_hand() -> None:
    """Two windows of five days before day 20; day 9 is too old to be predicted, and tells of the user all the same."""
    history = history_of((0, 5, 9), (0, 3, 12), (0, 1, 15), (0, 2, 15), (0, 7, 19), (1, 4, 10))
    examples = examples_of(history, TwoTowerConfig(history=2), TRAINING, as_of_s=AS_OF)
    assert told(history, examples) == [
        (0, 3, [5], 0.8),
        (0, 1, [5, 3], 0.5),
        (0, 2, [5, 3], 0.5),  # flit 1 was met in the same second
        (0, 7, [1, 2], 0.1),
        (1, 4, [], 1.0),
    ]


def test_heavy_users_give_their_newest_actions() -> None:
    history = history_of(*((0, flit, 11 + flit / 10) for flit in range(30)), (1, 3, 12))
    examples = examples_of(history, TwoTowerConfig(examples_per_user=4), TRAINING, as_of_s=AS_OF)
    assert examples.targets.tolist() == [26, 27, 28, 29, 3]
    assert [len(before) for _, _, before, _ in told(history, examples)] == [26, 27, 28, 29, 0]


@given(seed=st.integers(0, 10_000), most=st.integers(1, 6))
@settings(max_examples=60)
def test_what_came_before_equals_the_naive_twin(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    actions = {(int(rng.integers(3)), int(rng.integers(12))): float(rng.integers(1, 20)) for _ in range(25)}
    history = history_of(*((user, flit, day) for (user, flit), day in actions.items()))
    assert history.time_s is not None
    for user, target, before, age in told(
        history, examples_of(history, TwoTowerConfig(history=most), TRAINING, as_of_s=AS_OF)
    ):
        now = actions[user, target]
        earlier = sorted((day, flit) for (other, flit), day in actions.items() if other == user and day < now)
        assert before == [flit for _, flit in earlier][-most:]
        assert age == pytest.approx((20 - now) / 10, abs=1e-6)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_what_comes_later_changes_no_earlier_example(seed: int) -> None:
    """A planted future: the same second, a day later, of the same user and of others."""
    rng = np.random.default_rng(seed)
    past = [(int(rng.integers(3)), flit, float(rng.integers(10, 15))) for flit in range(12)] + [(2, 12, 14.0)]
    future = [(int(rng.integers(3)), 20 + number, float(rng.integers(14, 20))) for number in range(10)]
    config = TwoTowerConfig(history=4)
    before, after = history_of(*past), history_of(*past, *future)
    known = told(before, examples_of(before, config, TRAINING, as_of_s=AS_OF))
    assert known == [
        one for one in told(after, examples_of(after, config, TRAINING, as_of_s=AS_OF)) if one[1] < 20
    ]  # fmt: skip


def test_an_action_at_or_after_the_instant_is_refused() -> None:
    world = communities(num_users=4, num_flits=6, actions=3)
    with pytest.raises(DataError, match="must be before"):
        build_graph(world.tables, as_of_s=world.end_s // 2)


def test_each_flit_counts_once_when_it_was_met_first() -> None:
    world = communities(num_users=10, num_flits=12, actions=6)
    graph = build_graph(world.tables, as_of_s=world.end_s)
    twice = first_actions(graph, [LIKES, LIKES])
    once = first_actions(graph, [LIKES])
    np.testing.assert_array_equal(twice.rows, once.rows)
    assert once.num_actions == graph.relations[LIKES].num_edges
    np.testing.assert_array_equal(once.rows, graph.relations[LIKES].indices)
    np.testing.assert_array_equal(once.time_s, graph.relations[LIKES].time_s)


def test_undated_actions_stand_in_a_random_order_and_have_no_age() -> None:
    world = communities(num_users=10, num_flits=30, actions=8, dated=False)
    graph = build_graph(world.tables, as_of_s=None)
    history, again, other = (first_actions(graph, [LIKES], seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(history.rows, again.rows)
    assert history.rows.tolist() != other.rows.tolist()
    assert sorted(history.of(3).rows.tolist()) == sorted(other.of(3).rows.tolist())
    examples = examples_of(history, TwoTowerConfig(), TRAINING, as_of_s=None)
    assert not examples.ages.any()
    assert len(examples) == history.num_actions


def test_a_graph_without_actions_is_refused() -> None:
    with pytest.raises(DataError, match="graph must hold an action"):
        first_actions(empty(), [LIKES])


def empty() -> InteractionGraph:
    return graph_of({"user": 3, "flit": 2}, {LIKES: [], FOLLOWS: [(0, 1)]})
