from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import DataError
from graphrec.graph import InteractionGraph, build_graph
from graphrec.tables.clean import Tables
from tests.graph.conftest import DAY, edges, nodes


def test_build_graph_holds_both_directions_and_no_hides(tables: Tables) -> None:
    graph = build_graph(tables, as_of_s=10 * DAY)
    assert set(graph.relations) == {
        ("user", "likes", "flit"), ("flit", "rev_likes", "user"),
        ("user", "follows", "user"), ("user", "rev_follows", "user"),
    }  # fmt: skip
    assert graph.relations[("user", "likes", "flit")].neighbours(1).tolist() == [1, 2]
    assert graph.relations[("flit", "rev_likes", "user")].neighbours(1).tolist() == [0, 1]
    assert graph.degrees("flit").tolist() == [1, 2, 2, 0]
    assert graph.degrees("user").tolist() == [3, 2, 2]


def test_build_graph_halves_weights_every_half_life() -> None:
    likes = edges("likes", [(0, 0), (0, 1)], times=[0, 10 * DAY], half_life_days=10)
    graph = build_graph(Tables({"user": nodes("u", 1), "flit": nodes("f", 2)}, (likes,)), as_of_s=20 * DAY)
    assert graph.relations[("user", "likes", "flit")].weight == pytest.approx([0.25, 0.5])


def test_build_graph_with_a_planted_future_edge_raises(tables: Tables) -> None:
    with pytest.raises(DataError, match=r"likes.time must be before .* split the tables first"):
        build_graph(tables, as_of_s=9 * DAY)


def test_build_graph_without_edges_raises() -> None:
    empty = Tables({"user": nodes("u", 1), "flit": nodes("f", 1)}, (edges("likes", [], times=[]),))
    with pytest.raises(DataError, match="at least one action or context edge"):
        build_graph(empty, as_of_s=DAY)


def test_graph_opened_equals_graph_saved(tables: Tables, tmp_path: Path) -> None:
    graph = build_graph(tables, as_of_s=10 * DAY)
    graph.save(tmp_path)
    opened = InteractionGraph.open(tmp_path)
    assert opened.num_nodes == graph.num_nodes
    assert opened.as_of_s == graph.as_of_s
    for triplet, relation in graph.relations.items():
        again = opened.relations[triplet]
        assert np.array_equal(again.indptr, relation.indptr)
        assert np.array_equal(again.indices, relation.indices)
        assert np.array_equal(again.weight, relation.weight)
        assert relation.time_s is not None
        assert again.time_s is not None
        assert np.array_equal(again.time_s, relation.time_s)


def test_build_graph_with_undated_edges_keeps_weights() -> None:
    undated = Tables({"user": nodes("u", 2), "flit": nodes("f", 2)}, (edges("likes", [(0, 1), (1, 0)]),))
    graph = build_graph(undated, as_of_s=None)
    assert graph.relations[("user", "likes", "flit")].time_s is None
    assert graph.relations[("user", "likes", "flit")].weight.tolist() == [1.0, 1.0]
