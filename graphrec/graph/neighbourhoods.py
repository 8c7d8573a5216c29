"""Neighbourhoods: for each node the T most visited nodes of every type, with visit shares as weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from graphrec.arrays import FloatMatrix
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
    graph: InteractionGraph, config: NeighbourhoodConfig, *, on_progress: Callable[[int, int], None] | None = None
) -> Neighbourhoods:
    """Walk from every node of ``graph`` and keep its neighbourhood.

    Args:
        graph: The graph to walk.
        config: Number of walks, restart probability and size.
        on_progress: Called with nodes done and nodes in all.

    Returns:
        Equal arrays whatever the number of threads.
    """
    table = WalkTable.of(graph)
    total = int(table.offset[-1])
    rows: dict[tuple[str, str], npt.NDArray[np.int32]] = {}
    weights: dict[tuple[str, str], FloatMatrix] = {}
    for number, node_type in enumerate(table.types):
        first, last = int(table.offset[number]), int(table.offset[number + 1])
        parts = []
        for start in range(first, last, BATCH):
            seeds = np.arange(start, min(start + BATCH, last), dtype=np.int32)
            parts.append(
                visit_top(
                    table, seeds, num_walks=config.num_walks, restart_prob=config.restart_prob,
                    size=config.size, seed=config.seed,
                )
            )  # fmt: skip
            if on_progress is not None:
                on_progress(int(seeds[-1]) + 1, total)
        for kind, target in enumerate(table.types):
            rows[(node_type, target)] = _stack(
                [part[0][:, kind] for part in parts], np.zeros((0, config.size), np.int32)
            )
            weights[(node_type, target)] = _stack(
                [part[1][:, kind] for part in parts], np.zeros((0, config.size), np.float32)
            )
    return Neighbourhoods(rows, weights)


Array = TypeVar("Array", npt.NDArray[np.int32], npt.NDArray[np.float32])


def _stack(parts: list[Array], empty: Array) -> Array:
    """Concatenate blocks of neighbourhoods; no node at all gives shape ``[0, size]``."""
    out: Array = np.concatenate([empty, *parts])
    return out
