import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector, normalise_rows
from graphrec.errors import ShapeError
from graphrec.index import IndexConfig, build_index
from graphrec.retrieval.candidates import candidates_of, draw, rank
from graphrec.retrieval.scored import Scored, fill, interleave, leave_out, order_of, popular
from graphrec.retrieval.shelf import Query, Shelf, Weights

PLANE = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
EVERY = np.ones(4, dtype=np.bool_)
NOBODY = np.zeros(0, dtype=np.int32)


def shelf_of(
    vectors: FloatMatrix,
    prior: FloatVector,
    allowed: BoolVector,
    weights: Weights,
    budget: int,
    *,
    cold: BoolVector | None = None,
    cold_share: float = 0.0,
) -> Shelf:
    """Index the allowed flits, and the cold ones among them."""
    none = np.zeros(len(vectors), dtype=np.bool_)
    return Shelf(
        index=build_index(vectors, IndexConfig(), allowed),
        cold_index=build_index(vectors, IndexConfig(), none if cold is None else cold & allowed),
        vectors=vectors, prior=prior, by_prior=order_of(prior), allowed=allowed, weights=weights, cold_weights=weights,
        budget=budget, cold_share=cold_share, cold=none if cold is None else cold,
    )  # fmt: skip


def asked(medoids: FloatMatrix, importance: FloatVector, excluded: RowVector) -> Query:
    return Query(medoids, importance, None, excluded)


def ranked(
    rows: RowVector,
    vectors: FloatMatrix,
    medoids: FloatMatrix,
    share: FloatVector,
    prior: FloatVector,
    weights: Weights,
) -> Scored:
    shelf = shelf_of(vectors, prior, np.ones(len(vectors), np.bool_), weights, 10)
    return rank(rows, asked(medoids, share, NOBODY), shelf, weights)


def rows_of(*rows: int) -> RowVector:
    return np.array(rows, dtype=np.int32)


def scored(rows: list[int], scores: list[float], interest: int = 0) -> Scored:
    return Scored(
        rows_of(*rows),
        np.array(scores, np.float32),
        np.array(scores, np.float32),
        np.full(len(rows), interest, np.int32),
        np.zeros(len(rows), np.float32),
    )


def test_rank_by_hand() -> None:
    """Interests at flits 0 and 3 with shares 3/4 and 1/4; each flit goes to the interest that suits it best."""
    prior = np.array([0, 1, -1, 2], np.float32)
    found = ranked(
        rows_of(0, 1, 2, 3), PLANE, PLANE[[0, 3]], np.array([0.75, 0.25], np.float32), prior, Weights(0.1, 0.2)
    )
    first, second = 0.2 * math.log(0.75), 0.2 * math.log(0.25)
    expected = {
        0: (1.0 + first, 0, 1.0),
        1: (0.8 + first + 0.1, 0, 0.8),
        2: (max(0.6 + first, 0.8 + second) - 0.1, int(0.8 + second > 0.6 + first), 0.6),
        3: (1.0 + second + 0.2, 1, 1.0),
    }
    assert found.rows.tolist() == sorted(expected, key=lambda row: -expected[row][0])
    for row, score, similarity, interest, _ in zip(*found.parts(), strict=True):
        assert (score, interest, similarity) == pytest.approx(expected[int(row)], abs=1e-6)


def test_rank_breaks_ties_by_row() -> None:
    same = np.tile(np.array([[1, 0]], np.float32), (5, 1))
    found = ranked(rows_of(4, 1, 3), same, same[:1], np.ones(1, np.float32), np.zeros(5, np.float32), Weights(1, 1))
    assert found.rows.tolist() == [1, 3, 4]


def test_without_an_interest_there_is_nothing_to_rank_by() -> None:
    nobody = np.zeros((0, 2), np.float32)
    with pytest.raises(ShapeError, match="must hold an interest"):
        ranked(rows_of(0, 1), PLANE, nobody, np.zeros(0, np.float32), np.zeros(4, np.float32), Weights(0.1, 0.2))


