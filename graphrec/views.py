"""Values that notebooks hold: a version's graph and embeddings in original ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.errors import ConfigError
from graphrec.features import Features
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.inspect import ego_graph, to_networkx
from graphrec.graph.pyg import to_pyg
from graphrec.ids import Id, IdMap
from graphrec.plots import page, table

if TYPE_CHECKING:
    import networkx as nx
    from torch_geometric.data import HeteroData

    from graphrec.plots import Figure

Method = Literal["umap", "tsne"]
_SHOWN = 8
"""Numbers of a vector that a display shows."""


class _Pair(NamedTuple):
    ids: pl.Series
    vectors: FloatMatrix


class NodeEmbeddings(_Pair):
    """Ids and unit vectors of one node type, in the same order: ``ids, vectors = embeddings``.

    Attributes:
        ids: Original ids.
        vectors: float32 ``[num_nodes, dim]``, memory-mapped and read-only.
    """

    @cached_property
    def _rows(self) -> IdMap:
        return IdMap(self.ids)

    def of(self, id_: Id) -> FloatVector:
        """Return the vector of one node, float32 ``[dim]``.

        Raises:
            UnknownIdError: If the node is unknown.
        """
        return np.asarray(self.vectors[self._rows.row(id_)])

    def of_many(self, ids: pl.Series | Sequence[Id]) -> FloatMatrix:
        """Return the vectors of some nodes in the order asked, float32 ``[n, dim]``.

        Raises:
            UnknownIdError: If a node is unknown.
        """
        return np.asarray(self.vectors[self._rows.rows(ids)])

    def to_polars(self) -> pl.DataFrame:
        """Return ``id`` and ``vector``."""
        return pl.DataFrame({"id": self.ids, "vector": np.ascontiguousarray(self.vectors)})

    def plot_map(
        self,
        labels: Sequence[object] | None = None,
        *,
        method: Method = "umap",
        title: str = "",
        most: int = 3000,
        seed: int = 0,
    ) -> "Figure":
        """Draw the nodes on a plane, neighbours together, coloured by label.

        Args:
            labels: One per node, in the order of ``ids``: a column of a frame will do.
            method: ``umap`` or ``tsne``.
            title: Above the figure; default: how many vectors there are, and the method.
            most: Nodes drawn at most, chosen at random.
            seed: Where chance is rooted.

        Raises:
            ConfigError: If there are not as many labels as nodes.
        """
        from graphrec.plots.maps import plot_points, project

        if labels is not None and len(labels) != len(self.ids):
            raise ConfigError(f"labels must be one per node (got {len(labels)} for {len(self.ids)} nodes)")
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self.ids))[:most])
        drawn = None if labels is None else [labels[int(place)] for place in chosen]
        points = project(np.asarray(self.vectors)[chosen], method, seed)
        return plot_points(title or f"{len(chosen):,} vectors, by {_METHODS[method]}", points, drawn)

    def plot_cosines(
        self, linked: pl.DataFrame, other: "NodeEmbeddings | None" = None, *, most: int = 20_000, seed: int = 0
    ) -> "Figure":
        """Draw the cosines of pairs that belong together beside those of the same ends paired at random.

        Args:
            linked: Two columns of ids, one pair a row.
            other: Where the ids of the second column are found; default: here too.
            most: Pairs taken at most.
            seed: Where chance is rooted.

        Raises:
            UnknownIdError: If a node is unknown.
        """
        from graphrec.plots.charts import plot_histograms

        cosines = self.cosines(linked, other, most=most, seed=seed)
        return plot_histograms(f"{len(cosines['linked']):,} pairs of each kind", cosines, "cosine")

    def cosines(
        self, linked: pl.DataFrame, other: "NodeEmbeddings | None" = None, *, most: int = 20_000, seed: int = 0
    ) -> dict[str, FloatVector]:
        """Return what :meth:`plot_cosines` draws: ``linked`` and ``random``, float32, equally many.

        Raises:
            ConfigError: If ``linked`` holds no pair, or not two columns.
            UnknownIdError: If a node is unknown.
        """
        if linked.width != 2 or not len(linked):
            raise ConfigError(f"linked must hold pairs: two columns of ids (got shape {linked.shape})")
        pairs = linked.sample(min(most, len(linked)), seed=seed, shuffle=True)
        first, second = pairs.iter_columns()
        left, right = self.of_many(first), (other or self).of_many(second)
        # The same ends again: popular nodes are met as often among strangers as among pairs.
        strangers = right[np.random.default_rng(seed).permutation(len(right))]
        return {"linked": (left * right).sum(axis=1), "random": (left * strangers).sum(axis=1)}

    def __repr__(self) -> str:
        return f"NodeEmbeddings({len(self.ids):,} unit vectors of dim {self.vectors.shape[1]})"

    def _repr_html_(self) -> str:
        few = self.vectors[: _SHOWN - 3]
        rows = [
            {"id": id_, "vector": ", ".join(f"{number:.3f}" for number in vector[:_SHOWN]) + ", …"}
            for id_, vector in zip(self.ids.head(len(few)), few, strict=True)
        ]
        return table(f"{len(self.ids):,} unit vectors of dim {self.vectors.shape[1]}; the first", rows)


_METHODS: Mapping[Method, str] = {"umap": "UMAP", "tsne": "t-SNE"}


@dataclass(frozen=True, eq=False, repr=False)
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
            ConfigError: If there is no such node type.
            UnknownIdError: If the node is unknown.
        """
        if node_type not in self.ids:
            raise ConfigError(f"node_type must be one of {', '.join(self.ids)} (got {node_type!r})")
        row = self.ids[node_type].row(id_)
        return ego_graph(self.graph, node_type, row, radius=radius, max_neighbours=max_neighbours)

    def to_networkx(self) -> "nx.MultiDiGraph[tuple[str, int]]":
        """Return the whole graph as networkx, nodes ``(type, row)`` with attribute ``id``; meant for small ones."""
        whole = to_networkx(self.graph)
        for (node_type, row), facts in whole.nodes.items():
            facts["id"] = self.ids[node_type].series[row]
        return whole

    def to_pyg(self) -> "HeteroData":
        """Return the graph as PyG's ``HeteroData``, content as ``x``; a node's place is its row in ``ids``."""
        return to_pyg(self.graph, self.features)

    def plot_ego(
        self,
        node_type: str,
        id_: Id,
        *,
        radius: int = 1,
        max_neighbours: int = 8,
        labels: Mapping[str, Mapping[Any, object]] | None = None,
    ) -> "Figure":
        """Draw the surroundings of one node: types and relations by colour, nearer nodes on inner rings.

        Args:
            node_type: Type of the centre.
            id_: The centre.
            radius: How many edges away the surroundings reach.
            max_neighbours: Edges kept per node and relation, the heaviest first.
            labels: Node type to id to what is written instead of the id.

        Raises:
            ConfigError: If there is no such node type.
            UnknownIdError: If the node is unknown.
        """
        from graphrec.plots.ego import plot_ego

        ego = self.ego(node_type, id_, radius=radius, max_neighbours=max_neighbours)
        near = [node for node, facts in ego.nodes.items() if facts["distance"] <= 1]
        ids = {(kind, row): self.ids[kind].series[row] for kind, row in near}
        names = {node: str((labels or {}).get(node[0], {}).get(name, name)) for node, name in ids.items()}
        return plot_ego(f"{node_type} {id_} and its neighbours", ego, names)

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

    def __repr__(self) -> str:
        nodes = ", ".join(f"{number:,} {node_type}" for node_type, number in self.graph.num_nodes.items())
        return f"GraphView({nodes}; {self.to_polars()['edges'].sum():,} edges)"

    def _repr_html_(self) -> str:
        nodes, edges = self.health().select(pl.col("type"), pl.col(_SHOWN_OF_NODES)), self.to_polars()
        return page(
            [
                table(f"Graph: {sum(self.graph.num_nodes.values()):,} nodes", nodes.to_dicts()),
                table(f"{edges['edges'].sum():,} edges", edges.to_dicts()),
            ]
        )


_SHOWN_OF_NODES = ("count", "isolated_share", "degree_p50", "degree_p99", "hub_edge_share")
"""What of the health report stands in the display; cold shares and duplicates only some types have."""
