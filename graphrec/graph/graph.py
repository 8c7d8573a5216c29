"""The graph as every later stage sees it: one CSR per relation and direction, memory-mapped."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec.arrays import FloatVector, IntVector, RowVector

Triplet = tuple[str, str, str]
"""``(source, relation, target)``; the reverse relation is named ``rev_<relation>``."""


@dataclass(frozen=True)
class Relation:
    """The edges of one relation, sorted by source row, then time, then target row.

    Attributes:
        indptr: Start of each source's edges, int64 ``[num_sources + 1]``.
        indices: Target rows, int32 ``[num_edges]``.
        weight: Edge weights with the recency half-life applied, float32 ``[num_edges]``.
        time_s: When each edge came to be, int64 ``[num_edges]``; ``None`` where the relation is undated.
    """

    indptr: IntVector
    indices: RowVector
    weight: FloatVector
    time_s: IntVector | None = None

    @property
    def num_edges(self) -> int:
        """Number of edges."""
        return len(self.indices)

    def degrees(self) -> IntVector:
        """Return the number of edges of each source, int64 ``[num_sources]``."""
        return np.diff(self.indptr)

    def neighbours(self, row: int) -> RowVector:
        """Return the targets of one source row."""
        return self.indices[self.indptr[row] : self.indptr[row + 1]]


@dataclass(frozen=True)
class InteractionGraph:
    """Nodes by type and relations in both directions.

    Attributes:
        num_nodes: Node type to number of rows.
        relations: Triplet to edges; every relation stands with its reverse ``(target, rev_<relation>, source)``.
        as_of_s: The instant the weights were decayed to, seconds since 1970 UTC; ``None`` where nothing is dated.
    """

    num_nodes: Mapping[str, int]
    relations: Mapping[Triplet, Relation]
    as_of_s: int | None = None

    def out_of(self, node_type: str) -> dict[Triplet, Relation]:
        """Return the relations that start from ``node_type``."""
        return {triplet: relation for triplet, relation in self.relations.items() if triplet[0] == node_type}

    def degrees(self, node_type: str) -> IntVector:
        """Return the number of edges of each node over all relations, int64 ``[num_nodes]``."""
        total = np.zeros(self.num_nodes[node_type], dtype=np.int64)
        for relation in self.out_of(node_type).values():
            total += relation.degrees()
        return total

    def save(self, folder: Path) -> None:
        """Write ``graph.json`` and one ``.npy`` file per array into ``folder``."""
        names = []
        for number, (triplet, relation) in enumerate(self.relations.items()):
            names.append({"triplet": list(triplet), "dated": relation.time_s is not None})
            for field in ("indptr", "indices", "weight", "time_s"):
                array = getattr(relation, field)
                if array is not None:
                    np.save(folder / f"relation_{number:02d}_{field}.npy", array)
        meta = {"num_nodes": dict(self.num_nodes), "relations": names, "as_of_s": self.as_of_s}
        (folder / "graph.json").write_text(json.dumps(meta, indent=1))

    @classmethod
    def open(cls, folder: Path) -> "InteractionGraph":
        """Open what :meth:`save` wrote, arrays memory-mapped and read-only."""
        meta = json.loads((folder / "graph.json").read_text())
        relations: dict[Triplet, Relation] = {}
        for number, entry in enumerate(meta["relations"]):
            fields = ["indptr", "indices", "weight"] + (["time_s"] if entry["dated"] else [])
            arrays = {field: np.load(folder / f"relation_{number:02d}_{field}.npy", mmap_mode="r") for field in fields}
            source, name, target = entry["triplet"]
            relations[(source, name, target)] = Relation(**arrays)
        return cls(meta["num_nodes"], relations, meta["as_of_s"])
