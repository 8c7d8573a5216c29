"""Vectors of all nodes on disk; apart from how they are computed, so that whoever only reads them loads no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec.arrays import FloatMatrix, mapped


@dataclass(frozen=True)
class Embeddings:
    """One unit vector per node, all types in one space.

    Attributes:
        vectors: Node type to float32 ``[num_nodes, dim]``.
    """

    vectors: Mapping[str, FloatMatrix]

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per node type into ``folder``."""
        (folder / "embeddings.json").write_text(json.dumps(list(self.vectors)))
        for node_type, matrix in self.vectors.items():
            np.save(folder / f"{node_type}.npy", matrix)

    @classmethod
    def open(cls, folder: Path) -> "Embeddings":
        """Open what :meth:`save` wrote, memory-mapped and read-only."""
        types = json.loads((folder / "embeddings.json").read_text())
        return cls({t: mapped(folder / f"{t}.npy") for t in types})
