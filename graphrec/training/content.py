"""The content a model reads, gathered row by row from memory-mapped feature blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import FloatMatrix, FloatVector, RowVector
from graphrec.features import Features

UNIT_BLOCKS = ("text", "image")
"""Blocks whose rows have length one."""


@dataclass(frozen=True)
class Block:
    """One block of one node type as a model reads it: scaled, and followed by a column that says whether it is there.

    Attributes:
        name: ``text``, ``image`` or ``columns``.
        width: Columns of the block.
    """

    name: str
    width: int

    @property
    def scale(self) -> np.float32:
        """Factor that puts all blocks on one scale: a unit row of width w has entries of about 1 / sqrt(w)."""
        return np.float32(self.width**0.5 if self.name in UNIT_BLOCKS else 1.0)


class Content:
    """Feature blocks per node type, in a fixed order.

    Args:
        features: What the nodes are.
        blocks: Names of the blocks to read, in this order.
    """

    def __init__(self, features: Features, blocks: Sequence[str]) -> None:
        self._nodes = features.nodes
        self.layout = {
            t: [Block(name, node.widths[name]) for name in blocks if name in node.blocks]
            for t, node in features.nodes.items()
        }

    @property
    def widths(self) -> dict[str, int]:
        """Width of the model's input per node type, presence columns and log-degree included."""
        return {t: 1 + sum(block.width + 1 for block in layout) for t, layout in self.layout.items()}

    def gather(self, node_type: str, rows: RowVector, log_degree: FloatVector) -> Tensor:
        """Return the model's input for ``rows``, float32 ``[len(rows), width]``; log-degree comes last."""
        node = self._nodes[node_type]
        parts: list[FloatMatrix] = []
        for block in self.layout[node_type]:
            parts += [
                node.blocks[block.name][rows] * block.scale,
                node.present[block.name][rows][:, None].astype(np.float32),
            ]
        return torch.from_numpy(np.concatenate([*parts, log_degree[rows][:, None]], axis=1, dtype=np.float32))


def input_of(layout: Sequence[Block], given: Mapping[str, FloatMatrix], num_rows: int) -> Tensor:
    """Return the model's input for nodes outside the graph: blocks not given are missing, the degree is 0.

    Args:
        layout: The blocks the model reads for this node type.
        given: Block name to float32 ``[num_rows, width]``.
        num_rows: Number of nodes.

    Returns:
        float32 ``[num_rows, width]``.
    """
    parts = []
    for block in layout:
        there = block.name in given
        value = given[block.name] * block.scale if there else np.zeros((num_rows, block.width), dtype=np.float32)
        parts += [value, np.full((num_rows, 1), float(there), dtype=np.float32)]
    return torch.from_numpy(np.concatenate([*parts, np.zeros((num_rows, 1))], axis=1, dtype=np.float32))


def layout_to_dict(layout: Mapping[str, Sequence[Block]]) -> dict[str, list[dict[str, Any]]]:
    """Return a layout as plain values for JSON."""
    return {t: [vars(block) for block in blocks] for t, blocks in layout.items()}


def layout_from_dict(values: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[Block]]:
    """Build a layout from what :func:`layout_to_dict` gave."""
    return {t: [Block(**block) for block in blocks] for t, blocks in values.items()}