def test_an_interest_without_importance_still_ranks_finite() -> None:
    share = np.array([1.0, 0.0], np.float32)
    found = ranked(rows_of(0, 3), PLANE, PLANE[[0, 3]], share, np.zeros(4, np.float32), Weights(0, 0.1))
    assert np.isfinite(found.scores).all()


def test_rank_orders_by_the_soft_score_and_names_the_best_interest() -> None:
    medoids, share = PLANE[[0, 3]], np.array([0.5, 0.5], np.float32)
    found = ranked(rows_of(0, 1, 2, 3), PLANE, medoids, share, np.zeros(4, np.float32), Weights(0, 0, 0.5))
    cosines = PLANE @ medoids.T
    expected = 0.5 * np.log(np.exp(cosines / 0.5).sum(axis=1))
    assert found.scores.tolist() == pytest.approx(sorted(expected.tolist(), reverse=True), abs=1e-6)
    assert found.interest.tolist() == cosines[found.rows].argmax(axis=1).tolist()


def test_leave_out_by_hand() -> None:
    allowed = np.array([True, False, True, True])
    assert leave_out(rows_of(3, 1, 0, 2), rows_of(0, 9), allowed).tolist() == [3, 2]
    assert leave_out(rows_of(3, 1), NOBODY, EVERY).tolist() == [3, 1]
    assert leave_out(NOBODY, rows_of(1), EVERY).tolist() == []


def test_popular_is_the_prior_without_what_is_left_out() -> None:
    prior = np.array([0.5, 3.0, 2.0, 1.0], np.float32)
    found = popular(order_of(prior), prior, rows_of(1), np.array([True, True, True, False]), 5)
    assert found.rows.tolist() == [2, 0]
    assert found.scores.tolist() == [2.0, 0.5]
    assert found.interest.tolist() == [-1, -1]
    assert np.isnan(found.similarity).all()
    assert popular(order_of(prior), prior, NOBODY, EVERY, 2).rows.tolist() == [1, 2]


def test_fill_adds_below_and_keeps_the_order() -> None:
    found, more = scored([3, 1], [0.9, 0.4]), scored([1, 2, 0], [2.0, 1.5, 1.0], interest=-1)
    filled = fill(found, more, 4)
    assert filled.rows.tolist() == [3, 1, 2, 0]
    assert filled.interest.tolist() == [0, 0, -1, -1]
    assert (np.diff(filled.scores) < 0).all()
    assert filled.scores.dtype == np.float32
    assert fill(found, more, 1).rows.tolist() == [3]
    assert fill(found, more, 2).rows.tolist() == [3, 1]
    assert fill(scored([], []), more, 2).rows.tolist() == [1, 2]
    assert fill(found, scored([], []), 9).rows.tolist() == [3, 1]


def test_draw_gives_each_interest_its_part_of_the_budget() -> None:
    rng = np.random.default_rng(0)
    vectors = normalise_rows(rng.normal(size=(60, 6)).astype(np.float32))
    index = build_index(vectors, IndexConfig())
    found = draw(index, vectors[[3, 9]], np.array([0.75, 0.25], np.float32), budget=20)
    exact = {int(row) for one, most in ((3, 15), (9, 5)) for row in np.argsort(-(vectors @ vectors[one]))[:most]}
    assert found.tolist() == sorted(exact)
    assert draw(index, vectors[[3]], np.ones(1, np.float32), budget=500).tolist() == list(range(60))


