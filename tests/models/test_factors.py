from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import FloatMatrix, RowVector
from graphrec.errors import ShapeError
from graphrec.history import History
from graphrec.models.config.factors import FactorConfig
from graphrec.models.factors import FlitFactors, Taste, alternating_least_squares, fit_factors, user_flits
from graphrec.regression import MOST_REGRESSED

NUM_FLITS = 60
CONFIG = FactorConfig(dim=8, alpha=4.0, regularization=0.5)


def history() -> History:
    """Thirty users, each acting on flits of one of three groups; flits from 45 on are never met."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(30), 8)
    rows = 3 * rng.integers(0, 15, size=len(users)) + users % 3
    weight = rng.choice([0.5, 1.0, 1.5], size=len(users)).astype(np.float32)
    return History.from_edges(users.astype(np.int32), rows.astype(np.int32), None, weight, 30)


@pytest.fixture(scope="module")
def factors() -> FlitFactors:
    return fit_factors(history(), NUM_FLITS, CONFIG)


def scores_of(taste: Taste | None, vectors: FloatMatrix) -> FloatMatrix:
    assert taste is not None
    return np.asarray(vectors @ taste.vector)


def test_a_user_is_what_the_fitted_library_makes_of_him(factors: FlitFactors) -> None:
    acted = history()
    matrix = user_flits(acted, NUM_FLITS)
    model = alternating_least_squares(matrix, CONFIG)
    for user in range(30):
        own = acted.of(user)
        taste = factors.taste(own.rows, own.weight)
        assert taste is not None
        line = scipy.sparse.csr_matrix(matrix[[user]])
        np.testing.assert_allclose(taste.vector, model.recalculate_user(0, line).ravel(), atol=2e-4)


def test_a_user_is_the_least_squares_answer(factors: FlitFactors) -> None:
    """Every flit is asked for: 1 with confidence alpha times weight where acted on, 0 with confidence 1 elsewhere."""
    rows, weight = np.array([3, 9, 3], np.int32), np.array([1.0, 0.5, 2.0], np.float32)
    taste = factors.taste(rows, weight)
    assert taste is not None
    confidence, wanted = np.ones(NUM_FLITS), np.zeros(NUM_FLITS)
    confidence[[3, 9]], wanted[[3, 9]] = [4.0 * 3.0, 4.0 * 0.5], 1.0
    vectors = factors.vectors.astype(np.float64)
    left = (vectors.T * confidence) @ vectors + 0.5 * np.eye(8)
    np.testing.assert_allclose(taste.vector, np.linalg.solve(left, vectors.T @ (confidence * wanted)), atol=1e-5)


@given(seed=st.integers(0, 10_000), count=st.integers(1, 40), alpha=st.sampled_from([4.0, 3.7, 0.1]))
@settings(max_examples=50)
def test_the_order_of_actions_changes_no_bit(seed: int, count: int, alpha: float) -> None:
    factors = replace(fit_factors(history(), NUM_FLITS, CONFIG), alpha=alpha)
    rng = np.random.default_rng(seed)
    rows, weight = rng.integers(0, 45, count).astype(np.int32), rng.random(count).astype(np.float32)
    order = rng.permutation(count)
    one, other = factors.taste(rows, weight), factors.taste(rows[order], weight[order])
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.vector, other.vector)
    assert (one.mean, one.spread) == (other.mean, other.spread)


def test_scores_are_standardised_over_the_fitted_flits(factors: FlitFactors) -> None:
    own = history().of(4)
    taste = factors.taste(own.rows, own.weight)
    scores = scores_of(taste, factors.vectors[factors.fitted])
    known = np.flatnonzero(factors.fitted).astype(np.int32)
    expected = (scores - scores.mean()) / scores.std()
    np.testing.assert_allclose(factors.standardised(taste, known), expected, atol=1e-4)
    assert factors.standardised(None, known).tolist() == [0.0] * len(known)


def test_groups_prefer_their_own_flits(factors: FlitFactors) -> None:
    for user in range(3):
        own = history().of(user)
        scores = scores_of(factors.taste(own.rows, own.weight), factors.vectors)
        met = np.flatnonzero(factors.fitted)
        assert scores[met[met % 3 == user]].mean() > 0.3
        assert abs(scores[met[met % 3 != user]].mean()) < 0.1


def test_actions_on_flits_that_were_not_fitted_say_nothing(factors: FlitFactors) -> None:
    nowhere: RowVector = np.array([50, 51], np.int32)
    assert factors.taste(nowhere, np.ones(2, np.float32)) is None
    assert factors.taste(np.zeros(0, np.int32), np.zeros(0, np.float32)) is None
    mixed = factors.taste(np.array([50, 3], np.int32), np.ones(2, np.float32))
    alone = factors.taste(np.array([3], np.int32), np.ones(1, np.float32))
    assert mixed is not None
    assert alone is not None
    np.testing.assert_array_equal(mixed.vector, alone.vector)


def test_unmet_flits_get_the_factors_of_their_content(factors: FlitFactors) -> None:
    content = np.eye(3, dtype=np.float32)[np.arange(NUM_FLITS) % 3]
    completed = factors.completed(content)
    np.testing.assert_array_equal(completed.vectors[factors.fitted], factors.vectors[factors.fitted])
    own = history().of(1)
    scores = scores_of(completed.taste(own.rows, own.weight), completed.vectors)[45:]
    assert scores[1::3].min() > 0.3 > scores[0::3].max()
    # what is regressed does not speak of users: their factors stay
    one, other = factors.taste(own.rows, own.weight), completed.taste(own.rows, own.weight)
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.vector, other.vector)


def test_without_content_unmet_flits_stay_unknown(factors: FlitFactors) -> None:
    assert factors.completed(np.zeros((NUM_FLITS, 0), np.float32)) is factors
    assert not factors.vectors[45:].any()


def test_content_of_other_flits_is_refused(factors: FlitFactors) -> None:
    with pytest.raises(ShapeError, match=r"content must have one row per flit, 60 \(got 59\)"):
        factors.completed(np.ones((59, 3), np.float32))


def test_large_catalogues_are_learnt_from_in_part(monkeypatch: pytest.MonkeyPatch, factors: FlitFactors) -> None:
    assert MOST_REGRESSED > NUM_FLITS
    monkeypatch.setattr("graphrec.regression.MOST_REGRESSED", 20)
    content = np.eye(3, dtype=np.float32)[np.arange(NUM_FLITS) % 3]
    one, again, other = (factors.completed(content, seed).vectors for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_nobody_acted() -> None:
    empty = History.from_edges(np.zeros(0, np.int32), np.zeros(0, np.int32), None, None, 3)
    factors = fit_factors(empty, 5, CONFIG)
    assert factors.vectors.shape == (5, 8)
    assert not factors.vectors.any()
    assert factors.completed(np.ones((5, 2), np.float32)) is factors


def test_saved_factors_come_back(tmp_path: Path, factors: FlitFactors) -> None:
    factors.save(tmp_path)
    opened = FlitFactors.open(tmp_path)
    own = history().of(2)
    one, other = factors.taste(own.rows, own.weight), opened.taste(own.rows, own.weight)
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.vector, other.vector)
    assert opened.alpha == CONFIG.alpha


def test_a_fit_repeats_itself(factors: FlitFactors) -> None:
    np.testing.assert_array_equal(fit_factors(history(), NUM_FLITS, CONFIG).vectors, factors.vectors)
