"""An index that remembers what it was asked: medoids are flits, and the same few stand for many users."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

import numpy as np

from graphrec.arrays import FloatMatrix
from graphrec.index.config import Space
from graphrec.index.kinds import VectorIndex
from graphrec.index.neighbours import MAX_K, Neighbours, check_shape

ENTRIES = 4096
"""Answers kept: some 8 MB at 256 neighbours each."""
LEAST = 256
"""Neighbours asked for at least: enough for nearly every share of a budget, so that a medoid is searched for once."""


class CachedIndex:
    """Answers like the index it stands before, and keeps the newest answers; safe to share between threads.

    Users want different numbers of neighbours of the same medoid. The index is asked for the next of 256, 384, 512, …
    neighbours, and the first of them answer.

    Args:
        index: Asked for what is not remembered; it must not change.
        entries: Answers kept at most.
    """

    def __init__(self, index: VectorIndex, entries: int = ENTRIES) -> None:
        self._index = index
        self._entries = entries
        self._known: OrderedDict[tuple[bytes, int], Neighbours] = OrderedDict()
        self._lock = Lock()

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return self._index.dim

    @property
    def space(self) -> Space:
        """What a score is."""
        return self._index.space

    def __len__(self) -> int:
        return len(self._index)

    def query(self, queries: FloatMatrix, k: int) -> Neighbours:
        """Return the k best rows of each query, read-only for one; see :meth:`graphrec.index.HnswIndex.query`."""
        check_shape(queries)
        if len(queries) == 1:
            rows, scores = self._one(queries, k)
            return Neighbours(rows[:, :k], scores[:, :k])
        if not len(queries):
            return self._index.query(queries, k)
        # one by one: in a batch, the last bits of a product depend on who else asks
        found = [self._one(queries[place : place + 1], k) for place in range(len(queries))]
        return Neighbours(*(np.concatenate(part)[:, :k] for part in zip(*found, strict=True)))

    def _one(self, query: FloatMatrix, k: int) -> Neighbours:
        """Return at least k neighbours of one query; they become the newest that are remembered."""
        key = (query.tobytes(), _rounded(k))
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        found = self._index.query(query, key[1])
        for part in found:
            part.flags.writeable = False  # whoever asks next gets the same memory
        with self._lock:
            self._known[key] = found
            while len(self._known) > self._entries:
                self._known.popitem(last=False)
        return found

    def save(self, folder: Path) -> None:
        """Write the index; what is remembered is not."""
        self._index.save(folder)


def _rounded(k: int) -> int:
    """Return the next power of two, or three halves of one; what is no number of neighbours stays as it is."""
    if not 1 <= k <= MAX_K // 2:
        return k
    power = max(LEAST, 1 << (k - 1).bit_length())
    return power * 3 // 4 if power > LEAST and k <= power * 3 // 4 else power
