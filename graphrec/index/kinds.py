"""One way to build and open an index, whichever kind suits the number of vectors."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix
from graphrec.errors import ArtifactError
from graphrec.index.config import IndexConfig, Space
from graphrec.index.exact import ExactIndex
from graphrec.index.files import kind_of
from graphrec.index.hnsw import HnswIndex
from graphrec.index.ivf import IvfIndex
from graphrec.index.neighbours import Neighbours, usable_rows

EXACT_BELOW = 5_000
"""Fewer vectors than this are searched exactly: at dims 64 and 128 that is as fast there, and it misses nothing."""


KINDS: Mapping[str, type[ExactIndex] | type[HnswIndex] | type[IvfIndex]] = {
    "exact": ExactIndex,
    "hnsw": HnswIndex,
    "ivf": IvfIndex,
}


class VectorIndex(Protocol):
    """What all kinds of index do."""

    @property
    def dim(self) -> int:
        """Width of the vectors."""

    @property
    def space(self) -> Space:
        """What a score is."""

    def __len__(self) -> int: ...

    def query(self, queries: FloatMatrix, k: int) -> Neighbours:
        """Return the k best rows of each query; see :meth:`HnswIndex.query`."""

    def save(self, folder: Path) -> None:
        """Write the index into an existing folder."""


def build_index(vectors: FloatMatrix, config: IndexConfig, valid: BoolVector | None = None) -> VectorIndex:
    """Index vectors as ``config.kind`` says; see :meth:`HnswIndex.build`."""
    kind = config.kind
    if kind == "auto":
        kind = "exact" if len(usable_rows(vectors, valid)) < EXACT_BELOW else "hnsw"
    return KINDS[kind].build(vectors, config, valid)


def build_index_files(
    node_type: str, vectors: Mapping[str, FloatMatrix], config: IndexConfig, valid: Mapping[str, BoolVector]
) -> tuple[int, dict[str, bytes]]:
    """Index one node type wherever this runs, and return its size and its files, by name.

    Args:
        node_type: Which of the matrices to index.
        vectors: Node type to float32 ``[num_nodes, dim]``.
        config: Settings of the index.
        valid: Node type to which rows may be found; a type that is missing is indexed whole.
    """
    index = build_index(np.asarray(vectors[node_type]), config, valid.get(node_type))
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder))
        return len(index), {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def open_index(folder: Path) -> VectorIndex:
    """Open a saved index of any kind.

    Raises:
        ArtifactError: If a file is missing, cut, changed or of another index.
    """
    kind = kind_of(folder)
    if kind not in KINDS:
        raise ArtifactError(
            f"index.kind must be one of {', '.join(KINDS)} (got {kind!r} in {folder}); upgrade graphrec"
        )
    return KINDS[kind].open(folder)
