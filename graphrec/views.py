"""Values that notebooks hold: a version's graph and embeddings in original ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.features import Features
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.inspect import ego_graph, to_networkx
from graphrec.graph.pyg import to_pyg
from graphrec.ids import Id, IdMap
from graphrec.plots import table

if TYPE_CHECKING:
    import networkx as nx
    from torch_geometric.data import HeteroData

    from graphrec.plots import Figure


class NodeEmbeddings(NamedTuple):
    """Ids and unit vectors of one node type, in the same order.

    Attributes:
        ids: Original ids.
        vectors: float32 ``[num_nodes, dim]``, memory-mapped and read-only.
    """

    ids: pl.Series
    vectors: FloatMatrix

    def of(self, id_: Id) -> FloatVector:
        """Return the vector of one node, float32 ``[dim]``.

        Raises:
            UnknownIdError: If the node is unknown.
        """
        return np.asarray(self.vectors[IdMap(self.ids).row(id_)])

    def to_polars(self) -> pl.DataFrame:
        """Return ``id`` and ``vector``."""
        return pl.DataFrame({"id": self.ids, "vector": np.ascontiguousarray(self.vectors)})

    def plot_map(
        self, labels: Sequence[str] | None = None, *, method: Literal["umap", "tsne"] = "umap", most: int = 3000
    ) -> "Figure":
        """Draw the nodes on a plane, neighbours together, coloured by label.

        Args:
            labels: One per node, in the order of ``ids``.
            method: ``umap`` or ``tsne``.
            most: Nodes drawn at most, chosen at random.
        """
        from graphrec.plots.figures import plot_points, project

        chosen = np.sort(np.random.default_rng(0).permutation(len(self.ids))[:most])
        drawn = None if labels is None else [str(labels[place]) for place in chosen]
        points = project(np.asarray(self.vectors)[chosen], method)
        return plot_points(f"{len(chosen):,} nodes by {method}", points, drawn)

    def plot_cosines(self, linked: pl.DataFrame, *, most: int = 20_000) -> "Figure":
        """Draw the cosines of pairs that belong together beside those of random pairs.

        Args:
            linked: Two columns of ids, one pair a row.
            most: Pairs taken at most.
        """
        from graphrec.plots.figures import plot_histograms

        rng, rows = np.random.default_rng(0), IdMap(self.ids)
        pairs = linked.sample(min(most, len(linked)), seed=0)
        ends = [rows.rows(column.to_list()) for column in pairs.iter_columns()]
        strangers = rng.integers(len(self.ids), size=(2, len(pairs)))
        groups = {
            "linked": _cosines(self.vectors, ends[0], ends[1]),
            "random": _cosines(self.vectors, strangers[0], strangers[1]),
        }
        return plot_histograms(f"{len(pairs):,} pairs of each kind", groups, "cosine")


def _cosines(vectors: FloatMatrix, left: Any, right: Any) -> FloatVector:
    matrix = np.asarray(vectors)
    out: FloatVector = (matrix[left] * matrix[right]).sum(axis=1)
    return out


@dataclass(frozen=True, eq=False)
class GraphView:
    """A version's graph, asked by original ids.

    Attributes:
        graph: The graph in rows.
        ids: Node type to ids.
        features: Content of the nodes.
        report: Its health report, as :func:`graphrec.graph.health.health` gives it.
    """

    graph: InteractionGraph
    ids: Mapping[str, IdMap]
    features: Features
    report: Mapping[str, Any]

    def ego(
        self, node_type: str, id_: Id, *, radius: int = 1, max_neighbours: int = 20
    ) -> "nx.MultiDiGraph[tuple[str, int]]":
        """Return the surroundings of one node as networkx; see :func:`graphrec.graph.inspect.ego_graph`.

        Raises:
            UnknownIdError: If the node is unknown.
        """
        row = self.ids[node_type].row(id_)
        return ego_graph(self.graph, node_type, row, radius=radius, max_neighbours=max_neighbours)

    def to_networkx(self) -> "nx.MultiDiGraph[tuple[str, int]]":
        """Return the whole graph as networkx; meant for small ones."""
        return to_networkx(self.graph)

    def to_pyg(self) -> "HeteroData":
        """Return the graph as PyG's ``HeteroData``, content as ``x``."""
        return to_pyg(self.graph, self.features)

    def plot_ego(self, node_type: str, id_: Id, *, radius: int = 1, max_neighbours: int = 8) -> "Figure":
        """Draw the surroundings of one node, typed and coloured.

        Raises:
            UnknownIdError: If the node is unknown.
        """
        from graphrec.plots.figures import plot_ego

        ego = self.ego(node_type, id_, radius=radius, max_neighbours=max_neighbours)
        near = [node for node, facts in ego.nodes.items() if facts["distance"] <= 1]
        names = {(kind, row): str(self.ids[kind].series[row]) for kind, row in near}
        return plot_ego(f"around {id_}", ego, names)

    def health(self) -> pl.DataFrame:
        """Return one row per node type: counts, isolated and cold shares, hubs, degrees, duplicate texts."""
        return pl.DataFrame(
            [
                {"type": node_type, **{name: value for name, value in one.items() if name != "missing"}}
                for node_type, one in self.report["nodes"].items()
            ],
            infer_schema_length=None,
        )

    def to_polars(self) -> pl.DataFrame:
        """Return one row per declared relation: its ends, edges, mean degree of its sources."""
        rows = [
            {
                "source": source, "relation": name, "target": target, "edges": relation.num_edges,
                "mean_degree": relation.num_edges / max(self.graph.num_nodes[source], 1),
            }
            for (source, name, target), relation in self.graph.relations.items()
            if not name.startswith("rev_")
        ]  # fmt: skip
        return pl.DataFrame(rows)

    def _repr_html_(self) -> str:
        nodes = ", ".join(f"{number:,} {node_type}s" for node_type, number in self.graph.num_nodes.items())
        return table(f"Graph: {nodes}", self.to_polars().to_dicts())
