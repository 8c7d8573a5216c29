"""All baselines by name, tuned, against each other on the planted world."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from graphrec.arrays import normalise_rows
from graphrec.errors import ConfigError
from graphrec.evaluation import BASELINES, Past, Sources, build_baselines, evaluate
from graphrec.evaluation.item2vec import item2vec
from graphrec.evaluation.tuning import mean_recall
from graphrec.evaluation.words import lda_vectors
from graphrec.history import History
from tests.evaluation.worlds import World, communities


def texts_of(world: World) -> list[str]:
    """Words of a flit's side among words of neither."""
    rng = np.random.default_rng(0)
    sides = (["heron", "reed", "marsh", "wader"], ["anvil", "forge", "steel", "hammer"])
    either = ["today", "again", "morning", "never", "always", "news", "photo"]
    return [" ".join([*rng.choice(sides[side], 3), *rng.choice(either, 4)]) for side in world.flit_side]


@pytest.fixture(scope="module")
def sources(world: World) -> Sources:
    return Sources(world.past, embedding=world.vectors, content=world.vectors, texts=texts_of(world))


def test_every_baseline_builds_states_its_setting_and_beats_chance(world: World, sources: Sources) -> None:
    built = build_baselines(list(BASELINES), sources)
    assert list(built) == list(BASELINES)
    found = evaluate(built, world.held, world.history, k=(30,), reference="random", samples=200)
    assert set(found.settings["als"]) == {"factors", "alpha", "regularization", "iterations"}
    assert "half_life_days" in found.settings["recent_popular"]
    assert "profile" in found.settings["content_knn"]
    for name in set(BASELINES) - {"random", "popular", "recent_popular"}:
        assert found.value(name, "recall", 30) > 1.4 * found.value("random", "recall", 30), name
    for name in ("content_knn", "lsa", "lda"):
        assert found.value(name, "recall", 30, "cold") > 1.4 * found.value("als", "recall", 30, "cold"), name


@pytest.mark.parametrize("name", ["lda", "item2vec", "bpr", "lightgcn"])
def test_a_seed_gives_the_same_answers_again(name: str, world: World, sources: Sources) -> None:
    one, again = (build_baselines([name], sources)[name].recommend(world.users, 10) for _ in range(2))
    assert np.array_equal(one, again)


def test_flits_that_say_nothing_have_no_words_to_go_by(world: World) -> None:
    vectors = lda_vectors(["", "heron reed", "heron reed", "anvil"], np.ones(4, np.bool_), topics=2)
    assert not vectors[[0, 3]].any()
    assert vectors[1] @ vectors[2] == pytest.approx(1.0, abs=1e-5)
    assert not lda_vectors(["heron", "anvil"], np.ones(2, np.bool_)).any()


def test_item2vec_puts_flits_of_one_history_together() -> None:
    users = np.repeat(np.arange(60, dtype=np.int32), 6)
    flits = np.concatenate([np.random.default_rng(u).permutation(6) + 6 * (u % 2) for u in range(60)]).astype(np.int32)
    vectors = normalise_rows(item2vec(History.from_edges(users, flits, None, None, 60), 13, dim=8))
    cosine = vectors[:12] @ vectors[:12].T
    assert cosine[:6, :6].mean() > cosine[:6, 6:].mean() + 0.2
    assert not vectors[12].any()
    assert not item2vec(History.from_edges(users[:0], flits[:0], None, None, 3), 4, dim=8).any()


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
    with pytest.raises(ConfigError, match=r"got \['psychic'\]"):
        build_baselines(["psychic"], Sources(world.past))
    with pytest.raises(ConfigError, match="'lda' must be given texts"):
        build_baselines(["lda"], Sources(world.past))
    with pytest.raises(ConfigError, match="'content_knn' must be given vectors"):
        build_baselines(["content_knn"], Sources(world.past))
