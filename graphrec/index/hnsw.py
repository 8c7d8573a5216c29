"""Approximate search: hierarchical navigable small worlds (Malkov & Yashunin, arXiv:1603.09320), by hnswlib."""

import logging
import os
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix
from graphrec.index.config import IndexConfig, Space
from graphrec.index.exact import ExactIndex
from graphrec.index.files import Recorded, Stored, check_header, read_record, save_native
from graphrec.index.neighbours import Neighbours, check_queries, take_rows, usable_rows
from graphrec.index.recall import accepted, sampled_recall

_LOG = logging.getLogger(__name__)
_ONE = np.ones((), np.float32)
"""As an array: a number of Python is turned into one at every answer."""
_SPACES: dict[Space, str] = {"cosine": "cosine", "inner_product": "ip"}


class HnswIndex(Recorded):
    """An immutable index; make one with :meth:`build` or :meth:`open`.

    hnswlib trusts whatever it is given, so all guards are here: there is no index without vectors, no label but the
    row, no change after the build, no load without a checksum. Queries may run in several threads at once.
    """

    def __init__(self, native: Any, stored: Stored) -> None:
        self._native = native
        self._stored = stored
        native.set_ef(stored.ef_search)
        native.set_num_threads(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        )

    @classmethod
    def build(cls, vectors: FloatMatrix, config: IndexConfig, valid: BoolVector | None = None) -> Self:
        """Index vectors under their rows.

        Args:
            vectors: Shape ``[rows, dim]``, float32.
            config: Settings.
            valid: Rows to index, shape ``[rows]``; the others are left out. ``None`` means all.

        Raises:
            ShapeError: If shapes or dtypes are wrong, or a row to index is NaN, infinite or zero.
            ArtifactError: If the recall measured on a sample is below ``config.min_recall``.
        """
        rows = usable_rows(vectors, valid)
        dim = int(vectors.shape[1])
        native = _native(config.space, dim)
        native.init_index(
            max_elements=max(1, len(rows)),
            M=config.max_links,
            ef_construction=config.ef_construction,
            random_seed=config.seed,
        )
        kept = take_rows(vectors, rows)
        if len(rows):
            native.add_items(kept, rows, num_threads=1 if config.deterministic else -1)
        settings = config.model_dump(include={"space", "max_links", "ef_construction", "ef_search", "seed"})
        draft = cls(native, Stored(kind="hnsw", dim=dim, count=len(rows), **settings))
        recall = accepted(sampled_recall(draft, ExactIndex(kept, rows, config.space), kept, config), config)
        _LOG.info("indexed %d of %d vectors of dim %d, recall %.4f", len(rows), len(vectors), dim, recall)
        return cls(native, Stored(kind="hnsw", dim=dim, count=len(rows), recall=recall, **settings))

    def query(self, queries: FloatMatrix, k: int) -> Neighbours:
        """Return about the k best rows of each query, best first.

        Args:
            queries: Shape ``[queries, dim]``, float32; one query is ``vector[None]``.
            k: Neighbours wanted.

        Returns:
            Rows and scores of shape ``[queries, k]``, padded with -1 where fewer are found.

        Raises:
            ShapeError: If the queries have another dim than the index, or a row is NaN, infinite or zero.
            ConfigError: If k is not in ``1 .. MAX_K``.
        """
        check_queries(queries, self._stored.dim, k)
        width = min(k, self._stored.count)
        if not width or not len(queries):
            return Neighbours.none(len(queries), k)
        try:
            labels, distances = self._native.knn_query(queries, width, 1 if len(queries) == 1 else -1)
        except RuntimeError as error:
            _expect_too_few(error)
            return self._reachable(queries, k, width)
        rows, scores = labels.astype(np.int32), _ONE - distances
        if width == k:
            return Neighbours(rows, scores)
        found = Neighbours.none(len(queries), k)
        found.rows[:, :width], found.scores[:, :width] = rows, scores
        return found

    def _reachable(self, queries: FloatMatrix, k: int, width: int) -> Neighbours:
        """Answer each query with as many neighbours as hnswlib can reach from its entry point."""
        found = Neighbours.none(len(queries), k)
        for number in range(len(queries)):
            low, high = 0, width  # `low` neighbours are reached, more than `high` are not
            while low < high:
                middle = (low + high + 1) // 2
                try:
                    labels, distances = self._native.knn_query(queries[number : number + 1], middle, 1)
                except RuntimeError as error:
                    _expect_too_few(error)
                    high = middle - 1
                    continue
                low = middle
                found.rows[number, :middle], found.scores[number, :middle] = labels[0], 1.0 - distances[0]
        return found

    def save(self, folder: Path) -> None:
        """Write ``index.hnsw``, which bare hnswlib also loads, and ``index.json``.

        Raises:
            StoreWriteError: If the folder is missing or the disk full; no partial file is left.
        """
        size = int(self._native.index_file_size())
        save_native(folder, self._stored, lambda path: self._native.save_index(str(path)), size)

    def __reduce__(self) -> NoReturn:
        """Refuse: an index travels as its folder."""
        raise TypeError("HnswIndex must not be pickled; save it and open its folder there")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; hnswlib sees the file only once its checksum is right.

        Raises:
            ArtifactError: If a file is missing, cut, changed or of another index.
        """
        stored = read_record(folder, "hnsw")
        path = folder / stored.file
        check_header(path, stored)
        native = _native(stored.space, stored.dim)
        native.load_index(str(path))
        return cls(native, stored)


def _native(space: Space, dim: int) -> Any:
    import hnswlib

    return hnswlib.Index(space=_SPACES[space], dim=dim)


def _expect_too_few(error: RuntimeError) -> None:
    """Pass over hnswlib's way to say that the graph reaches fewer than k vectors; raise anything else."""
    if "contiguous 2D array" not in str(error):
        raise error
