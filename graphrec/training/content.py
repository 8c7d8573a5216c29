"""The content a model reads: feature blocks centred, brought to one scale and gathered row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import FloatMatrix, FloatVector, RowVector
from graphrec.features import Features

BLOCKS = ("text", "image", "columns")
"""Every content block, in the order a model reads them."""
DEGREE = "log_degree"
"""Name of the block that the graph gives: log(1 + degree), one column, always the last."""


@dataclass(frozen=True)
class Block:
    """One block of one node type as a model reads it; a column that says whether it is there follows each.

    Attributes:
        name: ``text``, ``image``, ``columns`` or ``log_degree``.
        shift: Mean of each column over the nodes it was fitted on, float values ``[width]``.
        scale: What the centred block is divided by: the root of its mean square.
    """

    name: str
    shift: tuple[float, ...]
    scale: float

    def apply(self, values: FloatMatrix, present: FloatVector) -> FloatMatrix:
        """Return ``values`` centred and scaled; rows without the block are zero, that is, average."""
        out: FloatMatrix = (values - np.asarray(self.shift, dtype=np.float32)) / np.float32(self.scale)
        return np.asarray(out * present[:, None], dtype=np.float32)


Layout = Mapping[str, Sequence[Block]]
"""Node type to its blocks, in the order a model reads them."""


def fit_layout(
    features: Features,
    blocks: Sequence[str] | None,
    rows: Mapping[str, RowVector],
    log_degree: Mapping[str, FloatVector],
) -> dict[str, list[Block]]:
    """Fit centre and scale of every block.

    Args:
        features: What the nodes are.
        blocks: Names of the blocks to read, in this order, of which a type reads those it has; ``None``: all.
        rows: Node type to the rows to fit on: nothing that came after the split may be among them.
        log_degree: Node type to log degrees in the graph of the past.
    """
    layout = {}
    for node_type, node in features.nodes.items():
        fit = rows[node_type]
        known = [
            fit_block(name, node.blocks[name][fit[np.asarray(node.present[name])[fit]]])
            for name in (BLOCKS if blocks is None else blocks)
            if name in node.blocks
        ]
        layout[node_type] = [*known, fit_block(DEGREE, log_degree[node_type][fit][:, None])]
    return layout


def fit_block(name: str, values: FloatMatrix) -> Block:
    """Fit one block on its rows; no row at all leaves values as they are."""
    if not len(values):
        return Block(name, (0.0,) * values.shape[1], 1.0)
    shift = values.mean(axis=0, dtype=np.float64)
    scale = float(np.sqrt(np.square(values - shift).mean()))
    return Block(name, tuple(float(one) for one in shift.astype(np.float32)), scale if scale > 1e-6 else 1.0)


class Content:
    """Features of all nodes through a fitted layout.

    Args:
        features: What the nodes are.
        layout: How a model reads them.
    """

    def __init__(self, features: Features, layout: Layout) -> None:
        self._nodes = features.nodes
        self.layout = layout

    @property
    def widths(self) -> dict[str, int]:
        """Width of the model's input per node type, presence columns and log-degree included."""
        return {t: sum(len(block.shift) + 1 for block in blocks) - 1 for t, blocks in self.layout.items()}

    def gather(self, node_type: str, rows: RowVector, log_degree: FloatVector) -> Tensor:
        """Return the model's input for ``rows``, float32 ``[len(rows), width]``; log-degree comes last."""
        return self._input(node_type, rows, log_degree[rows])

    def unmet(self, node_type: str, rows: RowVector) -> Tensor:
        """Return the model's input for ``rows`` as if nobody had met them, float32 ``[len(rows), width]``."""
        return self._input(node_type, rows, np.zeros(len(rows), dtype=np.float32))

    def _input(self, node_type: str, rows: RowVector, log_degree: FloatVector) -> Tensor:
        node = self._nodes[node_type]
        parts: list[FloatMatrix] = []
        for block in self.layout[node_type][:-1]:
            present = np.asarray(node.present[block.name][rows], dtype=np.float32)
            parts += [block.apply(node.blocks[block.name][rows], present), present[:, None]]
        degree = self.layout[node_type][-1].apply(log_degree[:, None], np.ones(len(rows), dtype=np.float32))
        return torch.from_numpy(np.concatenate([*parts, degree], axis=1))


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
    for block in layout[:-1]:
        empty = np.zeros((num_rows, len(block.shift)), dtype=np.float32)
        present = np.full(num_rows, float(block.name in given), dtype=np.float32)
        parts += [block.apply(given.get(block.name, empty), present), present[:, None]]
    degree = layout[-1].apply(np.zeros((num_rows, 1), dtype=np.float32), np.ones(num_rows, dtype=np.float32))
    return torch.from_numpy(np.concatenate([*parts, degree], axis=1))


def layout_to_dict(layout: Layout) -> dict[str, list[dict[str, Any]]]:
    """Return a layout as plain values for JSON."""
    return {t: [asdict(block) for block in blocks] for t, blocks in layout.items()}


def layout_from_dict(values: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[Block]]:
    """Build a layout from what :func:`layout_to_dict` gave."""
    return {
        t: [Block(one["name"], tuple(one["shift"]), one["scale"]) for one in blocks] for t, blocks in values.items()
    }
