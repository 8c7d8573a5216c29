"""The validation tail knows no future, and choices are made on it."""

from functools import partial

import numpy as np
import pytest

from graphrec.errors import ConfigError
from graphrec.evaluation.baselines import Random
from graphrec.evaluation.nearest import NearestToAny
from graphrec.evaluation.recommender import Recommender
from graphrec.evaluation.tuning import Past, chosen, mean_recall, validation_tail
from graphrec.history import History
from tests.evaluation.worlds import World


def test_the_tail_is_the_newest_tenth(world: World) -> None:
    tail = validation_tail(world.past)
    assert tail.past.history.time_s is not None
    assert tail.past.as_of_s is not None
    assert tail.past.history.time_s.max() < tail.past.as_of_s < 100 * 86_400
    assert tail.past.history.num_actions == pytest.approx(0.9 * world.history.num_actions, rel=0.01)
    assert tail.held.num_events == world.history.num_actions - tail.past.history.num_actions


def test_flits_born_in_the_tail_do_not_exist_before_it(world: World) -> None:
    created_s = np.where(np.arange(200) < 3, 99 * 86_400, 0)
    tail = validation_tail(world.past, created_s=created_s)
    assert not tail.past.available[:3].any()
    assert not np.isin(tail.held.rows, [0, 1, 2]).any()


def test_undated_actions_are_held_out_by_chance(world: World) -> None:
    history = History(world.history.indptr, world.history.rows, None, world.history.weight)
    tail = validation_tail(Past(history, world.available, None))
    again = validation_tail(Past(history, world.available, None))
    assert tail.past.as_of_s is None
    assert tail.held.num_events == pytest.approx(0.1 * history.num_actions, rel=0.2)
    assert np.array_equal(tail.held.rows, again.held.rows)


def test_the_better_builder_is_chosen(world: World) -> None:
    def chance(past: Past) -> Recommender:
        return Random(past.history, past.available, 0)

    def near(newest: int, past: Past) -> Recommender:
        return NearestToAny(past.history, past.available, world.vectors, newest)

    tail = validation_tail(world.past)
    assert chosen({"chance": chance, "near": partial(near, 5)}, tail) == "near"
    assert chosen({"first": chance, "second": chance}, tail) == "first"


def test_mean_recall_equals_a_loop(world: World) -> None:
    one = NearestToAny(world.history, world.available, world.vectors, 5)
    held = world.held
    lists = one.recommend(held.users, 30)
    shares = [
        np.isin(held.rows[held.indptr[user] : held.indptr[user + 1]], line).mean()
        for user, line in zip(held.users, lists, strict=True)
    ]
    assert mean_recall(one, held, 30) == pytest.approx(np.mean(shares))
    assert mean_recall(one, held, 30, max_users=50) == pytest.approx(np.mean(shares), abs=0.1)


def test_nothing_held_out_recalls_nothing(world: World) -> None:
    nobody = world.held.only_users(np.zeros(240, np.bool_))
    assert mean_recall(Random(world.history, world.available, 0), nobody, 10) == 0.0


def test_bad_requests_raise(world: World) -> None:
    with pytest.raises(ConfigError, match="share"):
        validation_tail(world.past, share=1.0)
    with pytest.raises(ConfigError, match="at least one"):
        chosen({}, validation_tail(world.past))
