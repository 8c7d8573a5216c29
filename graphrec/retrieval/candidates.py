"""From interests to one list of candidates, in rows: draw neighbours, merge, leave out, rank."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.index import VectorIndex


@dataclass(frozen=True)
class Weights:
    """How similarity, an interest's importance and the prior add up.

    Attributes:
        prior: Worth of one deviation of the recency-popularity prior, in cosine.
        importance: Worth of a factor of e in an interest's share of importance, in cosine.
        softness: 0 scores a flit by the interest that suits it best; above, interests that agree add up, as a
            log-sum-exp at this temperature (in cosine).
    """

    prior: float
    importance: float
    softness: float = 0.0


@dataclass(frozen=True)
class Scored:
    """Candidates of one user, best first.

    Attributes:
        rows: Flits, int32 ``[n]``.
        scores: Higher is better, float32 ``[n]``.
        similarity: Cosine to the interest's medoid, float32 ``[n]`` (NaN where no interest brought the flit).
        interest: Position among the served interests, int32 ``[n]``, -1 where popularity brought the flit.
    """

    rows: RowVector
    scores: FloatVector
    similarity: FloatVector
    interest: npt.NDArray[np.int32]

    def parts(self) -> tuple[npt.NDArray[Any], ...]:
        """Return rows, scores, similarity and interest."""
        return self.rows, self.scores, self.similarity, self.interest

    def take(self, places: npt.NDArray[np.int64]) -> "Scored":
        """Return the candidates at ``places``."""
        return Scored(*(part[places] for part in self.parts()))

    def head(self, k: int) -> "Scored":
        """Return the best ``k``."""
        return Scored(self.rows[:k], self.scores[:k], self.similarity[:k], self.interest[:k])


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


def rank(
    rows: RowVector,
    vectors: FloatMatrix,
    medoids: FloatMatrix,
    share: FloatVector,
    prior: FloatVector,
    weights: Weights,
) -> Scored:
    """Score candidates by how the interests suit each, plus the prior; each names the interest that suits it best.

    Args:
        rows: Candidate flits, int32 ``[n]``.
        vectors: Embeddings of all flits, float32 ``[num_flits, dim]``.
        medoids: Vectors of the served interests, float32 ``[interests, dim]``.
        share: Share of importance of each interest, float32 ``[interests]``, summing to 1.
        prior: Recency-popularity of all flits, float32 ``[num_flits]``.
        weights: How the parts add up.
    """
    similarity = np.asarray(vectors[rows]) @ medoids.T
    weighted = weigh_interests(similarity, share, weights.importance)
    interest = weighted.argmax(axis=1).astype(np.int32)
    place = np.arange(len(rows))
    merged = merge_interests(weighted, weights.softness)
    scores = (merged + np.float32(weights.prior) * prior[rows]).astype(np.float32)
    order = np.lexsort((rows, -scores))
    return Scored(rows[order], scores[order], similarity[place, interest][order], interest[order])


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
    return Scored(rows, prior[rows], nothing, np.full(len(rows), -1, dtype=np.int32))


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
        budget: Neighbours drawn in all.
        cold_share: Share of the places kept for cold flits.
    """

    index: VectorIndex
    cold_index: VectorIndex
    vectors: FloatMatrix
    prior: FloatVector
    allowed: BoolVector
    weights: Weights
    budget: int
    cold_share: float


def candidates_of(medoids: FloatMatrix, importance: FloatVector, shelf: Shelf, excluded: RowVector, k: int) -> Scored:
    """Return the best ``k`` candidates of one user.

    Args:
        medoids: Vectors of the served interests, float32 ``[interests, dim]``; none at all gives popularity.
        importance: Importance of each interest, float32 ``[interests]``.
        shelf: What candidates are drawn from.
        excluded: Flits this user has seen or hidden, int32.
        k: Length of the answer at most.
    """
    filling = popular(shelf.prior, excluded, shelf.allowed, k)
    if not len(medoids):
        return filling
    budget = max(shelf.budget, k)
    share = (importance / max(float(importance.sum()), 1e-9)).astype(np.float32)

    def drawn(index: VectorIndex) -> Scored:
        rows = draw(index, medoids, budget=budget, overfetch=min(len(excluded), budget))
        rows = leave_out(rows, excluded, shelf.allowed)
        return rank(rows, shelf.vectors, medoids, share, shelf.prior, shelf.weights)

    found = drawn(shelf.index)
    if shelf.cold_share and len(shelf.cold_index):
        found = interleave(found, drawn(shelf.cold_index), shelf.cold_share, k)
    return fill(found.head(k), filling, k)
