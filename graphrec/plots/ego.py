"""The surroundings of one node, in rings around it."""

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from graphrec.plots.canvas import INK, PALETTE, Sheet, blank, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Node = Hashable
Point = tuple[float, float]
_BEND = 0.14
"""How far the second edge between the same two nodes swings out, in shares of its length."""


def plot_ego(title: str, graph: Any, names: Mapping[Any, str]) -> Sheet:
    """Draw a small networkx graph of typed nodes in rings around its centre.

    Args:
        title: Above the figure.
        graph: A multigraph; nodes are ``(type, …)`` with attribute ``distance`` (0: the centre), edges carry
            ``relation``.
        names: Node to what stands beside it.
    """
    figure, axes = blank(9, 7)
    at = rings(graph)
    _edges(axes, graph, at)
    _nodes(axes, graph, at)
    for node, name in names.items():
        _name(axes, plain(name), at[node], centre=graph.nodes[node]["distance"] == 0)
    far = max(math.hypot(*place) for place in at.values())
    reach = far + (0.6 if far <= 1 else 0.15)  # names stand outside the first ring
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(plain(title), loc="left")
    legend(axes)
    return figure


def rings(graph: Any) -> dict[Any, Point]:
    """Return a place for every node: the centre in the middle, what is ``distance`` away on that ring.

    Every node gets the share of the circle that those behind it need; neighbours by the same relation stand together.
    """
    children: dict[Any, list[Any]] = {node: [] for node in graph}
    centre = min(graph, key=lambda node: graph.nodes[node]["distance"])
    for node in sorted(graph, key=lambda one: _order(graph, one)):
        if node != centre:
            children[_parent(graph, node)].append(node)
    at: dict[Any, Point] = {}
    _place(centre, 0.0, 2 * math.pi, graph, children, at)
    return at


def _order(graph: Any, node: Any) -> tuple[int, str, str]:
    relations = sorted(relation for _, _, relation in _around(graph, node, "relation"))
    return graph.nodes[node]["distance"], relations[0] if relations else "", str(node)


def _parent(graph: Any, node: Any) -> Any:
    """Return a neighbour nearer to the centre."""
    ends = {end for one in _around(graph, node, "relation") for end in one[:2]} - {node}
    return min(ends, key=lambda end: (graph.nodes[end]["distance"], str(end)))


def _around(graph: Any, node: Any, attribute: str) -> list[tuple[Any, Any, str]]:
    return [*graph.in_edges(node, data=attribute), *graph.out_edges(node, data=attribute)]


def _place(node: Any, start: float, width: float, graph: Any, children: Any, at: dict[Any, Point]) -> None:
    """Place a node in the middle of its share of the circle, and those behind it within that share."""
    angle, radius = start + width / 2, float(graph.nodes[node]["distance"])
    at[node] = radius * math.cos(angle), radius * math.sin(angle)
    behind = children[node]
    ends = [_ends(child, children) for child in behind]
    fair = sum(ends) / max(len(ends), 1)  # half by need, half alike: a node with nobody behind it has a name too
    for child, number in zip(behind, ends, strict=True):
        share = width * (number + fair) / (2 * sum(ends))
        _place(child, start, share, graph, children, at)
        start += share


def _ends(node: Any, children: Any) -> int:
    return max(sum(_ends(child, children) for child in children[node]), 1)


def _edges(axes: "Axes", graph: Any, at: Mapping[Any, Point]) -> None:
    """Draw the edges, one colour per relation; several between the same two nodes swing apart."""
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path

    drawn: dict[frozenset[Any], int] = {}
    wide = 1.3 if all(graph.nodes[node]["distance"] <= 1 for node in graph) else 0.7
    relations = sorted({relation for _, _, relation in graph.edges(data="relation")})
    for number, relation in enumerate(relations):
        paths = []
        for a, b, name in graph.edges(data="relation"):
            if name == relation:
                times = drawn[frozenset((a, b))] = drawn.get(frozenset((a, b)), -1) + 1
                (x, y), (u, v) = at[a], at[b]
                bend = _BEND * ((times + 1) // 2) * (-1) ** times
                middle = ((x + u) / 2 + bend * (y - v), (y + v) / 2 + bend * (u - x))
                paths.append(Path([(x, y), middle, (u, v)], [Path.MOVETO, Path.CURVE3, Path.CURVE3]))
        colour = PALETTE[(number + 3) % len(PALETTE)]
        axes.add_collection(PathCollection(paths, facecolors="none", edgecolors=colour, linewidths=wide, alpha=0.75))
        axes.plot([], [], color=colour, lw=1.8, label=plain(relation))


def _nodes(axes: "Axes", graph: Any, at: Mapping[Any, Point]) -> None:
    for number, node_type in enumerate(sorted({node[0] for node in graph})):
        nodes = [node for node in graph if node[0] == node_type]
        sizes = [{0: 320, 1: 90}.get(graph.nodes[node]["distance"], 28) for node in nodes]
        x, y = zip(*(at[node] for node in nodes), strict=True)
        colour = PALETTE[number % len(PALETTE)]
        axes.scatter(x, y, s=sizes, c=colour, edgecolors="white", linewidths=0.8, zorder=3)
        axes.scatter([], [], s=70, c=colour, label=plain(node_type))


def _name(axes: "Axes", name: str, at: Point, *, centre: bool) -> None:
    """Write a name beside its node, away from the centre, so that names never meet."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]
    if centre:
        axes.annotate(
            name, at, xytext=(0, 11), textcoords="offset points", fontsize=11, weight="bold", ha="center", zorder=6,
            path_effects=halo,
        )  # fmt: skip
        return
    angle = math.degrees(math.atan2(at[1], at[0]))
    left = abs(angle) > 90
    grown = 1 + 0.07 / math.hypot(*at)
    axes.text(
        at[0] * grown, at[1] * grown, name, fontsize=8.5, color=INK, rotation=angle + 180 if left else angle,
        rotation_mode="anchor", ha="right" if left else "left", va="center", zorder=5, path_effects=halo,
    )  # fmt: skip
