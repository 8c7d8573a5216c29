"""All baselines by name, tuned, against each other on the planted world."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from graphrec.errors import ConfigError
from graphrec.evaluation import BASELINES, Past, Sources, build_baselines, evaluate
from graphrec.evaluation.tuning import mean_recall
from graphrec.history import History
from tests.evaluation.worlds import World, communities


@pytest.fixture(scope="module")
def sources(world: World) -> Sources:
    return Sources(world.past, embedding=world.vectors, content=world.vectors)


def test_every_baseline_builds_states_its_setting_and_beats_chance(world: World, sources: Sources) -> None:
    built = build_baselines(list(BASELINES), sources)
    assert list(built) == list(BASELINES)
    found = evaluate(built, world.held, world.history, k=(30,), reference="random", samples=200)
    assert set(found.settings["als"]) == {"factors", "alpha", "regularization", "iterations"}
    assert "half_life_days" in found.settings["recent_popular"]
    assert "profile" in found.settings["content_knn"]
    for name in ("last_action", "decayed_average", "content_knn", "als", "walks"):
        assert found.value(name, "recall", 30) > 1.4 * found.value("random", "recall", 30)
    assert found.value("content_knn", "recall", 30, "cold") > 1.4 * found.value("als", "recall", 30, "cold")


def test_the_future_does_not_reach_a_baseline(world: World) -> None:
    """Popularity of a world whose held-out actions differ is the same: it reads training alone."""
    other = communities(seed=0)
    flipped = replace(other, held=other.held.only_users(other.user_side == 0))
    one, two = (build_baselines(["popular", "recent_popular"], Sources(each.past)) for each in (world, flipped))
    for name in one:
        assert np.array_equal(one[name].recommend(world.users, 20), two[name].recommend(world.users, 20))


def test_undated_actions_leave_out_what_needs_time(world: World, caplog: pytest.LogCaptureFixture) -> None:
    undated = History(world.history.indptr, world.history.rows, None, world.history.weight)
    sources = Sources(Past(undated, world.available, None), content=world.vectors)
    with caplog.at_level(logging.WARNING):
        built = build_baselines(["recent_popular", "popular", "content_knn"], sources)
    assert list(built) == ["popular", "content_knn"]
    assert "left out the baselines recent_popular" in caplog.text
    assert mean_recall(built["content_knn"], world.held, 30) > mean_recall(built["popular"], world.held, 30)


def test_unknown_names_and_missing_vectors_raise(world: World) -> None:
    with pytest.raises(ConfigError, match=r"got \['svd'\]"):
        build_baselines(["svd"], Sources(world.past))
    with pytest.raises(ConfigError, match="'content_knn' must be given vectors"):
        build_baselines(["content_knn"], Sources(world.past))
