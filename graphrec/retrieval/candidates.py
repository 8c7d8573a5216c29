"""From interests and factors to one list of candidates, in rows: draw, merge, leave out, rank."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.index import EXACT_BELOW, ExactIndex, VectorIndex
from graphrec.models.factors import Taste
from graphrec.retrieval.factors import FactorSource
from graphrec.retrieval.trace import NOT_TOLD, Trace

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
class Scored:
    """Candidates of one user, best first.

    Attributes:
        rows: Flits, int32 ``[n]``.
        scores: Higher is better, float32 ``[n]``.
        similarity: Cosine to the interest's medoid, float32 ``[n]`` (NaN where no interest brought the flit).
        interest: Position among the served interests, int32 ``[n]``, -1 where popularity brought the flit.
        factors: Deviations above the user's mean factor score, float32 ``[n]`` (NaN where popularity brought the flit).
    """

    rows: RowVector
    scores: FloatVector
    similarity: FloatVector
    interest: npt.NDArray[np.int32]
    factors: FloatVector

    def parts(self) -> tuple[npt.NDArray[Any], ...]:
        """Return rows, scores, similarity, interest and factors."""
        return self.rows, self.scores, self.similarity, self.interest, self.factors

    def take(self, places: npt.NDArray[np.int64]) -> "Scored":
        """Return the candidates at ``places``."""
        return Scored(*(part[places] for part in self.parts()))

    def head(self, k: int) -> "Scored":
        """Return the best ``k``."""
        return Scored(*(part[:k] for part in self.parts()))


@dataclass(frozen=True)
class Query:
    """What is known of whoever asks.

    Attributes:
        medoids: Vectors of the served interests, float32 ``[interests, dim]``; none at all gives popularity.
        importance: Importance of each interest, float32 ``[interests]``.
        taste: The user's factors; ``None`` where there are none.
        excluded: Flits this user has seen or hidden, int32.
    """

    medoids: FloatMatrix
    importance: FloatVector
    taste: Taste | None
    excluded: RowVector

    @property
    def usable(self) -> bool:
        """Whether there is an interest to ask with."""
        return len(self.medoids) > 0

    @property
    def share(self) -> FloatVector:
        """Share of importance of each interest, float32 ``[interests]``, summing to 1."""
        total = max(float(self.importance.sum()), 1e-9)
        return np.asarray(self.importance / total, dtype=np.float32)


def draw(index: VectorIndex, medoids: FloatMatrix, *, budget: int, overfetch: int) -> RowVector:
    """Return the distinct neighbours of the medoids, sorted, int32.

    Args:
        index: Index of the flits.
        medoids: Vectors of the served interests, float32 ``[interests, dim]``.
        budget: Neighbours in all, split evenly over the interests.
        overfetch: Further neighbours per interest, to make up for what will be left out.
    """
    found = index.query(medoids, max(1, budget // len(medoids)) + overfetch).rows
    rows = np.unique(found)
    return rows[rows >= 0]


def rank(rows: RowVector, query: Query, shelf: "Shelf", weights: Weights) -> Scored:
    """Score candidates by how the interests suit each, plus factors and prior; each names the interest that suits best.

    Args:
        rows: Candidate flits, int32 ``[n]``.
        query: Whose candidates they are.
        shelf: Vectors, factors and prior.
        weights: How the parts add up.
    """
    similarity = np.asarray(shelf.vectors[rows]) @ query.medoids.T
    weighted = weigh_interests(similarity, query.share, weights.importance)
    interest = weighted.argmax(axis=1).astype(np.int32)
    place = np.arange(len(rows))
    merged = merge_interests(weighted, weights.softness)
    scores = (merged + np.float32(weights.prior) * shelf.prior[rows]).astype(np.float32)
    factors = shelf.factor_scores(query.taste, rows)
    scores += np.float32(weights.factors) * factors
    order = np.lexsort((rows, -scores))
    return Scored(rows[order], scores[order], similarity[place, interest][order], interest[order], factors[order])


def weigh_interests(similarity: FloatMatrix, share: FloatVector, importance: float) -> FloatMatrix:
    """Return ``similarity + importance * log share``, float32 ``[n, interests]``."""
    log_share = np.log(np.maximum(share, np.float32(1e-9)))
    return (similarity + np.float32(importance) * log_share).astype(np.float32)


def merge_interests(weighted: FloatMatrix, softness: float) -> FloatVector:
    """Return one value per flit from one per interest, float32 ``[n]``: the best, or their log-sum-exp."""
    best: FloatVector = weighted.max(axis=1)
    if not softness:
        return best
    width = np.float32(softness)
    summed = np.exp((weighted - best[:, None]) / width).sum(axis=1)
    out: FloatVector = (best + width * np.log(summed)).astype(np.float32)
    return out


def leave_out(rows: RowVector, excluded: RowVector, allowed: BoolVector) -> RowVector:
    """Return ``rows`` without those in ``excluded`` and those that ``allowed`` (bool ``[num_flits]``) forbids."""
    rows = rows[allowed[rows]]
    return rows[~np.isin(rows, excluded)] if len(excluded) else rows


def popular(prior: FloatVector, excluded: RowVector, allowed: BoolVector, k: int) -> Scored:
    """Return the ``k`` flits with the highest prior: the answer for somebody unknown, the filling of short lists."""
    need = min(len(prior), k + len(excluded) + int((~allowed).sum()))
    order = np.argsort(-prior, kind="stable")[:need].astype(np.int32)
    rows = leave_out(order, excluded, allowed)[:k]
    nothing = np.full(len(rows), np.nan, dtype=np.float32)
    return Scored(rows, prior[rows], nothing, np.full(len(rows), -1, dtype=np.int32), nothing)


def fill(found: Scored, more: Scored, k: int) -> Scored:
    """Return ``found`` and, where it is shorter than ``k``, what ``more`` adds, scored below everything found."""
    missing = k - len(found.rows)
    if missing <= 0:
        return found.head(k)
    new = ~np.isin(more.rows, found.rows)
    rows, scores = more.rows[new][:missing], more.scores[new][:missing]
    floor = found.scores[-1] if len(found.scores) else np.float32(0)
    ceiling = scores[0] if len(scores) else np.float32(0)
    return Scored(
        np.concatenate([found.rows, rows]),
        np.concatenate([found.scores, floor - np.float32(1e-3) + (scores - ceiling)]),
        np.concatenate([found.similarity, more.similarity[new][:missing]]),
        np.concatenate([found.interest, more.interest[new][:missing]]),
        np.concatenate([found.factors, more.factors[new][:missing]]),
    )


def interleave(found: Scored, cold: Scored, share: float, k: int) -> Scored:
    """Return ``k`` candidates of which every ``1 / share``-th is the best cold one not yet in the list.

    Scores are those each candidate was ranked by; the order of the list is what counts.
    """
    places = int(k * share)
    cold = cold.take(np.flatnonzero(~np.isin(cold.rows, found.rows[: k - places]))[:places])
    found = found.take(np.flatnonzero(~np.isin(found.rows, cold.rows))[: k - len(cold.rows)])
    # The i-th cold flit stands where i / share places are filled; sorting by place keeps both orders.
    at_cold = (np.arange(len(cold.rows)) + 1) / max(share, 1e-9) - 1
    kept = np.setdiff1d(np.arange(len(found.rows) + len(cold.rows)), at_cold.astype(np.int64))[: len(found.rows)]
    order = np.argsort(np.concatenate([kept, at_cold]), kind="stable")
    joined = [np.concatenate(pair) for pair in zip(found.parts(), cold.parts(), strict=True)]
    return Scored(*(part[order] for part in joined))


@dataclass(frozen=True)
class Shelf:
    """What candidates are drawn from.

    Attributes:
        index: Index of the flits that may be shown.
        cold_index: Index of those among them that nobody has acted on yet.
        vectors: Embeddings of all flits, float32 ``[num_flits, dim]``.
        prior: Recency-popularity of all flits, float32 ``[num_flits]``.
        allowed: Flits that may be shown to anybody, bool ``[num_flits]``.
        weights: How the parts of a score add up.
        cold_weights: The same, for the places kept for cold flits.
        budget: Neighbours drawn in all.
        cold_share: Share of the places kept for cold flits.
        cold: Flits nobody has acted on yet, bool ``[num_flits]``.
        factors: The collaborative source; ``None`` switches it off.
        reach: Flits drawn for each that is wanted, to make up for what rules leave out.
    """

    index: VectorIndex
    cold_index: VectorIndex
    vectors: FloatMatrix
    prior: FloatVector
    allowed: BoolVector
    weights: Weights
    cold_weights: Weights
    budget: int
    cold_share: float
    cold: BoolVector
    factors: FactorSource | None = None
    reach: float = 1.0

    def narrowed(self, permitted: BoolVector) -> "Shelf":
        """Return the shelf with only the flits that ``permitted`` (bool ``[num_flits]``) marks.

        Few are searched exactly. Where many are left the indexes stay, and more is drawn from them: what a filter
        inside the graph of an HNSW index costs grows with what it leaves out.
        """
        allowed = self.allowed & permitted
        left = int(allowed.sum())
        if left >= EXACT_BELOW:
            return replace(self, allowed=allowed, reach=min(MOST_REACH, int(self.allowed.sum()) / left))
        index, cold_index = (_exact(self.vectors, mask) for mask in (allowed, allowed & self.cold))
        factors = None if self.factors is None else FactorSource.build(self.factors.factors, allowed)
        return replace(self, index=index, cold_index=cold_index, allowed=allowed, factors=factors)

    def overfetch(self, query: Query, budget: int) -> int:
        """Return how many flits to draw beyond a budget."""
        return min(len(query.excluded), budget) + int(budget * (self.reach - 1.0))

    def factor_scores(self, taste: Taste | None, rows: RowVector) -> FloatVector:
        """Return the standardised factor scores of ``rows``, float32; 0 where there is no source or no taste."""
        if self.factors is None:
            return np.zeros(len(rows), dtype=np.float32)
        return self.factors.factors.standardised(taste, rows)


def _exact(vectors: FloatMatrix, mask: BoolVector) -> ExactIndex:
    rows = np.flatnonzero(mask).astype(np.int32)
    return ExactIndex(np.asarray(vectors[rows]), rows, "cosine")


def drawn(query: Query, shelf: Shelf, budget: int, told: Trace = NOT_TOLD) -> RowVector:
    """Return the rows that the sources bring, without those left out, sorted, int32.

    Where factors have a weight, half of the budget is theirs.

    Args:
        query: Whose candidates are wanted.
        shelf: What they are drawn from.
        budget: Flits drawn in all, before any is left out.
        told: Where steps are noted.
    """
    overfetch = shelf.overfetch(query, budget)
    if shelf.factors is None or query.taste is None or not shelf.weights.factors:
        rows = draw(shelf.index, query.medoids, budget=budget, overfetch=overfetch)
        told.note("source interests", len(rows), f"nearest to {len(query.medoids)} interests")
    else:
        near = draw(shelf.index, query.medoids, budget=budget - budget // 2, overfetch=overfetch)
        told.note("source interests", len(near), f"nearest to {len(query.medoids)} interests")
        rows = np.union1d(near, shelf.factors.draw(query.taste, max(1, budget // 2) + overfetch))
        told.note("source factors", len(rows), "liked by those who acted alike")
    return kept(rows, query, shelf, told)


def kept(rows: RowVector, query: Query, shelf: Shelf, told: Trace) -> RowVector:
    """Return ``rows`` without what the user has seen or hidden and what may not be shown."""
    seen = np.isin(rows, query.excluded)
    unseen = rows[~seen]
    told.note("filter seen", len(unseen), "acted on or hidden before", rows[seen])
    barred = ~shelf.allowed[unseen]
    left = unseen[~barred]
    told.note("filter rules", len(left), "not to be shown, or against a rule", unseen[barred])
    return left


def cold_candidates(query: Query, shelf: Shelf, budget: int, told: Trace = NOT_TOLD) -> Scored:
    """Return the flits nobody has acted on yet that lie near the interests, best first."""
    rows = draw(shelf.cold_index, query.medoids, budget=budget, overfetch=shelf.overfetch(query, budget))
    told.note("source cold", len(rows), "nobody has acted on them yet")
    return rank(kept(rows, query, shelf, told), query, shelf, shelf.cold_weights)


def candidates_of(query: Query, shelf: Shelf, k: int, told: Trace = NOT_TOLD) -> Scored:
    """Return the best ``k`` candidates of one user.

    Args:
        query: What is known of him.
        shelf: What candidates are drawn from.
        k: Length of the answer at most.
        told: Where steps are noted.
    """
    if not query.usable:
        found = popular(shelf.prior, query.excluded, shelf.allowed, k)
        told.note("source popularity", len(found.rows), "no interest to go by")
        return found
    budget = max(shelf.budget, k)
    found = rank(drawn(query, shelf, budget, told), query, shelf, shelf.weights)
    if shelf.cold_share and len(shelf.cold_index):
        cold = cold_candidates(query, shelf, budget, told)
        found = interleave(found, cold, shelf.cold_share, k)
    best = found.head(k)
    told.note("rank", len(best.rows), f"the best {k} by score, places for cold flits kept", found.rows[k:])
    if len(best.rows) < k:
        best = fill(best, popular(shelf.prior, query.excluded, shelf.allowed, k), k)
        told.note("source popularity", len(best.rows), "fills what is missing")
    return best
