from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.models.factors import FlitFactors
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import candidates_of
from graphrec.retrieval.factors import FactorSource
from graphrec.retrieval.retriever import Retriever
from tests.retrieval.world import NUM_FLITS, planted, with_factors


@given(seed=st.integers(0, 10_000), count=st.integers(1, 60))
@settings(max_examples=60)
def test_the_largest_inner_products_are_drawn(seed: int, count: int) -> None:
    """Lengths differ: the nearest by angle are not the best."""
    rng = np.random.default_rng(seed)
    vectors = (rng.normal(size=(50, 5)) * rng.lognormal(size=(50, 1))).astype(np.float32)
    allowed = rng.random(50) < 0.8
    factors = FlitFactors(vectors, np.ones(50, np.bool_), 3.0, 1.0)
    source = FactorSource.build(factors, allowed)
    taste = source.taste(rng.integers(0, 50, 4).astype(np.int32), np.ones(4, np.float32))
    assert taste is not None
    scores = np.where(allowed, vectors @ taste.vector, -np.inf)
    expected = np.sort(np.argsort(-scores)[: min(count, int(allowed.sum()))])
    assert source.draw(taste, count).tolist() == expected.tolist()


def test_flits_without_a_vector_are_never_drawn() -> None:
    vectors = np.ones((4, 2), np.float32)
    vectors[2] = 0
    source = FactorSource.build(FlitFactors(vectors, np.ones(4, np.bool_), 1.0, 1.0), np.ones(4, np.bool_))
    taste = source.taste(np.zeros(1, np.int32), np.ones(1, np.float32))
    assert taste is not None
    assert source.draw(taste, 4).tolist() == [0, 1, 3]
    assert len(source.index) == 3


def test_factors_bring_what_no_interest_does() -> None:
    """A flit far from every interest, but liked by those who act alike, reaches the list."""
    bundle = with_factors(planted(budget=20), 1.0)
    for user in range(6):
        query = bundle.query_of(user)
        assert query.taste is not None
        assert bundle.factors is not None
        scores = bundle.factors.factors.standardised(query.taste, np.arange(NUM_FLITS, dtype=np.int32))
        scores[np.isin(np.arange(NUM_FLITS), query.excluded) | ~bundle.allowed] = -np.inf
        found = candidates_of(query, bundle.shelf, 10)
        assert int(scores.argmax()) in found.rows.tolist()
        np.testing.assert_allclose(found.factors, scores[found.rows], atol=1e-5)


def test_without_weight_the_answer_is_that_of_the_interests() -> None:
    plain = planted(budget=60)
    silent = with_factors(plain, 0.0)
    for user in range(8):
        one, other = (candidates_of(one.query_of(user), one.shelf, 20) for one in (plain, silent))
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.scores, other.scores)


def test_scores_say_what_factors_added() -> None:
    bundle = with_factors(planted(budget=200), 0.25)
    plain = replace(bundle, factors=None)
    with_them, without = (Retriever(one).recommend("u2", 100) for one in (bundle, plain))
    before = dict(zip(without.ids, without.scores.tolist(), strict=True))
    for row in with_them.to_polars().iter_rows(named=True):
        if row["interest"] is not None:
            assert abs(row["score"] - before[row["id"]] - 0.25 * row["factors"]) < 1e-5
    why = with_them.explain(0)
    assert why["factors"] == with_them.to_polars()["factors"][0]


def test_a_saved_bundle_keeps_its_factors(tmp_path: Path) -> None:
    bundle = with_factors(planted(), 0.3)
    bundle.save(tmp_path)
    opened = Bundle.open(tmp_path)
    for user in range(8):
        one, other = (Retriever(one).recommend(f"u{user}", 20) for one in (bundle, opened))
        assert one.ids == other.ids
        np.testing.assert_array_equal(one.scores, other.scores)


def test_recommend_from_asks_the_factors_too() -> None:
    """Somebody never seen, with the actions of user 3, each of weight 1 as his were."""
    bundle = with_factors(planted(), 0.5)
    own = bundle.history.of(3).rows
    found = Retriever(bundle).recommend_from([f"f{row}" for row in own], 15)
    taste = bundle.query_of(3).taste
    assert taste is not None
    assert bundle.factors is not None
    rows = np.array([int(str(one)[1:]) for one in found.ids], np.int32)
    by_interest = np.array([one is not None for one in found.interests])
    expected = bundle.factors.factors.standardised(taste, rows)
    np.testing.assert_array_equal(found.to_polars()["factors"].to_numpy()[by_interest], expected[by_interest])


def test_only_the_longest_vectors_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec.retrieval.factors.LONGEST", 3)
    vectors = np.array([[1, 0], [5, 0], [0, 4], [0.1, 0], [3, 3]], np.float32)
    factors = FlitFactors(vectors, np.ones(5, np.bool_), 1.0, 1.0)
    assert len(FactorSource.build(factors, np.ones(5, np.bool_)).index) == 3
    taste = factors.taste(np.array([0], np.int32), np.ones(1, np.float32))
    assert taste is not None
    assert FactorSource.build(factors, np.ones(5, np.bool_)).draw(taste, 5).tolist() == [1, 2, 4]
    assert FactorSource.build(factors, np.arange(5) != 1).draw(taste, 5).tolist() == [0, 2, 4]
    assert FactorSource.build(factors, np.zeros(5, np.bool_)).draw(taste, 5).tolist() == []
