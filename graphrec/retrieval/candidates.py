"""From interests and factors to one list of candidates, in rows: draw, leave out, rank."""

import math

import numba
import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, RowVector, among, distinct
from graphrec.errors import ShapeError
from graphrec.index import VectorIndex
from graphrec.retrieval.merging import lift_of, merged
from graphrec.retrieval.scored import Scored, fill, interleave, popular
from graphrec.retrieval.shelf import Query, Shelf, Weights
from graphrec.retrieval.trace import NOT_TOLD, Trace

NOTHING = np.zeros(0, dtype=np.int32)
NO_SCALE = np.zeros(0, dtype=np.float32)


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
    wanted = np.ceil(np.maximum(budget * share, 1) * reach).astype(np.int64).tolist()
    found = [_near(index, medoids[place : place + 1], one, excluded) for place, one in enumerate(wanted)]
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
        left = _left(found, excluded)
        if left >= wanted or size >= most or found[-1] < 0:
            return found
        size = min(most, step * math.ceil(1.1 * size * wanted / (step * max(left, 1))))


@numba.njit(cache=True, nogil=True)
def _left(found: RowVector, excluded: RowVector) -> int:
    """Return how many rows of an index's answer are not among the ``excluded``, which are ascending."""
    count = 0
    for row in found:
        place = np.searchsorted(excluded, row)
        count += row >= 0 and (place == len(excluded) or excluded[place] != row)
    return count


def rank(rows: RowVector, query: Query, shelf: Shelf, weights: Weights) -> Scored:
    """Score candidates by how the interests suit each, plus factors and prior; each names the interest that suits best.

    Args:
        rows: Candidate flits, int32 ``[n]``.
        query: Whose candidates they are.
        shelf: Vectors, factors and prior.
        weights: How the parts add up.

    Raises:
        ShapeError: If there is no interest to rank by.
    """
    if not query.usable:
        raise ShapeError("Query.medoids must hold an interest (got none); answer by popularity")
    lift, softness = lift_of(query.share, weights.importance), np.float32(weights.softness)
    scale = NO_SCALE if shelf.scale is None else shelf.scale
    scores, interest, similarity = merged(rows, shelf.vectors, scale, query.medoids, lift, softness)
    factors = shelf.factor_scores(query.taste, rows)
    scores += np.float32(weights.prior) * shelf.prior[rows] + np.float32(weights.factors) * factors
    order = np.lexsort((rows, -scores))
    return Scored(rows[order], scores[order], similarity[order], interest[order], factors[order])


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
