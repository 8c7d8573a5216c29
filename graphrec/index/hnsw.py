"""Approximate search: hierarchical navigable small worlds (Malkov & Yashunin, arXiv:1603.09320), built by hnswlib."""

import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn, Self

import numba
import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, RowVector
from graphrec.index.config import IndexConfig, Space
from graphrec.index.exact import ExactIndex
from graphrec.index.files import Recorded, Stored, native_bytes, read_record, save_native
from graphrec.index.links import read_links
from graphrec.index.neighbours import Neighbours, check_asked, take_rows, unusable, usable_rows
from graphrec.index.recall import accepted, sampled_recall
from graphrec.index.traverse import Marks, traverse

_LOG = logging.getLogger(__name__)
_SPACES: dict[Space, str] = {"cosine": "cosine", "inner_product": "ip"}
_ALONE = 32
"""Queries that are searched in the thread that asks; more are shared out, this many to a piece of work."""


class HnswIndex(Recorded):
    """An immutable index; make one with :meth:`build` or :meth:`open`. Queries may run in several threads at once.

    hnswlib builds the graph and defines its file, which is searched where it lies (:mod:`graphrec.index.traverse`):
    hnswlib's own search trusts whatever it is given, stops all other threads while it reads a file, and holds a copy of
    it in every process.

    Args:
        raw: The whole file, uint8.
        stored: Settings, and what was measured.

    Raises:
        ArtifactError: If the file is not what the record says.
    """

    def __init__(self, raw: npt.NDArray[np.uint8], stored: Stored) -> None:
        self._raw, self._stored = raw, stored
        self._links = read_links(raw, stored)
        self._marks: deque[Marks] = deque()

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
        kept = take_rows(vectors, rows)
        settings = config.model_dump(include={"space", "max_links", "ef_construction", "ef_search", "seed"})
        raw = _linked(kept, rows, config)
        draft = cls(raw, Stored(kind="hnsw", dim=int(vectors.shape[1]), count=len(rows), **settings))
        recall = accepted(sampled_recall(draft, ExactIndex(kept, rows, config.space), kept, config), config)
        _LOG.info("indexed %d of %d vectors of dim %d, recall %.4f", len(rows), *vectors.shape, recall)
        return cls(raw, Stored(kind="hnsw", dim=int(vectors.shape[1]), count=len(rows), recall=recall, **settings))

    def query(self, queries: FloatMatrix, k: int) -> Neighbours:
        """Return about the k best rows of each query, best first, equal scores by row.

        Args:
            queries: Shape ``[queries, dim]``, float32; one query is ``vector[None]``.
            k: Neighbours wanted.

        Returns:
            Rows and scores of shape ``[queries, k]``, padded with -1 where fewer are found.

        Raises:
            ShapeError: If the queries have another dim than the index, or a row is NaN, infinite or zero.
            ConfigError: If k is not in ``1 .. MAX_K``.
        """
        check_asked(queries, self._stored.dim, k)
        width = min(k, self._stored.count)
        if not width or not len(queries):
            return Neighbours.none(len(queries), k)
        if len(queries) <= _ALONE:
            rows, scores = self._search(queries, width)
        else:
            pieces = (queries[start : start + _ALONE] for start in range(0, len(queries), _ALONE))
            with ThreadPoolExecutor(numba.get_num_threads()) as pool:
                found = list(pool.map(lambda piece: self._search(piece, width), pieces))
            rows, scores = (np.concatenate(part) for part in zip(*found, strict=True))
        return Neighbours(rows, scores) if width == k else Neighbours(rows, scores).padded(k)

    def _search(self, queries: FloatMatrix, width: int) -> tuple[RowVector, FloatMatrix]:
        """Return rows and scores of a few queries."""
        try:
            marks = self._marks.pop()
        except IndexError:
            marks = Marks(self._stored.count)
        asked = queries if queries.flags.carray else queries.copy()  # the loop is compiled for one kind of array
        rows, scores, usable = traverse(
            asked, self._links, self._stored.space == "cosine", max(self._stored.ef_search, width), width,
            marks.of, marks.take(len(queries)),
        )  # fmt: skip
        self._marks.append(marks)
        if not usable:
            raise unusable(queries)
        return rows, scores

    def save(self, folder: Path) -> None:
        """Write ``index.hnsw``, which bare hnswlib also loads, and ``index.json``.

        Raises:
            StoreWriteError: If the folder is missing or the disk full; no partial file is left.
        """
        save_native(folder, self._stored, lambda path: path.write_bytes(self._raw.data), len(self._raw))

    def __reduce__(self) -> NoReturn:
        """Refuse: an index travels as its folder."""
        raise TypeError("HnswIndex must not be pickled; save it and open its folder there")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what :meth:`save` wrote into memory, once its checksum is right.

        Raises:
            ArtifactError: If a file is missing, cut, changed or of another index.
        """
        stored = read_record(folder, "hnsw")
        if not stored.bytes:  # nothing to map, and nothing that could be right
            return cls(np.zeros(0, np.uint8), stored)
        return cls(np.asarray(np.memmap(folder / stored.file, np.uint8, "r")), stored)


def _linked(vectors: FloatMatrix, rows: RowVector, config: IndexConfig) -> npt.NDArray[np.uint8]:
    """Return the file of hnswlib's index of some vectors, uint8."""
    import hnswlib

    native: Any = hnswlib.Index(space=_SPACES[config.space], dim=int(vectors.shape[1]))
    native.init_index(
        max_elements=max(1, len(rows)),
        M=config.max_links,
        ef_construction=config.ef_construction,
        random_seed=config.seed,
    )
    if len(rows):
        native.add_items(vectors, rows, num_threads=1 if config.deterministic else -1)
    return native_bytes(lambda path: native.save_index(str(path)), int(native.index_file_size()))
