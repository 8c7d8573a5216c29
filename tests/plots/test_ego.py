import itertools
import math

import networkx as nx
import numpy as np
import pytest

from graphrec.plots.ego import plot_ego, rings
from tests.plots.looks import ink, legend_of


def star(leaves: int, behind: int = 0) -> "nx.MultiDiGraph[tuple[str, int]]":
    """Return a user with flits he likes, each liked by others too."""
    ego: nx.MultiDiGraph[tuple[str, int]] = nx.MultiDiGraph()
    ego.add_node(("user", 0), distance=0)
    for leaf in range(leaves):
        ego.add_node(("flit", leaf), distance=1)
        ego.add_edge(("user", 0), ("flit", leaf), key="likes", relation="likes")
        for number in range(behind):
            other = ("user", 1 + leaf * behind + number)
            ego.add_node(other, distance=2)
            ego.add_edge(other, ("flit", leaf), key="views", relation="views")
    return ego


def test_everybody_stands_on_the_ring_of_his_distance() -> None:
    ego = star(5, 3)
    for node, place in rings(ego).items():
        assert math.hypot(*place) == pytest.approx(ego.nodes[node]["distance"])


def test_nobody_stands_on_another_and_those_behind_stand_near() -> None:
    ego = star(6, 4)
    at = rings(ego)
    places = sorted(at.values())
    assert all(math.dist(a, b) > 0.05 for a, b in itertools.pairwise(places))
    for other, flit, _ in ego.edges:
        if ego.nodes[other]["distance"] == 2:
            assert math.dist(at[other], at[flit]) < 1.4


def test_neighbours_by_one_relation_stand_together() -> None:
    ego = star(4)
    for leaf in (1, 3):
        ego.add_node(("user", 10 + leaf), distance=1)
        ego.add_edge(("user", 10 + leaf), ("user", 0), key="follows", relation="follows")
    at = rings(ego)
    around = sorted((one for one in at if one != ("user", 0)), key=lambda one: math.atan2(*at[one][::-1]) % math.tau)
    kinds = [one[0] for one in around]
    assert sum(a != b for a, b in zip(kinds, kinds[1:] + kinds[:1], strict=True)) == 2


def test_the_legend_names_relations_and_types() -> None:
    ego = star(3, 1)
    ego.add_edge(("user", 0), ("flit", 0), key="shares", relation="shares")
    figure = plot_ego("t", ego, {("user", 0): "$bird_0", ("flit", 0): "_flit_3"})
    assert legend_of(figure) == ["likes", "shares", "views", "flit", "user"]
    assert sorted(text.get_text().strip() for text in figure.axes[0].texts) == [r"\$bird_0", "_flit_3"]
    assert ink(figure) > 0.005


def test_edges_between_the_same_two_swing_apart() -> None:
    ego = star(1)
    ego.add_edge(("user", 0), ("flit", 0), key="shares", relation="shares")
    figure = plot_ego("t", ego, {})
    middles = [np.asarray(one.get_paths()[0].vertices)[1].tolist() for one in figure.axes[0].collections[:2]]
    assert math.dist(*middles) > 0.1


def test_somebody_alone_draws() -> None:
    assert ink(plot_ego("t", star(0), {("user", 0): "bird"})) > 0
