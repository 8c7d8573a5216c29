"""Nearness: planted communities, naive twins, users without actions."""

import numpy as np
import pytest

from graphrec.arrays import normalise_rows
from graphrec.errors import DataError, ShapeError
from graphrec.evaluation.nearest import NearestToAny, decayed_average, last_action
from graphrec.history import DAY_S, History
from tests.evaluation.worlds import World, own_side

CORNERS = np.array([[1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9], [0.7, 0.7]], np.float32)
EVERYTHING = np.ones(5, np.bool_)


def two_likes() -> History:
    """User 0 liked flit 0 long ago and flit 1 today; user 1 did nothing; user 2 liked flit 4."""
    users, flits = np.array([0, 0, 2], np.int32), np.array([0, 1, 4], np.int32)
    return History.from_edges(users, flits, np.array([0, 100, 50]) * DAY_S, None, 3)


def test_last_action_follows_the_newest() -> None:
    found = last_action(two_likes(), EVERYTHING, CORNERS).recommend(np.array([0], np.int32), 3)
    assert found.tolist() == [[3, 4, 2]]


def test_decayed_average_lies_between_and_leans_to_the_newest() -> None:
    users = np.array([0], np.int32)
    flat = decayed_average(two_likes(), EVERYTHING, CORNERS, as_of_s=100 * DAY_S, decay_per_day=0.0)
    steep = decayed_average(two_likes(), EVERYTHING, CORNERS, as_of_s=100 * DAY_S, decay_per_day=0.1)
    assert flat.recommend(users, 1).tolist() == [[4]]
    assert steep.recommend(users, 2).tolist() == [[3, 4]]


def test_nearest_to_any_finds_both_sides_of_a_user() -> None:
    found = NearestToAny(two_likes(), EVERYTHING, CORNERS, newest=2).recommend(np.array([0], np.int32), 2)
    assert sorted(found[0].tolist()) == [2, 3]


@pytest.mark.parametrize("kind", ["last", "mean"])
def test_a_user_without_actions_gets_the_popular(kind: str) -> None:
    history = two_likes()
    one = (
        last_action(history, EVERYTHING, CORNERS)
        if kind == "last"
        else decayed_average(history, EVERYTHING, CORNERS, as_of_s=100 * DAY_S)
    )
    assert sorted(one.recommend(np.array([1], np.int32), 3)[0].tolist()) == [0, 1, 4]


def test_decayed_average_equals_the_formula(world: World) -> None:
    one = decayed_average(world.history, world.available, world.vectors, as_of_s=100 * DAY_S)
    unit, actions = normalise_rows(world.vectors), world.history.of(5)
    assert actions.time_s is not None
    weight = np.exp(-0.01 * (100 * DAY_S - actions.time_s) / DAY_S)
    mean = (weight[:, None] * unit[actions.rows]).sum(axis=0)
    expected = unit @ mean / np.linalg.norm(mean)
    assert one.scores(np.array([5], np.int32))[0] == pytest.approx(expected, abs=1e-5)


def test_nearest_to_any_equals_the_formula(world: World) -> None:
    one = NearestToAny(world.history, world.available, world.vectors, newest=7)
    unit = normalise_rows(world.vectors)
    for user, scores in zip([5, 0, 77], one.scores(np.array([5, 0, 77], np.int32)), strict=True):
        assert scores == pytest.approx((unit[world.history.of(user).rows[-7:]] @ unit.T).max(axis=0), abs=1e-5)


def test_action_weights_count() -> None:
    users, flits, time_s = np.zeros(2, np.int32), np.array([0, 1], np.int32), np.zeros(2, np.int64)
    history = History.from_edges(users, flits, time_s, np.array([1, 20], np.float32), 1)
    found = decayed_average(history, EVERYTHING, CORNERS, as_of_s=0).recommend(np.zeros(1, np.int32), 1)
    assert found.tolist() == [[3]]


@pytest.mark.parametrize("newest", [1, 5])
def test_content_finds_the_planted_side_and_cold_flits(world: World, newest: int) -> None:
    found = NearestToAny(world.history, world.available, world.vectors, newest).recommend(world.users, 10)
    assert own_side(world, found) > 0.99
    assert (world.history.actions_per_flit(200)[found] == 0).mean() > 0.1


def test_undated_actions_average_but_have_no_last() -> None:
    history = History.from_edges(np.zeros(2, np.int32), np.array([0, 1], np.int32), None, None, 1)
    with pytest.raises(DataError, match="dated"):
        last_action(history, EVERYTHING, CORNERS)
    found = decayed_average(history, EVERYTHING, CORNERS, as_of_s=None).recommend(np.zeros(1, np.int32), 1)
    assert found.tolist() == [[4]]


def test_vectors_must_fit_the_catalogue(world: World) -> None:
    with pytest.raises(ShapeError, match="one row per flit"):
        last_action(world.history, world.available, world.vectors[:-1])
    with pytest.raises(ShapeError, match="finite"):
        last_action(world.history, world.available, np.full_like(world.vectors, np.nan))
