"""Who asks, and what candidates are drawn from."""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.index import EXACT_BELOW, ExactIndex, VectorIndex
from graphrec.models.factors import Taste
from graphrec.retrieval.factors import FactorSource

MOST_REACH = 20.0
"""Flits drawn at most for each that is wanted, where rules leave out many."""


@dataclass(frozen=True)
class Weights:
    """How similarity, an interest's importance, the factors and the prior add up.

    Attributes:
        prior: Worth of one deviation of the recency-popularity prior, in cosine.
        importance: Worth of a factor of e in an interest's share of importance, in cosine.
        softness: 0 scores a flit by the interest that suits it best; above, interests that agree add up, as a
            log-sum-exp at this temperature (in cosine).
        factors: Worth of one deviation of the user's factor scores, in cosine.
    """

    prior: float
    importance: float
    softness: float = 0.0
    factors: float = 0.0


@dataclass(frozen=True)
class Query:
    """What is known of whoever asks.

    Attributes:
        medoids: Vectors of the served interests, float32 ``[interests, dim]``; none at all gives popularity.
        importance: Importance of each interest, float32 ``[interests]``.
        taste: The user's factors; ``None`` where there are none.
        excluded: Flits this user has seen or hidden, ascending, int32.
        because: Why these stay out, in words.
        user: His row; ``None`` where the version has not met him.
        actions: What he did, oldest first, int32.
    """

    medoids: FloatMatrix
    importance: FloatVector
    taste: Taste | None
    excluded: RowVector
    because: str = "acted on or hidden before"
    user: int | None = None
    actions: RowVector = field(default_factory=lambda: np.zeros(0, np.int32))

    @property
    def usable(self) -> bool:
        """Whether there is an interest to ask with."""
        return len(self.medoids) > 0

    @property
    def share(self) -> FloatVector:
        """Share of importance of each interest, float32 ``[interests]``, summing to 1."""
        total = max(float(self.importance.sum()), 1e-9)
        return np.asarray(self.importance / total, dtype=np.float32)


class Source(Protocol):
    """Names flits for whoever asks."""

    @property
    def name(self) -> str:
        """What a config and a trace call it."""

    @property
    def why(self) -> str:
        """What its flits are, in words."""

    def draw(self, query: Query, most: int) -> RowVector:
        """Return at most ``most`` flits, ascending, int32; what the user has met may be among them."""


@dataclass(frozen=True)
class Shelf:
    """What candidates are drawn from.

    Attributes:
        index: Index of the flits that may be shown.
        cold_index: Index of those among them that nobody has acted on yet.
        vectors: Embeddings of all flits, float32 ``[num_flits, dim]``.
        prior: Recency-popularity of all flits, float32 ``[num_flits]``.
        by_prior: All flits, the highest prior first, int32 ``[num_flits]``.
        allowed: Flits that may be shown to anybody, bool ``[num_flits]``.
        weights: How the parts of a score add up.
        cold_weights: The same, for the places kept for cold flits.
        budget: Neighbours drawn in all.
        cold_share: Share of the places kept for cold flits.
        cold: Flits nobody has acted on yet, bool ``[num_flits]``.
        factors: The collaborative source; ``None`` switches it off.
        reach: Flits drawn for each that is wanted, to make up for what rules leave out.
        popular: Flits drawn by their prior, wherever they lie.
        sources: More sources, and how many flits each draws.
        scale: What the length of each flit's vector multiplies its cosines by, float32 ``[num_flits]``; ``None`` goes
            by the cosine. The indexes hold vectors of that length.
    """

    index: VectorIndex
    cold_index: VectorIndex
    vectors: FloatMatrix
    prior: FloatVector
    by_prior: RowVector
    allowed: BoolVector
    weights: Weights
    cold_weights: Weights
    budget: int
    cold_share: float
    cold: BoolVector
    factors: FactorSource | None = None
    reach: float = 1.0
    popular: int = 0
    sources: tuple[tuple[Source, int], ...] = ()
    scale: FloatVector | None = None

    def narrowed(self, permitted: BoolVector) -> "Shelf":
        """Return the shelf with only the flits that ``permitted`` (bool ``[num_flits]``) marks.

        Few are searched exactly. Where many are left the indexes stay, and more is drawn from them: what a filter
        inside the graph of an HNSW index costs grows with what it leaves out.
        """
        allowed = self.allowed & permitted
        left = int(allowed.sum())
        if left >= EXACT_BELOW:
            reach = self.reach * int(self.allowed.sum()) / left
            return replace(self, allowed=allowed, reach=min(MOST_REACH, reach))
        index, cold_index = (self._exact(mask) for mask in (allowed, allowed & self.cold))
        factors = None if self.factors is None else FactorSource.build(self.factors.factors, allowed)
        return replace(self, index=index, cold_index=cold_index, allowed=allowed, factors=factors)

    def scaled(self, rows: RowVector, similarity: FloatMatrix) -> FloatMatrix:
        """Return what cosines to the interests count, float32 ``[interests, n]``.

        Args:
            rows: Flits, int32 ``[n]``.
            similarity: Their cosines, float32 ``[interests, n]``.
        """
        return similarity if self.scale is None else similarity * self.scale[rows]

    def factor_scores(self, taste: Taste | None, rows: RowVector) -> FloatVector:
        """Return the standardised factor scores of ``rows``, float32; 0 where there is no source or no taste."""
        if self.factors is None:
            return np.zeros(len(rows), dtype=np.float32)
        return self.factors.factors.standardised(taste, rows)

    def _exact(self, mask: BoolVector) -> ExactIndex:
        rows = np.flatnonzero(mask).astype(np.int32)
        vectors = np.asarray(self.vectors[rows])
        if self.scale is None:
            return ExactIndex(vectors, rows, "cosine")
        return ExactIndex(vectors * self.scale[rows, None], rows, "inner_product")
