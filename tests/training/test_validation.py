import numpy as np
import polars as pl
import pytest

from graphrec.arrays import FloatMatrix
from graphrec.graph.split import Split, actions_of, split_at
from graphrec.training import validation
from graphrec.training.validation import NEWEST, validation_recall
from tests.graph.conftest import DAY, nodes
from tests.training.world import World, communities


def naive(flits: FloatMatrix, split: Split, k: int) -> float:
    """Rank every flit for every user, one by one."""
    recalls = []
    for user in sorted(set(split.test["user_row"].to_list())):
        seen = actions_of(split.train).filter(pl.col("user_row") == user)["flit_row"].to_list()
        truth = split.test.filter(pl.col("user_row") == user)["flit_row"].to_list()
        if not seen:
            continue
        scored = []
        for flit in range(len(flits)):
            if split.available[flit] and flit not in seen:
                scored.append((max(float(flits[one] @ flits[flit]) for one in seen[-NEWEST:]), flit))
        top = [flit for _, flit in sorted(scored, reverse=True)[:k]]
        recalls.append(sum(flit in top for flit in truth) / len(truth))
    return float(np.mean(recalls))


@pytest.fixture(scope="module")
def world() -> World:
    return communities(num_users=30, num_flits=90, actions=30)


def split_of(world: World) -> Split:
    split = split_at(world.tables, 25 * DAY, 40 * DAY)
    available = split.available.copy()
    available[[4, 9]] = False
    test = split.test.filter(~pl.col("flit_row").is_in([4, 9]))
    return Split(split.train, test, available, split.at_s)


@pytest.mark.parametrize("k", [1, 7, 50, 200])
@pytest.mark.parametrize("scores", [1, 5000, 2**25])
def test_recall_equals_a_naive_loop(world: World, k: int, scores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "MOST_SCORES", scores)
    rng = np.random.default_rng(k)
    flits = rng.normal(size=(90, 5)).astype(np.float32)
    flits /= np.linalg.norm(flits, axis=1, keepdims=True)
    split = split_of(world)
    assert validation_recall({"flit": flits}, split, k=k) == pytest.approx(naive(flits, split, k), abs=1e-9)


def test_recall_of_the_planted_communities_beats_chance(world: World) -> None:
    split = split_of(world)
    planted = np.eye(2, dtype=np.float32)[world.flit_side]
    chance = np.random.default_rng(0).normal(size=(90, 8)).astype(np.float32)
    assert validation_recall({"flit": planted}, split, k=20) > 1.5 * validation_recall({"flit": chance}, split, k=20)


def test_only_so_many_users_are_measured(world: World) -> None:
    split = split_of(world)
    flits = np.random.default_rng(0).normal(size=(90, 5)).astype(np.float32)
    first = split.test.filter(pl.col("user_row") < 5)
    few = Split(split.train, first, split.available, split.at_s)
    assert validation_recall({"flit": flits}, split, max_users=5) == validation_recall({"flit": flits}, few)


def test_users_without_a_past_are_not_measured(world: World) -> None:
    split = split_of(world)
    strangers = pl.DataFrame({"user_row": [30], "flit_row": [0]}, schema=split.test.schema)
    more = type(split.train)({**split.train.nodes, "user": nodes("u", 31)}, split.train.edges)
    flits = np.random.default_rng(0).normal(size=(90, 5)).astype(np.float32)
    assert validation_recall({"flit": flits}, Split(more, strangers, split.available, split.at_s)) == 0.0
