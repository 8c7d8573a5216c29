"""An index that remembers what it was asked: medoids are flits, and the same few stand for many users."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, RowVector
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
        self._known: OrderedDict[tuple[bytes, int], tuple[RowVector, FloatVector]] = OrderedDict()
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
        """Return the k best rows of each query; see :meth:`graphrec.index.HnswIndex.query`."""
        check_shape(queries)
        size = _rounded(k)
        keys = [(one.tobytes(), size) for one in queries]
        with self._lock:
            known = {key: self._known[key] for key in keys if key in self._known}
        for place, key in enumerate(keys):
            if key not in known:  # one by one: in a batch, the last bits of a product depend on who else asks
                found = self._index.query(queries[place : place + 1], size)
                known[key] = (found.rows[0], found.scores[0])
        if not keys:
            return self._index.query(queries, k)
        self._keep(known)
        return Neighbours(np.stack([known[key][0][:k] for key in keys]), np.stack([known[key][1][:k] for key in keys]))

    def _keep(self, answers: dict[tuple[bytes, int], tuple[RowVector, FloatVector]]) -> None:
        """Remember answers as the newest, and forget the oldest."""
        with self._lock:
            for key, answer in answers.items():
                self._known[key] = answer
                self._known.move_to_end(key)
            while len(self._known) > self._entries:
                self._known.popitem(last=False)

    def save(self, folder: Path) -> None:
        """Write the index; what is remembered is not."""
        self._index.save(folder)


def _rounded(k: int) -> int:
    """Return the next power of two, or three halves of one; what is no number of neighbours stays as it is."""
    if not 1 <= k <= MAX_K // 2:
        return k
    power = max(LEAST, 1 << (k - 1).bit_length())
    return power * 3 // 4 if power > LEAST and k <= power * 3 // 4 else power
