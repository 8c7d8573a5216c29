"""Spectral vectors, item neighbours, id vectors and mixtures: planted communities and naive twins."""

import numpy as np
import pytest

from graphrec.errors import ConfigError
from graphrec.evaluation.collaborative import Fused, ItemNeighbours, lightgcn, pairs_of, svd
from graphrec.evaluation.interactions import Factors, Walks
from graphrec.models.config.lightgcn import LightGCNConfig
from tests.evaluation.worlds import World, own_side

CONFIG = LightGCNConfig(dim=8, epochs=8, users_per_step=64, negatives=64)


def test_all_find_the_planted_side(world: World) -> None:
    warm = world.available & (world.history.actions_per_flit(200) > 0)
    members = [svd(world.history, warm, factors=4), lightgcn(world.history, warm, CONFIG)]
    neighbours, walks = ItemNeighbours(world.history, warm), Walks(world.history, warm)
    for one in (*members, neighbours, Fused([members[1], walks], [1.0, 0.5])):
        assert own_side(world, one.recommend(world.users, 10)) > 0.98


def test_item_neighbours_sum_cosines(world: World) -> None:
    pairs = pairs_of(world.history, 200).toarray()
    length = np.linalg.norm(pairs, axis=0)
    cosine = (pairs.T @ pairs) / np.maximum(np.outer(length, length), 1e-9)
    scores = ItemNeighbours(world.history, world.available, neighbours=200).scores(world.users[:20])
    assert scores == pytest.approx(pairs[:20] @ cosine, abs=1e-3)


def test_svd_with_every_factor_ranks_like_the_links_themselves(world: World) -> None:
    pairs = pairs_of(world.history, 200).toarray()
    one = svd(world.history, world.available, factors=200)
    assert one.scores(world.users) == pytest.approx(pairs * np.sqrt(pairs.sum(axis=0)), abs=0.05)


def test_fused_adds_roots_of_shares(world: World) -> None:
    logits = Factors(world.history, world.available, np.zeros((240, 1), np.float32), np.zeros((200, 1), np.float32))
    walks = Walks(world.history, world.available)
    chances = walks.scores(world.users)
    shares = chances / chances.sum(axis=1, keepdims=True)
    expected = np.sqrt(1 / 200) + 2 * np.sqrt(shares)
    assert Fused([logits, walks], [1.0, 2.0]).scores(world.users) == pytest.approx(expected, abs=1e-5)


def test_fused_needs_a_weight_per_member(world: World) -> None:
    with pytest.raises(ConfigError, match=r"weights must be one per member \(got 2 for 1\)"):
        Fused([Walks(world.history, world.available)], [1.0, 2.0])
