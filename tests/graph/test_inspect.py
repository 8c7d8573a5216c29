import networkx as nx

from graphrec.graph.build import build_graph
from graphrec.graph.inspect import ego_graph, to_networkx
from graphrec.tables.clean import Tables
from tests.graph.conftest import DAY, edges, nodes


def _distances(ego: "nx.MultiDiGraph[tuple[str, int]]") -> dict[tuple[str, int], int]:
    return {node: ego.nodes[node]["distance"] for node in ego}


def test_ego_graph_by_hand(tables: Tables) -> None:
    graph = build_graph(tables, as_of_s=10 * DAY)
    ego = ego_graph(graph, "user", 0)
    assert _distances(ego) == {("user", 0): 0, ("flit", 0): 1, ("flit", 1): 1, ("user", 2): 1}
    assert sorted(ego.edges(data="relation")) == [
        (("user", 0), ("flit", 0), "likes"),
        (("user", 0), ("flit", 1), "likes"),
        (("user", 2), ("user", 0), "follows"),
    ]


def test_ego_graph_reaches_as_far_as_asked(tables: Tables) -> None:
    graph = build_graph(tables, as_of_s=10 * DAY)
    assert set(ego_graph(graph, "user", 0, radius=0)) == {("user", 0)}
    two = ego_graph(graph, "user", 0, radius=2)
    assert _distances(two) == {
        ("user", 0): 0, ("flit", 0): 1, ("flit", 1): 1, ("user", 2): 1, ("user", 1): 2, ("flit", 2): 2,
    }  # fmt: skip
    assert set(ego_graph(graph, "flit", 3)) == {("flit", 3)}


def test_ego_graph_keeps_the_heaviest_edges() -> None:
    times = [1 * DAY, 5 * DAY, 9 * DAY]
    likes = edges("likes", [(0, 0), (0, 1), (0, 2)], times=times, half_life_days=1.0)
    graph = build_graph(Tables({"user": nodes("u", 1), "flit": nodes("f", 3)}, (likes,)), as_of_s=10 * DAY)
    ego = ego_graph(graph, "user", 0, max_neighbours=2)
    assert set(ego) == {("user", 0), ("flit", 1), ("flit", 2)}
    assert ego.edges[("user", 0), ("flit", 2), "likes"]["weight"] == 0.5


def test_two_relations_between_two_nodes_are_two_edges() -> None:
    tables = Tables(
        {"user": nodes("u", 1), "flit": nodes("f", 1)}, (edges("likes", [(0, 0)]), edges("shares", [(0, 0)]))
    )
    ego = ego_graph(build_graph(tables, as_of_s=None), "flit", 0)
    assert sorted(ego.edges(data="relation")) == [
        (("user", 0), ("flit", 0), "likes"),
        (("user", 0), ("flit", 0), "shares"),
    ]


def test_to_networkx_holds_every_node_and_edge_once(tables: Tables) -> None:
    graph = build_graph(tables, as_of_s=10 * DAY)
    whole = to_networkx(graph)
    assert len(whole) == 3 + 4
    assert whole.number_of_edges() == 6
    assert whole.degree(("flit", 3)) == 0
    assert {ends[:2] for ends in whole.edges if whole.edges[ends]["relation"] == "likes"} == {
        (("user", u), ("flit", f)) for u, f in [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)]
    }


def test_to_networkx_keeps_repeated_edges() -> None:
    tables = Tables({"user": nodes("u", 1), "flit": nodes("f", 1)}, (edges("likes", [(0, 0), (0, 0)]),))
    assert to_networkx(build_graph(tables, as_of_s=None)).number_of_edges() == 2
