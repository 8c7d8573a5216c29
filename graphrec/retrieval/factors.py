"""The collaborative source: flits that people who acted alike also acted on, by iALS factors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec.arrays import BoolVector, FloatVector, RowVector
from graphrec.index import ExactIndex
from graphrec.models.factors import FlitFactors, Taste

LONGEST = 20_000
"""Flits searched, those with the longest vectors: an inner product with a short vector is small whoever asks."""


@dataclass(frozen=True, eq=False)
class FactorSource:
    """Factors of all flits, and the ones among those that may be shown that can win an inner product.

    They are searched exactly: HNSW over inner products loses where most vectors are short, as those of rare flits are,
    and a product with 20,000 vectors takes a fifth of a millisecond.

    Attributes:
        factors: Vectors of the flits; a user's follow from his actions.
        index: Over the longest.
    """

    factors: FlitFactors
    index: ExactIndex

    @classmethod
    def build(cls, factors: FlitFactors, allowed: BoolVector) -> "FactorSource":
        """Take the longest vectors among the flits that ``allowed`` (bool ``[num_flits]``) marks."""
        length = np.linalg.norm(factors.vectors, axis=1) * allowed
        rows = np.flatnonzero(length > 0)
        if len(rows) > LONGEST:
            rows = np.sort(rows[np.argsort(-length[rows], kind="stable")[:LONGEST]])
        vectors = np.asarray(factors.vectors[rows])
        return cls(factors, ExactIndex(vectors, rows.astype(np.int32), "inner_product"))

    def taste(self, rows: RowVector, weight: FloatVector) -> Taste | None:
        """Return the factors of whoever acted like this; see :meth:`FlitFactors.taste`."""
        return self.factors.taste(rows, weight)

    def draw(self, taste: Taste, count: int) -> RowVector:
        """Return the ``count`` flits with the highest scores, sorted by row, int32."""
        if not len(self.index):
            return np.zeros(0, dtype=np.int32)
        found = self.index.query(taste.vector[None], count).rows[0]
        return np.sort(found[found >= 0])

    def save(self, folder: Path) -> None:
        """Write vectors and index into ``folder``, which must exist."""
        self.factors.save(folder)
        (folder / "index").mkdir()
        self.index.save(folder / "index")

    @classmethod
    def open(cls, folder: Path) -> "FactorSource":
        """Open what :meth:`save` wrote."""
        return cls(FlitFactors.open(folder), ExactIndex.open(folder / "index"))
