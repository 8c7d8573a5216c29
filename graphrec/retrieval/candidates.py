"""From interests and factors to one list of candidates, in rows: draw, leave out, rank."""

import math

import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, RowVector, among, distinct
from graphrec.index import VectorIndex
from graphrec.retrieval.scored import Scored, fill, interleave, popular
from graphrec.retrieval.shelf import Query, Shelf, Weights
from graphrec.retrieval.trace import NOT_TOLD, Trace

NOTHING = np.zeros(0, dtype=np.int32)


def draw(
    index: VectorIndex,
    medoids: FloatMatrix,
    share: FloatVector,
    *,
    budget: int,
    excluded: RowVector = NOTHING,
    reach: float = 1.0,
) -> RowVector:
    """Return the distinct neighbours of the medoids, sorted, int32; what is excluded is among them.

    Args:
        index: Index of the flits.
        medoids: Vectors of the served interests, float32 ``[interests, dim]``.
        share: Of the budget that each interest gets, float32 ``[interests]``, summing to 1.
        budget: Neighbours in all.
        excluded: Flits that will be left out, ascending, int32.
        reach: Neighbours drawn for each that is wanted, to make up for what else will be left out.
    """
    wanted = np.ceil(np.maximum(budget * share, 1) * reach).astype(np.int64)
    found = [_near(index, medoids[place : place + 1], int(one), excluded) for place, one in enumerate(wanted)]
    rows = distinct(*found)
    return rows[rows >= 0]


def _near(index: VectorIndex, medoid: FloatMatrix, wanted: int, excluded: RowVector) -> RowVector:
    """Return the neighbours of a medoid (float32 ``[1, dim]``), among them as many as wanted that are not excluded.

    Where the excluded lie is not known beforehand, so half as many more are drawn, and where that comes out short as
    many as the share of what was left tells: an HNSW query costs by its length, and 400 more for everybody who has seen
    400 flits took several times as long.
    """
    step = max(1, wanted // 4)
    most, size = wanted + len(excluded), wanted + (2 * step if len(excluded) else 0)
    while True:
        found: RowVector = index.query(medoid, size).rows[0]
        left = int(((found >= 0) & ~among(found, excluded)).sum())
        if left >= wanted or size >= most or found[-1] < 0:
            return found
        size = min(most, step * math.ceil(1.1 * size * wanted / (step * max(left, 1))))


def rank(rows: RowVector, query: Query, shelf: Shelf, weights: Weights) -> Scored:
    """Score candidates by how the interests suit each, plus factors and prior; each names the interest that suits best.

    Args:
        rows: Candidate flits, int32 ``[n]``.
        query: Whose candidates they are.
        shelf: Vectors, factors and prior.
        weights: How the parts add up.
    """
    similarity = query.medoids @ shelf.vectors.take(rows, axis=0).T
    weighted = weigh_interests(shelf.scaled(rows, similarity), query.share, weights.importance)
    interest = weighted.argmax(axis=0).astype(np.int32)
    merged = merge_interests(weighted, weights.softness)
    scores = merged + np.float32(weights.prior) * shelf.prior[rows]
    factors = shelf.factor_scores(query.taste, rows)
    scores += np.float32(weights.factors) * factors
    order = np.lexsort((rows, -scores))
    interest = interest[order]
    return Scored(rows[order], scores[order], similarity[interest, order], interest, factors[order])


def weigh_interests(similarity: FloatMatrix, share: FloatVector, importance: float) -> FloatMatrix:
    """Return ``similarity + importance * log share``, float32 ``[interests, n]``."""
    log_share: FloatVector = np.log(np.maximum(share, np.float32(1e-9)))
    weighted: FloatMatrix = similarity + np.float32(importance) * log_share[:, None]
    return weighted


def merge_interests(weighted: FloatMatrix, softness: float) -> FloatVector:
    """Return one value per flit from one per interest, float32 ``[n]``: the best, or their log-sum-exp."""
    best: FloatVector = weighted.max(axis=0)
    if not softness:
        return best
    width = np.float32(softness)
    summed = np.exp((weighted - best) / width).sum(axis=0)
    out: FloatVector = best + width * np.log(summed)
    return out


def drawn(query: Query, shelf: Shelf, budget: int, told: Trace = NOT_TOLD) -> RowVector:
    """Return the rows that the sources bring, without those left out, sorted, int32.

    Where factors have a weight, half of the budget is theirs.

    Args:
        query: Whose candidates are wanted.
        shelf: What they are drawn from.
        budget: Flits drawn in all, before any is left out.
        told: Where steps are noted.
    """
    excluded, reach = query.excluded, shelf.reach
    if shelf.factors is None or query.taste is None or not shelf.weights.factors:
        rows = draw(shelf.index, query.medoids, query.share, budget=budget, excluded=excluded, reach=reach)
        told.note("source interests", len(rows), f"nearest to {len(query.medoids)} interests")
    else:
        half = budget - budget // 2
        near = draw(shelf.index, query.medoids, query.share, budget=half, excluded=excluded, reach=reach)
        told.note("source interests", len(near), f"nearest to {len(query.medoids)} interests")
        rows = distinct(near, shelf.factors.draw(query.taste, math.ceil(max(1, budget // 2) * reach) + len(excluded)))
        told.note("source factors", len(rows), "liked by those who acted alike")
    for source, most in shelf.sources:
        rows = distinct(rows, source.draw(query, math.ceil(most * reach)))
        told.note(f"source {source.name}", len(rows), source.why)
    if shelf.popular:
        rows = distinct(rows, shelf.by_prior[: shelf.popular])
        told.note("source popularity", len(rows), "popular wherever they stand")
    return kept(rows, query, shelf, told)


def kept(rows: RowVector, query: Query, shelf: Shelf, told: Trace) -> RowVector:
    """Return ``rows`` without what the user has seen or hidden and what may not be shown."""
    seen = among(rows, query.excluded)
    unseen = rows[~seen]
    told.note("filter seen", len(unseen), query.because, rows[seen])
    barred = ~shelf.allowed[unseen]
    left = unseen[~barred]
    told.note("filter rules", len(left), "not to be shown, or against a rule", unseen[barred])
    return left


def cold_candidates(query: Query, shelf: Shelf, budget: int, told: Trace = NOT_TOLD) -> Scored:
    """Return the flits nobody has acted on yet that lie near the interests, best first."""
    hidden = query.excluded[shelf.cold[query.excluded]]  # what was acted on is not cold
    rows = draw(shelf.cold_index, query.medoids, query.share, budget=budget, excluded=hidden, reach=shelf.reach)
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
        found = popular(shelf.by_prior, shelf.prior, query.excluded, shelf.allowed, k)
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
        best = fill(best, popular(shelf.by_prior, shelf.prior, query.excluded, shelf.allowed, k), k)
        told.note("source popularity", len(best.rows), "fills what is missing")
    return best
