"""Chance, popularity and recent popularity on worlds small enough to count."""

import numpy as np
import pytest

from graphrec.errors import DataError
from graphrec.evaluation.baselines import Random, popular, recent_popular
from graphrec.history import DAY_S, History
from tests.evaluation.worlds import World

EVERYTHING = np.ones(5, np.bool_)


def small() -> History:
    """Flit 0 was liked three times long ago, flit 1 twice yesterday, flit 2 once today, 3 and 4 never."""
    users, flits = np.array([0, 1, 2, 0, 1, 2], np.int32), np.array([0, 0, 0, 1, 1, 2], np.int32)
    return History.from_edges(users, flits, np.array([0, 0, 0, 99, 99, 100]) * DAY_S, None, num_users=4)


def test_popular_counts() -> None:
    found = popular(small(), EVERYTHING).recommend(np.array([3, 0], np.int32), 5).tolist()
    assert (found[0][:3], sorted(found[0][3:])) == ([0, 1, 2], [3, 4])
    assert (found[1][0], sorted(found[1][1:3]), found[1][3:]) == (2, [3, 4], [-1, -1])


def test_what_nobody_has_met_is_not_ranked_by_its_place_in_the_table() -> None:
    """Tables are often sorted by popularity: the first 100 of 1,000 unknown flits must not come first."""
    history = History.from_edges(np.zeros(1, np.int32), np.zeros(1, np.int32), None, None, 2)
    found = popular(history, np.ones(1001, np.bool_)).recommend(np.array([1], np.int32), 101)[0]
    assert found[0] == 0
    assert len(set(found.tolist())) == 101
    assert (found[1:] <= 100).sum() < 25


def test_recent_popular_decays() -> None:
    one = recent_popular(small(), EVERYTHING, as_of_s=100 * DAY_S, half_life_days=1.0)
    assert one.flit_scores[:3] == pytest.approx([3 * 2.0**-100, 2 * 0.5, 1.0])
    assert sorted(one.recommend(np.array([3], np.int32), 2)[0].tolist()) == [1, 2]  # both are worth 1
    assert one.recommend(np.array([3], np.int32), 3)[0, 2] == 0
    assert one.setting == {"half_life_days": 1.0}


def test_recent_popular_with_a_long_half_life_is_popular() -> None:
    one = recent_popular(small(), EVERYTHING, as_of_s=100 * DAY_S, half_life_days=1e6)
    assert one.recommend(np.array([3], np.int32), 3).tolist() == [[0, 1, 2]]


def test_recent_popular_of_undated_actions_raises() -> None:
    history = History.from_edges(np.array([0], np.int32), np.array([0], np.int32), None, None, 1)
    with pytest.raises(DataError, match="dated"):
        recent_popular(history, EVERYTHING, as_of_s=0, half_life_days=1.0)


def test_flits_from_after_the_split_are_never_recommended() -> None:
    available = np.array([False, True, True, False, True])
    assert popular(small(), available).recommend(np.array([3], np.int32), 5).tolist() == [[1, 2, 4, -1, -1]]


def test_random_is_uniform_and_differs_between_users_and_seeds(world: World) -> None:
    found = Random(world.history, world.available, seed=0).recommend(world.users, 20)
    assert not np.array_equal(found[0], found[2])
    assert not np.array_equal(found, Random(world.history, world.available, seed=1).recommend(world.users, 20))
    cold = world.available & (world.history.actions_per_flit(200) == 0)
    shown = np.bincount(found.ravel(), minlength=200)[cold]
    expected = 240 * 20 / (195 - 20)
    assert abs(shown.mean() - expected) < 5 * np.sqrt(expected / cold.sum())