@given(seed=st.integers(0, 3000), interests=st.integers(1, 4), budget=st.integers(1, 120), seen=st.integers(0, 200))
@settings(max_examples=80)
def test_every_interest_gets_its_part_beside_what_is_excluded(
    seed: int, interests: int, budget: int, seen: int
) -> None:
    """However many of the nearest were seen, the part of the budget that is left is the nearest unseen."""
    rng = np.random.default_rng(seed)
    vectors = normalise_rows(rng.normal(size=(250, 5)).astype(np.float32))
    medoids = vectors[rng.integers(0, 250, interests)]
    near = np.argsort(-(vectors @ medoids[0]))[: max(seen, 1)]  # the worst case: all round the first interest
    excluded = np.sort(rng.choice(near, seen * 2 // 3, replace=False)).astype(np.int32)
    share = rng.dirichlet(np.ones(interests)).astype(np.float32)
    found = draw(build_index(vectors, IndexConfig()), medoids, share, budget=budget, excluded=excluded)
    assert (np.diff(found) > 0).all()
    for medoid, part in zip(medoids, share, strict=True):
        order = np.argsort(-(vectors @ medoid), kind="stable")
        assert np.isin(order[~np.isin(order, excluded)][: max(1, int(budget * part))], found).all()


def naive(
    medoids: FloatMatrix, share: list[float], vectors: FloatMatrix, prior: list[float], out: set[int], weights: Weights
) -> dict[int, float]:
    scores = {}
    for row in range(len(vectors)):
        if row not in out:
            parts = [
                float(medoid @ vectors[row]) + weights.importance * math.log(one)
                for medoid, one in zip(medoids, share, strict=True)
            ]
            scores[row] = max(parts) + weights.prior * prior[row]
    return scores


@given(
    seed=st.integers(0, 5000), interests=st.integers(0, 4), k=st.integers(1, 60), left_out=st.integers(0, 30),
    barred=st.integers(0, 30),
)  # fmt: skip
@settings(max_examples=150)
def test_candidates_equal_the_exact_twin_and_never_hold_what_is_left_out(
    seed: int, interests: int, k: int, left_out: int, barred: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = normalise_rows(rng.normal(size=(40, 6)).astype(np.float32))
    prior = rng.normal(size=40).astype(np.float32)
    excluded = np.sort(rng.permutation(40)[:left_out]).astype(np.int32)
    allowed = np.ones(40, dtype=np.bool_)
    allowed[rng.permutation(40)[:barred]] = False
    medoids = normalise_rows(rng.normal(size=(interests, 6)).astype(np.float32))
    importance = rng.random(interests).astype(np.float32) + 0.1
    weights = Weights(0.2, 0.1)
    found = candidates_of(asked(medoids, importance, excluded), shelf_of(vectors, prior, allowed, weights, 200), k)
    out = set(excluded.tolist()) | set(np.flatnonzero(~allowed).tolist())
    assert not out & set(found.rows.tolist())
    assert len(set(found.rows.tolist())) == len(found.rows) == min(k, 40 - len(out))
    assert (np.diff(found.scores) <= 1e-6).all()
    if interests:  # the budget holds the whole catalogue: nothing is approximate
        exact = naive(medoids, (importance / importance.sum()).tolist(), vectors, prior.tolist(), out, weights)
        best = sorted(exact.values(), reverse=True)[:k]
        assert found.scores.tolist() == pytest.approx(best, abs=1e-5)
        assert [exact[int(row)] for row in found.rows] == pytest.approx(best, abs=1e-5)
    else:
        assert found.rows.tolist() == popular(order_of(prior), prior, excluded, allowed, k).rows.tolist()


def test_a_small_budget_finds_most_of_the_exact_best() -> None:
    rng = np.random.default_rng(0)
    vectors = normalise_rows(rng.normal(size=(2000, 8)).astype(np.float32))
    prior, share = np.zeros(2000, np.float32), [0.6, 0.4]
    medoids, weights = vectors[[5, 8]], Weights(0.0, 0.01)
    shelf = shelf_of(vectors, prior, np.ones(2000, np.bool_), weights, 100)
    found = candidates_of(asked(medoids, np.array(share, np.float32), rows_of(5, 8)), shelf, 50)
    exact = naive(medoids, share, vectors, prior.tolist(), {5, 8}, weights)
    best = sorted(exact, key=lambda row: -exact[row])[:50]
    assert np.isin(best, found.rows).mean() > 0.9


def test_short_lists_are_filled_with_popularity() -> None:
    prior = np.array([0, 0, 1, 2], np.float32)
    indexed = build_index(PLANE, IndexConfig(), np.array([True, True, False, False]))
    shelf = replace(shelf_of(PLANE, prior, EVERY, Weights(0, 0), 2), index=indexed)
    found = candidates_of(asked(PLANE[:1], np.ones(1, np.float32), rows_of(0)), shelf, 4)
    assert found.rows.tolist() == [1, 3, 2]
    assert found.interest.tolist() == [0, -1, -1]


def test_interleave_by_hand() -> None:
    """Every fourth place goes to the best cold flit not in the list; both keep their order."""
    found = scored([*range(10)], [1 - 0.05 * one for one in range(10)])
    cold = scored([20, 3, 21, 22], [0.9, 0.8, 0.7, 0.6])
    assert interleave(found, cold, 0.25, 8).rows.tolist() == [0, 1, 2, 20, 3, 4, 5, 21]
    assert interleave(found, cold, 0.5, 4).rows.tolist() == [0, 20, 1, 3]
    assert interleave(found, cold, 0.1, 5).rows.tolist() == [0, 1, 2, 3, 4]


def test_interleave_of_few_keeps_all_there_are() -> None:
    found, cold = scored([1, 2], [0.9, 0.8]), scored([7], [0.5])
    assert interleave(found, cold, 0.25, 12).rows.tolist() == [1, 2, 7]
    assert interleave(found, scored([], []), 0.25, 12).rows.tolist() == [1, 2]
    assert interleave(scored([], []), cold, 0.25, 12).rows.tolist() == [7]


@given(
    warm=st.integers(0, 30), new=st.integers(0, 30), share=st.floats(0.01, 0.95), k=st.integers(1, 40),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_interleave_keeps_orders_and_places(warm: int, new: int, share: float, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = scored(rng.permutation(45)[:warm].tolist(), np.sort(rng.random(warm))[::-1].tolist())
    cold = scored(rng.permutation(45)[:new].tolist(), np.sort(rng.random(new))[::-1].tolist())
    rows = interleave(found, cold, share, k).rows.tolist()
    assert len(rows) == len(set(rows)) <= k
    places = int(k * share)
    protected = [row for row in cold.rows.tolist() if row not in found.rows.tolist()[: k - places]][:places]
    assert [row for row in rows if row in protected] == protected
    others = [row for row in found.rows.tolist() if row not in protected][: k - len(protected)]
    assert [row for row in rows if row not in protected] == others


def test_cold_flits_get_their_share_though_the_popular_beat_them() -> None:
    rng = np.random.default_rng(0)
    vectors = normalise_rows(rng.normal(size=(200, 6)).astype(np.float32))
    cold = np.arange(200) >= 100
    prior = np.where(cold, -9.0, 1.0).astype(np.float32)
    shelf = shelf_of(vectors, prior, np.ones(200, np.bool_), Weights(0.5, 0.0), 200, cold=cold, cold_share=0.2)
    found = candidates_of(asked(vectors[:1], np.ones(1, np.float32), rows_of(0, 150)), shelf, 20)
    new = [int(row) for row in found.rows if cold[row]]
    cosines = vectors @ vectors[0]
    assert new == [int(row) for row in np.argsort(-cosines) if cold[row] and row != 150][:4]
    assert [place for place, row in enumerate(found.rows) if cold[row]] == [4, 9, 14, 19]
    none = candidates_of(asked(vectors[:1], np.ones(1, np.float32), rows_of(0)), replace(shelf, cold_share=0.0), 20)
    assert not cold[none.rows].any()


def test_cold_flits_left_out_stay_out() -> None:
    rng = np.random.default_rng(0)
    vectors = normalise_rows(rng.normal(size=(60, 6)).astype(np.float32))
    allowed, cold = np.arange(60) != 40, np.arange(60) >= 30
    shelf = shelf_of(vectors, np.zeros(60, np.float32), allowed, Weights(0, 0), 60, cold=cold, cold_share=0.3)
    found = candidates_of(asked(vectors[:2], np.ones(2, np.float32), rows_of(35, 36)), shelf, 60)
    assert not {35, 36, 40} & set(found.rows.tolist())
    assert len(found.rows) == 57
