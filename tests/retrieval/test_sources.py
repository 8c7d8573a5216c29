"""Walks, follows and mixtures: what each draws, against a count, an order and a world of topics."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphrec.arrays import RowVector
from graphrec.history import History
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.paths import Actors
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.shelf import Query
from graphrec.retrieval.sources import FEW, Follows, Mixture, Walks
from graphrec.retrieval.visits import DAMPING, RESTART, scored_visits
from tests.retrieval.world import NUM_FLITS, NUM_USERS, planted, topic_of


def rows_of(*rows: int) -> RowVector:
    return np.array(rows, dtype=np.int32)


def query_of(*actions: int, user: int | None = None, dim: int = 8) -> Query:
    return Query(np.ones((1, dim), np.float32), np.ones(1, np.float32), None, rows_of(), user=user,
                 actions=rows_of(*actions))  # fmt: skip


def acted(*pairs: tuple[int, int], users: int) -> History:
    """Return what users did, in the order given."""
    rows = np.array(pairs, np.int32).reshape(-1, 2)
    return History.from_edges(rows[:, 0], rows[:, 1], np.arange(len(rows), dtype=np.int64), None, users)


def planted_with() -> Bundle:
    """Return the planted bundle with sources, what they go by, and their draws as settings."""
    bundle = planted()
    follows = acted(*((user, (user + 1) % NUM_USERS) for user in range(NUM_USERS)), users=NUM_USERS)
    written = acted(*((flit % 7, flit) for flit in range(NUM_FLITS)), users=NUM_USERS)
    settings = replace(bundle.settings, sources={"walks": 20, "follows": 20, "mixture": 20})
    cluster = topic_of(np.arange(NUM_FLITS)).astype(np.int32)
    return replace(bundle, settings=settings, cluster=cluster, follows=follows, written=written)


def test_visits_are_those_of_the_chain() -> None:
    """From flit 0 a step goes to users 0 and 1 alike, and on to flits 0, 1 and 0, 2; it restarts half of the time."""
    history = acted((0, 0), (0, 1), (1, 0), (1, 2), users=2)
    actors = Actors(history, 3)
    rows, strength = scored_visits(rows_of(0), 200_000, (history.indptr, history.rows), actors.arrays)
    assert rows.tolist() == [0, 1, 2]
    step = np.array([[0.5, 0.25, 0.25], [0.5, 0.5, 0], [0.5, 0, 0.5]])
    restart = np.tile([1.0, 0, 0], (3, 1))
    chain = (1 - RESTART) * step + RESTART * restart @ step
    share = np.linalg.matrix_power(chain, 50)[0]
    visits = strength * np.array([2, 1, 1]) ** DAMPING
    np.testing.assert_allclose(visits / visits.sum(), share, atol=0.005)


def test_visits_of_two_starts_count_for_more_than_of_one() -> None:
    """Flit 4 is reached from both starts, 2 and 3 each from one, all alike often."""
    pairs = [(user, flit) for user in range(8) for flit in ((0, 2, 4) if user < 4 else (1, 3, 4))]
    history = acted(*pairs, users=8)
    found = Walks(history, Actors(history, 5)).draw(query_of(0, 1), 1)
    assert found.tolist() == [4]
    assert Walks(history, Actors(history, 5)).draw(query_of(0, 1), 5).tolist() == [0, 1, 2, 3, 4]
    assert Walks(history, Actors(history, 5)).draw(query_of(), 5).tolist() == []


def test_walks_of_equal_actions_are_equal_and_nobody_is_a_dead_end() -> None:
    history = acted((0, 0), (0, 1), users=2)
    walks = Walks(history, Actors(history, 3))
    assert walks.draw(query_of(0, 1, user=0), 3).tolist() == walks.draw(query_of(1, 0), 3).tolist() == [0, 1]
    assert walks.draw(query_of(2), 3).tolist() == []


def test_follows_bring_the_newest_of_those_followed() -> None:
    history = acted((1, 0), (2, 1), (1, 2), (3, 3), users=4)
    written = History.from_edges(rows_of(1, 2), rows_of(4, 5), np.array([10, -5]), None, 4)
    follows = Follows(acted((0, 1), (0, 2), users=4), history, written)
    assert follows.draw(query_of(user=0), 2).tolist() == [2, 4]
    assert follows.draw(query_of(user=0), 9).tolist() == [0, 1, 2, 4, 5]
    assert follows.draw(query_of(user=3), 9).tolist() == []
    assert follows.draw(query_of(), 9).tolist() == []
    undated = replace(follows, history=History.from_edges(rows_of(1), rows_of(0), None, None, 4))
    assert undated.draw(query_of(user=0), 9).tolist() == [0, 4, 5]
    assert undated.draw(query_of(user=0), 2).tolist() == [4, 5]  # what has no date counts as the oldest


def test_a_mixture_asks_for_his_clusters_and_for_those_of_users_like_him() -> None:
    bundle = planted_with()
    (mixture,) = (one for one, _ in bundle.shelf.sources if isinstance(one, Mixture))
    found = mixture.draw(query_of(60, user=None), 30)
    assert len(found) <= 30
    counts = np.bincount(topic_of(found), minlength=6)
    assert counts.argmax() == 0  # topic of what he did himself
    assert (counts > 0).sum() > 1
    assert bundle.allowed[found].all()
    assert mixture.draw(query_of(), 30).tolist() == []
    assert mixture.draw(query_of(*range(6, 6 + FEW)), 30).tolist() == []


def test_sources_add_candidates_and_say_so(tmp_path: Path) -> None:
    bundle = planted_with()
    for one in ("u0", "u6", "u7"):
        found = Retriever(bundle).recommend(one, 30)
        plain = Retriever(planted()).recommend(one, 30)
        assert len(set(found.ids)) == len(found.ids) >= len(plain.ids)
        told = dict(found.trace().select("step", "left").iter_rows())
        if plain.reason == "interests":
            assert told["source interests"] <= told["source walks"] <= told["source follows"] <= told["source mixture"]
            assert not set(found.ids) & {f"f{row}" for row in bundle.excluded(int(one[1:]))}
    bundle.save(tmp_path)
    opened = Retriever(Bundle.open(tmp_path))
    assert opened.recommend("u0", 30).ids == Retriever(bundle).recommend("u0", 30).ids
    assert opened.recommend_from(["f60"], 30).trace()["step"].to_list().count("source walks") == 1


@pytest.mark.parametrize("user", range(7))
def test_a_batch_user_and_a_stranger_with_his_actions_are_walked_alike(user: int) -> None:
    bundle = planted()
    walks = Walks(bundle.history, bundle.actors)
    rows = bundle.history.of(user).rows
    np.testing.assert_array_equal(walks.draw(query_of(*rows, user=user), 40), walks.draw(query_of(*rows), 40))
