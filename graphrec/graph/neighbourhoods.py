"""Neighbourhoods: for each node the T most visited nodes of every type, with visit shares as weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import Field

from graphrec.arrays import FloatMatrix
from graphrec.engine import LOCAL, Engine
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.walks import WalkTable, visit_top
from graphrec.section import Section

BATCH = 65_536
"""Seeds walked between two reports of progress."""


class NeighbourhoodConfig(Section):
    """How a node's neighbourhood is drawn (PinSage, KDD 2018, section 3.2)."""

    num_walks: int = Field(default=1000, ge=1)
    """Walks started per node. Visit counts are a sample: of 100 walks most kept neighbours were met once, by chance."""
    restart_prob: float = Field(default=0.5, gt=0, lt=1)
    """Chance, after each step, of going back to the start; higher keeps neighbours closer. Typical 0.3-0.7."""
    size: int = Field(default=50, ge=1)
    """Neighbours kept per node and neighbour type (T in the paper)."""
    seed: int = 0
    """Root of the walks' random streams."""


@dataclass(frozen=True)
class Neighbourhoods:
    """Fixed-size neighbourhoods of every node.

    Attributes:
        rows: ``(node type, neighbour type)`` to rows of the neighbours, most visited first, int32 ``[num_nodes, size]``
            padded with -1.
        weights: The same keys to visit shares, float32 ``[num_nodes, size]``, each row summing to 1, or to 0 where a
            node has no neighbour of that type.
    """

    rows: Mapping[tuple[str, str], npt.NDArray[np.int32]]
    weights: Mapping[tuple[str, str], FloatMatrix]

    def save(self, folder: Path) -> None:
        """Write two ``.npy`` files per pair of types into ``folder``."""
        for (source, target), rows in self.rows.items():
            np.save(folder / f"{source}--{target}_rows.npy", rows)
            np.save(folder / f"{source}--{target}_weights.npy", self.weights[(source, target)])

    @classmethod
    def open(cls, folder: Path) -> "Neighbourhoods":
        """Open what :meth:`save` wrote, memory-mapped and read-only."""
        rows, weights = {}, {}
        for path in sorted(folder.glob("*_rows.npy")):
            source, target = path.name.removesuffix("_rows.npy").split("--")
            rows[(source, target)] = np.load(path, mmap_mode="r")
            weights[(source, target)] = np.load(folder / f"{source}--{target}_weights.npy", mmap_mode="r")
        return cls(rows, weights)


def build_neighbourhoods(
    graph: InteractionGraph,
    config: NeighbourhoodConfig,
    *,
    engine: Engine = LOCAL,
    on_progress: Callable[[int, int], None] | None = None,
) -> Neighbourhoods:
    """Walk from every node of ``graph`` and keep its neighbourhood.

    Args:
        graph: The graph to walk.
        config: Number of walks, restart probability and size.
        engine: Where the walks run.
        on_progress: Called with parts done and parts in all.

    Returns:
        Equal arrays whatever the number of threads, workers and partitions.
    """
    table = WalkTable.of(graph)
    parts = [
        (int(first) + start, int(first) + stop)
        for first, last in zip(table.offset[:-1], table.offset[1:], strict=True)
        for start, stop in engine.parts(int(last - first), BATCH)
    ]
    found = engine.map_parts(_walk, parts, table, config, name="walks", on_done=on_progress)
    none = np.zeros((0, len(table.types), config.size), dtype=np.int32)
    every_row = np.concatenate([none, *(rows for rows, _ in found)])
    every_weight = np.concatenate([none.astype(np.float32), *(weights for _, weights in found)])
    rows, weights = {}, {}
    for number, node_type in enumerate(table.types):
        span = slice(int(table.offset[number]), int(table.offset[number + 1]))
        for kind, target in enumerate(table.types):
            rows[(node_type, target)] = np.ascontiguousarray(every_row[span, kind])
            weights[(node_type, target)] = np.ascontiguousarray(every_weight[span, kind])
    return Neighbourhoods(rows, weights)


def _walk(
    part: tuple[int, int], table: WalkTable, config: NeighbourhoodConfig
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return rows and visit shares of the nodes from ``part[0]`` to ``part[1]``, counted over all types."""
    seeds = np.arange(*part, dtype=np.int32)
    return visit_top(
        table, seeds, num_walks=config.num_walks, restart_prob=config.restart_prob, size=config.size, seed=config.seed
    )
