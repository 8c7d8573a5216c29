"""Vectors of all nodes on disk; apart from how they are computed, so that whoever only reads them loads no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, mapped

LENGTHS = "lengths"


@dataclass(frozen=True)
class Embeddings:
    """One unit vector per node, all types in one space, and how long it was before.

    Attributes:
        vectors: Node type to float32 ``[num_nodes, dim]``.
        lengths: Node type to the length of each vector as the model learnt it, float32 ``[num_nodes]``, all above 0;
            types that a model compares by cosine alone are missing.
    """

    vectors: Mapping[str, FloatMatrix]
    lengths: Mapping[str, FloatVector] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per node type into ``folder``, and one below ``lengths/`` where there are any."""
        (folder / "embeddings.json").write_text(json.dumps(list(self.vectors)))
        for node_type, matrix in self.vectors.items():
            np.save(folder / f"{node_type}.npy", matrix)
        for node_type, lengths in self.lengths.items():
            (folder / LENGTHS).mkdir(exist_ok=True)
            np.save(folder / LENGTHS / f"{node_type}.npy", lengths)

    @classmethod
    def open(cls, folder: Path) -> "Embeddings":
        """Open what :meth:`save` wrote, memory-mapped and read-only."""
        types = json.loads((folder / "embeddings.json").read_text())
        measured = [t for t in types if (folder / LENGTHS / f"{t}.npy").is_file()]
        return cls(
            {t: mapped(folder / f"{t}.npy") for t in types},
            {t: mapped(folder / LENGTHS / f"{t}.npy") for t in measured},
        )
