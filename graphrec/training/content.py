"""The content a model reads, gathered row by row from memory-mapped feature blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import FloatMatrix, FloatVector, RowVector
from graphrec.features import Features


@dataclass(frozen=True)
class Content:
    """Feature blocks per node type, in a fixed order.

    Attributes:
        blocks: Node type to its matrices, float32 ``[num_nodes, width]`` each.
    """

    blocks: Mapping[str, tuple[FloatMatrix, ...]]

    @classmethod
    def of(cls, features: Features, blocks: Sequence[str]) -> "Content":
        """Choose the named blocks; whether a row has a block at all becomes a column of its own."""
        chosen = {}
        for node_type, node in features.nodes.items():
            parts: list[FloatMatrix] = []
            for name in blocks:
                if name in node.blocks:
                    parts += [node.blocks[name], node.present[name].astype(np.float32)[:, None]]
            chosen[node_type] = tuple(parts)
        return cls(chosen)

    @property
    def widths(self) -> dict[str, int]:
        """Width of the model's input per node type, log-degree included."""
        return {t: 1 + sum(part.shape[1] for part in parts) for t, parts in self.blocks.items()}

    def gather(self, node_type: str, rows: RowVector, log_degree: FloatVector) -> Tensor:
        """Return the model's input for ``rows``, float32 ``[len(rows), width]``; log-degree comes last."""
        parts = [part[rows] for part in self.blocks[node_type]]
        return torch.from_numpy(np.concatenate([*parts, log_degree[rows][:, None]], axis=1, dtype=np.float32))
