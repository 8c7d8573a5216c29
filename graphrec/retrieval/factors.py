"""The collaborative source: flits that people who acted alike also acted on, by iALS factors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.index import ExactIndex, IndexConfig, VectorIndex, build_index, open_index
from graphrec.models.factors import FlitFactors, Taste


@dataclass(frozen=True, eq=False)
class FactorSource:
    """Factors of all flits, and an index of those that may be shown.

    The largest inner products are found as the largest cosines: each vector gets one more coordinate that brings all
    to one length, a query gets 0 there (Bachrach et al., "Speeding up the Xbox recommender system", RecSys 2014).

    Attributes:
        factors: Vectors of the flits; a user's follow from his actions.
        index: Over the lengthened vectors.
    """

    factors: FlitFactors
    index: VectorIndex

    @classmethod
    def build(cls, factors: FlitFactors, config: IndexConfig, allowed: BoolVector) -> "FactorSource":
        """Index the flits that ``allowed`` (bool ``[num_flits]``) marks and that have a vector."""
        lengthened, length = _lengthened(np.asarray(factors.vectors))
        return cls(factors, build_index(lengthened, config, allowed & (length > 0)))

    def narrowed(self, allowed: BoolVector) -> "FactorSource":
        """Return the source with only the flits that ``allowed`` marks, searched exactly."""
        rows = np.flatnonzero(allowed).astype(np.int32)
        vectors = np.asarray(self.factors.vectors[rows])
        return FactorSource(self.factors, ExactIndex(vectors, rows, "inner_product"))

    def taste(self, rows: RowVector, weight: FloatVector) -> Taste | None:
        """Return the factors of whoever acted like this; see :meth:`FlitFactors.taste`."""
        return self.factors.taste(rows, weight)

    def draw(self, taste: Taste, count: int) -> RowVector:
        """Return the ``count`` flits with the highest scores, sorted by row, int32."""
        if not len(self.index):
            return np.zeros(0, dtype=np.int32)
        lengthened = taste.vector if self.index.space == "inner_product" else np.append(taste.vector, np.float32(0))
        found = self.index.query(lengthened[None], count).rows[0]
        return np.sort(found[found >= 0])

    def save(self, folder: Path) -> None:
        """Write vectors and index into ``folder``, which must exist."""
        self.factors.save(folder)
        (folder / "index").mkdir()
        self.index.save(folder / "index")

    @classmethod
    def open(cls, folder: Path) -> "FactorSource":
        """Open what :meth:`save` wrote."""
        return cls(FlitFactors.open(folder), open_index(folder / "index"))


def _lengthened(vectors: FloatMatrix) -> tuple[FloatMatrix, FloatVector]:
    """Return vectors with a last coordinate that gives all the length of the longest, and their own lengths."""
    length = np.linalg.norm(vectors, axis=1)
    rest = np.sqrt(np.maximum(np.max(length, initial=0.0) ** 2 - length**2, 0.0))
    return np.concatenate([vectors, rest[:, None]], axis=1).astype(np.float32), length
