"""Approximate search by inverted file: vectors in lists around centroids, of which a query scans the nearest.

As in Jégou et al., "Product Quantization for Nearest Neighbor Search" (TPAMI 2011), section IV, vectors kept whole.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, IntVector, RowVector, normalise_rows
from graphrec.index.centroids import around, lists_for
from graphrec.index.config import IndexConfig
from graphrec.index.exact import ExactIndex
from graphrec.index.files import Recorded, Stored, open_arrays, save_arrays
from graphrec.index.neighbours import Neighbours, check_queries, take_rows, usable_rows
from graphrec.index.recall import accepted, sampled_recall
from graphrec.index.scan import scan

_LOG = logging.getLogger(__name__)
Arrays = dict[str, npt.NDArray[Any]]


class IvfIndex(Recorded):
    """An immutable index; make one with :meth:`build` or :meth:`open`. Queries may run in several threads at once.

    Args:
        arrays: ``vectors`` list by list, float32 ``[count, dim]``, unit vectors where scores are cosines; ``rows``, the
            row of each; ``centroids``, unit vectors, float32 ``[lists, dim]``; ``starts`` of the lists, int64
            ``[lists + 1]``.
        stored: Settings, and what was measured.
    """

    def __init__(self, arrays: Arrays, stored: Stored) -> None:
        self._arrays, self._stored = arrays, stored
        self._vectors: FloatMatrix = arrays["vectors"]
        self._rows: RowVector = arrays["rows"]
        self._centroids: FloatMatrix = arrays["centroids"]
        self._starts: IntVector = arrays["starts"]

    @classmethod
    def build(cls, vectors: FloatMatrix, config: IndexConfig, valid: BoolVector | None = None) -> Self:
        """Index vectors under their rows; see :meth:`graphrec.index.HnswIndex.build`.

        A query scans as many lists as a sample asks for: twice as many, until ``config.probe_recall`` is reached.
        """
        rows = usable_rows(vectors, valid)
        kept = take_rows(vectors, rows)
        unit = normalise_rows(kept)
        centroids, of = around(unit, lists_for(len(rows)), config.seed)
        order = np.argsort(of, kind="stable")
        starts = np.searchsorted(of[order], np.arange(len(centroids) + 1)).astype(np.int64)
        held = unit if config.space == "cosine" else kept
        arrays: Arrays = {"vectors": held[order], "rows": rows[order], "centroids": centroids, "starts": starts}
        stored = Stored(kind="ivf", dim=int(vectors.shape[1]), count=len(rows), space=config.space, seed=config.seed)
        exact, probes = ExactIndex(kept, rows, config.space), 1
        while True:
            made = cls(arrays, replace(stored, probes=probes))
            recall = sampled_recall(made, exact, kept, config)
            if recall >= config.probe_recall or probes >= len(centroids):
                break
            probes *= 2
        _LOG.info(
            "indexed %d vectors in %d lists; %d are scanned, recall %.4f", *(len(rows), len(starts), probes, recall)
        )
        return cls(arrays, replace(made._stored, recall=accepted(recall, config)))

    def query(self, queries: FloatMatrix, k: int) -> Neighbours:
        """Return about the k best rows of each query, best first, never fewer than there are.

        See :meth:`graphrec.index.HnswIndex.query`.
        """
        check_queries(queries, self.dim, k)
        width = min(k, len(self))
        if not width or not len(queries):
            return Neighbours.none(len(queries), k)
        asked = normalise_rows(queries) if self.space == "cosine" else np.ascontiguousarray(queries)
        found = scan(asked, self._centroids, self._vectors, self._rows, self._starts, self._stored.probes, width)
        return Neighbours(*found).padded(k)

    def save(self, folder: Path) -> None:
        """Write ``index.npz`` and ``index.json``.

        Raises:
            StoreWriteError: If the folder is missing or the disk full; no partial file is left.
        """
        save_arrays(folder, self._stored, self._arrays)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote, after its checksum.

        Raises:
            ArtifactError: If a file is missing or not as it was written.
        """
        stored, arrays = open_arrays(folder, "ivf")
        return cls(arrays, stored)
