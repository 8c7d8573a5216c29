"""Exact search: every vector is scored. The twin that the approximate index is measured against."""

from pathlib import Path
from typing import Self

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector, normalise_rows
from graphrec.index.config import IndexConfig, Space
from graphrec.index.files import Stored, open_arrays, save_arrays
from graphrec.index.neighbours import Neighbours, check_queries, squared_norms, take_rows, usable_rows

_BLOCK_SCORES = 8_000_000
"""Scores held at once (32 MB)."""


class ExactIndex:
    """All vectors in one matrix; make one with :meth:`build` or :meth:`open`.

    Args:
        vectors: Shape ``[count, dim]``, float32, each finite and not zero; kept, not copied.
        rows: The row of each, ascending.
        space: What a score is.
    """

    def __init__(self, vectors: FloatMatrix, rows: RowVector, space: Space) -> None:
        self._vectors = vectors
        self._rows = rows
        self.space: Space = space
        self._scale = 1.0 / np.sqrt(squared_norms(vectors)) if space == "cosine" else None

    @classmethod
    def build(cls, vectors: FloatMatrix, config: IndexConfig, valid: BoolVector | None = None) -> Self:
        """Index vectors; see :meth:`HnswIndex.build`."""
        rows = usable_rows(vectors, valid)
        return cls(take_rows(vectors, rows), rows, config.space)

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self._rows)

    def query(self, queries: FloatMatrix, k: int) -> Neighbours:
        """Return the k best rows of each query; ties go to the lower row. See :meth:`HnswIndex.query`."""
        check_queries(queries, self.dim, k)
        width = min(k, len(self))
        if not width or not len(queries):
            return Neighbours.none(len(queries), k)
        step = max(1, _BLOCK_SCORES // len(self))
        blocks = [self._best(queries[start : start + step], width) for start in range(0, len(queries), step)]
        found = blocks[0] if len(blocks) == 1 else Neighbours(*map(np.concatenate, zip(*blocks, strict=True)))
        return found.padded(k)

    def _best(self, queries: FloatMatrix, width: int) -> Neighbours:
        """Return the best ``width`` rows of a few queries."""
        scores = (queries if self._scale is None else normalise_rows(queries)) @ self._vectors.T
        if self._scale is not None:
            scores *= self._scale
        best = [highest(one, width) for one in scores]
        return Neighbours(
            np.array([self._rows[places] for places in best]),
            np.array([one[places] for one, places in zip(scores, best, strict=True)]),
        )

    def save(self, folder: Path) -> None:
        """Write ``index.npz`` and ``index.json``.

        Raises:
            StoreWriteError: If the folder is missing or the disk full; no partial file is left.
        """
        stored = Stored(kind="exact", dim=self.dim, space=self.space, count=len(self))
        save_arrays(folder, stored, {"vectors": self._vectors, "rows": self._rows})

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote, after its checksum.

        Raises:
            ArtifactError: If a file is missing or not as it was written.
        """
        stored, arrays = open_arrays(folder, "exact")
        return cls(arrays["vectors"], arrays["rows"], stored.space)


def highest(scores: FloatVector, width: int) -> RowVector:
    """Return the places of the ``width`` highest scores, the best first, equal ones by place, int32.

    Selecting values first is quicker than selecting places.
    """
    least = np.partition(scores, len(scores) - width)[len(scores) - width]
    kept = np.flatnonzero(scores >= least)
    return kept[np.argsort(-scores[kept], kind="stable")[:width]].astype(np.int32)
