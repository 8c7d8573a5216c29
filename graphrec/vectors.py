"""Vectors of all nodes on disk; apart from how they are computed, so that whoever only reads them loads no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, mapped
from graphrec.regression import ContentMap

LENGTHS = "lengths"
CONTENT = "content"


@dataclass(frozen=True)
class Embeddings:
    """One unit vector per node, all types in one space, and how long it was before.

    Attributes:
        vectors: Node type to float32 ``[num_nodes, dim]``.
        lengths: Node type to the length of each vector as the model learnt it, float32 ``[num_nodes]``, all above 0;
            types that a model compares by cosine alone are missing.
        content: Node type to what its nodes without actions follow, where that is a regression of these very vectors
            and not the encoder itself.
    """

    vectors: Mapping[str, FloatMatrix]
    lengths: Mapping[str, FloatVector] = field(default_factory=dict)
    content: Mapping[str, ContentMap] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write one file per node type into ``folder``, and below ``lengths/`` and ``content/`` where there are any."""
        (folder / "embeddings.json").write_text(json.dumps(list(self.vectors)))
        for node_type, matrix in self.vectors.items():
            np.save(folder / f"{node_type}.npy", matrix)
        for node_type, lengths in self.lengths.items():
            (folder / LENGTHS).mkdir(exist_ok=True)
            np.save(folder / LENGTHS / f"{node_type}.npy", lengths)
        for node_type, told in self.content.items():
            (folder / CONTENT).mkdir(exist_ok=True)
            told.save(folder / CONTENT / f"{node_type}.npz")

    @classmethod
    def open(cls, folder: Path) -> "Embeddings":
        """Open what :meth:`save` wrote, memory-mapped and read-only."""
        types = json.loads((folder / "embeddings.json").read_text())
        measured = [t for t in types if (folder / LENGTHS / f"{t}.npy").is_file()]
        return cls(
            {t: mapped(folder / f"{t}.npy") for t in types},
            {t: mapped(folder / LENGTHS / f"{t}.npy") for t in measured},
            {
                t: ContentMap.open(folder / CONTENT / f"{t}.npz")
                for t in types
                if (folder / CONTENT / f"{t}.npz").is_file()
            },
        )
