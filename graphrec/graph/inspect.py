"""A look at the graph with networkx: ego graphs to draw, the whole graph to analyse."""

from typing import TYPE_CHECKING

from graphrec.graph.graph import InteractionGraph

if TYPE_CHECKING:
    import networkx as nx


def ego_graph(
    graph: InteractionGraph, node_type: str, row: int, *, radius: int = 1, max_neighbours: int = 20
) -> "nx.MultiDiGraph[tuple[str, int]]":
    """Return the surroundings of one node.

    Args:
        graph: The graph.
        node_type: Type of the centre.
        row: Row of the centre.
        radius: How many edges away the surroundings reach.
        max_neighbours: Edges kept per node and relation, the heaviest first; hubs would swamp a drawing.

    Returns:
        A networkx multigraph whose nodes are ``(node type, row)`` with attribute ``distance``, and whose edges, in the
        declared direction, carry ``relation`` and ``weight``.
    """
    import networkx as nx

    ego: nx.MultiDiGraph[tuple[str, int]] = nx.MultiDiGraph()
    ego.add_node((node_type, row), distance=0)
    frontier = [(node_type, row)]
    for distance in range(1, radius + 1):
        reached = []
        for here in frontier:
            for there, relation, weight, forward in _edges(graph, here, max_neighbours):
                if there not in ego:
                    ego.add_node(there, distance=distance)
                    reached.append(there)
                ends = (here, there) if forward else (there, here)
                if not ego.has_edge(*ends, key=relation):
                    ego.add_edge(*ends, key=relation, relation=relation, weight=weight)
        frontier = reached
    return ego


def _edges(graph: InteractionGraph, node: tuple[str, int], most: int) -> list[tuple[tuple[str, int], str, float, bool]]:
    """Return the heaviest edges of a node: other end, relation, weight, whether it starts here."""
    node_type, row = node
    found = []
    for (_, name, target), relation in graph.out_of(node_type).items():
        lo, hi = int(relation.indptr[row]), int(relation.indptr[row + 1])
        order = sorted(range(lo, hi), key=lambda place: (-relation.weight[place], relation.indices[place]))[:most]
        for place in order:
            there = (target, int(relation.indices[place]))
            found.append((there, name.removeprefix("rev_"), float(relation.weight[place]), not name.startswith("rev_")))
    return found


def to_networkx(graph: InteractionGraph) -> "nx.MultiDiGraph[tuple[str, int]]":
    """Return the whole graph; meant for small ones, a networkx edge takes about a kilobyte."""
    import networkx as nx

    out: nx.MultiDiGraph[tuple[str, int]] = nx.MultiDiGraph()
    for node_type, number in graph.num_nodes.items():
        out.add_nodes_from((node_type, row) for row in range(number))
    for (source, name, target), relation in graph.relations.items():
        if not name.startswith("rev_"):
            for row in range(len(relation.indptr) - 1):
                for place in range(int(relation.indptr[row]), int(relation.indptr[row + 1])):
                    ends = (source, row), (target, int(relation.indices[place]))
                    out.add_edge(*ends, key=f"{name}/{place}", relation=name, weight=float(relation.weight[place]))
    return out
