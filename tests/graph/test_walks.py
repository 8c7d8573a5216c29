from pathlib import Path

import numba
import numpy as np
import pytest

from graphrec.graph import InteractionGraph, NeighbourhoodConfig, Neighbourhoods, build_graph, build_neighbourhoods
from graphrec.graph.walks import WalkTable, exact_visits, visit_top
from graphrec.tables.clean import Tables
from tests.graph.conftest import DAY, edges, nodes


def random_graph(seed: int, users: int = 12, flits: int = 15, actions: int = 40) -> InteractionGraph:
    rng = np.random.default_rng(seed)
    likes = edges("likes", list(zip(rng.integers(users, size=actions), rng.integers(flits, size=actions), strict=True)))
    follows = edges(
        "follows", list(zip(rng.integers(users, size=9), rng.integers(users, size=9), strict=True)), target="user"
    )
    return build_graph(Tables({"user": nodes("u", users), "flit": nodes("f", flits)}, (likes, follows)), as_of_s=None)


@pytest.mark.parametrize("seed", range(3))
def test_visit_shares_converge_to_exact_personalised_pagerank(seed: int) -> None:
    graph = random_graph(seed)
    table = WalkTable.of(graph)
    rows, share = visit_top(table, np.arange(12, dtype=np.int32), num_walks=20_000, restart_prob=0.4, size=15, seed=1)
    for user in range(12):
        exact = exact_visits(graph, user, "user", restart_prob=0.4)
        for kind, node_type in enumerate(table.types):
            walked = np.zeros(graph.num_nodes[node_type], dtype=np.float32)
            met = rows[user, kind] >= 0
            walked[rows[user, kind][met]] = share[user, kind][met]
            assert np.abs(walked - exact[node_type]).sum() < 0.06


def test_steps_are_drawn_in_proportion_to_weight() -> None:
    likes = edges("likes", [(0, 0), (0, 1)], times=[0, 3 * DAY], half_life_days=1.5)
    graph = build_graph(Tables({"user": nodes("u", 1), "flit": nodes("f", 2)}, (likes,)), as_of_s=3 * DAY + 1)
    hoods = build_neighbourhoods(graph, NeighbourhoodConfig(num_walks=40_000, size=2))
    assert hoods.rows[("user", "flit")].tolist() == [[1, 0]]
    assert hoods.weights[("user", "flit")][0] == pytest.approx([0.8, 0.2], abs=0.01)


def test_neighbourhoods_are_equal_whatever_the_number_of_threads() -> None:
    graph, config = random_graph(5, 300, 400, 3000), NeighbourhoodConfig(num_walks=50, size=10)
    both = build_neighbourhoods(graph, config)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        alone = build_neighbourhoods(graph, config)
    finally:
        numba.set_num_threads(threads)
    for pair in both.rows:
        assert np.array_equal(both.rows[pair], alone.rows[pair])
        assert np.array_equal(both.weights[pair], alone.weights[pair])


def test_neighbourhoods_of_some_seeds_equal_those_of_all() -> None:
    table = WalkTable.of(random_graph(2))
    everyone, _ = visit_top(table, np.arange(27, dtype=np.int32), num_walks=30, restart_prob=0.5, size=5, seed=3)
    some, _ = visit_top(table, np.array([20, 4], dtype=np.int32), num_walks=30, restart_prob=0.5, size=5, seed=3)
    assert np.array_equal(some, everyone[[20, 4]])


def test_weights_sum_to_one_or_zero_and_never_hold_the_node_itself(tmp_path: Path) -> None:
    hoods = build_neighbourhoods(random_graph(7, actions=20), NeighbourhoodConfig(size=6))
    for (source, target), weights in hoods.weights.items():
        sums = weights.sum(axis=1)
        assert np.all((np.abs(sums - 1) < 1e-5) | (sums == 0))
        assert np.array_equal(weights > 0, hoods.rows[(source, target)] >= 0)
        if source == target:
            assert not (hoods.rows[(source, target)] == np.arange(len(weights))[:, None]).any()
    hoods.save(tmp_path)
    opened = Neighbourhoods.open(tmp_path)
    assert all(np.array_equal(opened.rows[pair], hoods.rows[pair]) for pair in hoods.rows)
    assert all(np.array_equal(opened.weights[pair], hoods.weights[pair]) for pair in hoods.rows)


def test_an_isolated_node_has_no_neighbours() -> None:
    graph = build_graph(
        Tables({"user": nodes("u", 2), "flit": nodes("f", 2)}, (edges("likes", [(0, 0)]),)), as_of_s=None
    )
    hoods = build_neighbourhoods(graph, NeighbourhoodConfig(size=3))
    assert hoods.rows[("flit", "user")][1].tolist() == [-1, -1, -1]
    assert hoods.weights[("flit", "flit")][1].tolist() == [0, 0, 0]


def test_an_unrelated_component_changes_nothing() -> None:
    pairs = [(0, 0), (0, 1), (1, 1)]
    small = build_graph(Tables({"user": nodes("u", 4), "flit": nodes("f", 4)}, (edges("likes", pairs),)), as_of_s=None)
    large = build_graph(
        Tables({"user": nodes("u", 4), "flit": nodes("f", 4)}, (edges("likes", [*pairs, (2, 2), (3, 3), (2, 3)]),)),
        as_of_s=None,
    )
    config = NeighbourhoodConfig(size=3)
    one, other = build_neighbourhoods(small, config), build_neighbourhoods(large, config)
    assert np.array_equal(one.rows[("user", "flit")][:2], other.rows[("user", "flit")][:2])
    assert np.array_equal(one.weights[("flit", "flit")][:2], other.weights[("flit", "flit")][:2])
