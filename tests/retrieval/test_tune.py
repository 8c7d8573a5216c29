from dataclasses import replace

import numpy as np
import pytest

from graphrec.arrays import FloatVector, RowVector
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import cold_candidates
from graphrec.retrieval.config import RetrievalConfig
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.shelf import Weights
from graphrec.retrieval.tune import HALF_LIVES_DAYS, Tuned, half_lives, tune_weights
from graphrec.retrieval.tune_cold import COLD_SHARES, tune_cold_share, tune_cold_weights
from tests.retrieval.world import NUM_FLITS, planted, with_factors, with_prior

AUTO = RetrievalConfig(candidates=200)


def truth_under(bundle: Bundle, weights: Weights, prior: FloatVector, k: int) -> dict[int, RowVector]:
    """What users would act on were these weights the truth."""
    settings = replace(bundle.settings, weights=weights)
    oracle = Retriever(replace(with_prior(bundle, prior), settings=settings))
    return {user: oracle.recommend_rows(user, k) for user in range(6)}


def recall(bundle: Bundle, truth: dict[int, RowVector], weights: Weights, prior: FloatVector, k: int) -> float:
    lists = truth_under(bundle, weights, prior, k)
    return float(np.mean([np.isin(truth[user], lists[user]).mean() for user in truth]))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return planted(budget=200)


@pytest.fixture(scope="module")
def priors(bundle: Bundle) -> dict[float, FloatVector]:
    rng = np.random.default_rng(7)
    return {half_life: rng.normal(size=NUM_FLITS).astype(np.float32) for half_life in (1.0, 7.0, 30.0)}


@pytest.mark.parametrize(("half_life", "weight"), [(1.0, 0.0), (7.0, 0.2), (30.0, 0.5)])
def test_the_planted_setting_is_found(
    bundle: Bundle, priors: dict[float, FloatVector], half_life: float, weight: float
) -> None:
    planted_weights = Weights(weight, 0.0)
    truth = truth_under(bundle, planted_weights, priors[half_life], 10)
    tuned = tune_weights(bundle, truth, priors, AUTO, k=10)
    assert max(one["recall"] for one in tuned.trials) == 1.0
    chosen = recall(bundle, truth, tuned.weights, priors[tuned.half_life_days], 10)
    assert chosen == 1.0
    if weight:
        assert (tuned.half_life_days, tuned.weights.prior) == (half_life, weight)
    else:
        assert tuned.weights.prior == 0.0


def test_every_trial_is_what_the_retriever_would_score(bundle: Bundle, priors: dict[float, FloatVector]) -> None:
    truth = truth_under(bundle, Weights(0.1, 0.05), priors[7.0], 12)
    tuned = tune_weights(bundle, truth, priors, AUTO, k=8)
    for trial in tuned.trials[::23]:
        weights = Weights(trial["prior"], trial["importance"], trial["softness"], trial["factors"])
        assert trial["recall"] == pytest.approx(recall(bundle, truth, weights, priors[trial["half_life_days"]], 8))


def test_settings_given_as_numbers_are_kept(bundle: Bundle, priors: dict[float, FloatVector]) -> None:
    truth = truth_under(bundle, Weights(0.2, 0.0), priors[7.0], 10)
    config = RetrievalConfig(prior_weight=0.07, importance_weight=0.3, softness=0.2, prior_half_life_days=7.0)
    tuned = tune_weights(bundle, truth, {7.0: priors[7.0]}, config)
    assert tuned.weights == Weights(0.07, 0.3, 0.2)
    assert tuned.half_life_days == 7.0


def test_half_lives_to_try() -> None:
    assert half_lives(AUTO) == HALF_LIVES_DAYS
    assert half_lives(RetrievalConfig(prior_half_life_days=3.0)) == (3.0,)


def test_users_without_interests_do_not_count(bundle: Bundle, priors: dict[float, FloatVector]) -> None:
    truth = truth_under(bundle, Weights(0.2, 0.0), priors[7.0], 10)
    more = {**truth, 7: np.array([50], np.int32)}

    def best(one: Tuned) -> tuple[Weights, float]:
        return one.weights, max(trial["recall"] for trial in one.trials)

    assert best(tune_weights(bundle, more, priors, AUTO, k=10)) == best(tune_weights(bundle, truth, priors, AUTO, k=10))


def test_nobody_held_out_still_answers(bundle: Bundle, priors: dict[float, FloatVector]) -> None:
    assert tune_weights(bundle, {}, priors, AUTO).trials[0]["recall"] == 0.0


def test_a_share_for_cold_flits_is_what_the_window_rewards(bundle: Bundle) -> None:
    cold = np.flatnonzero(bundle.history.actions_per_flit(NUM_FLITS) == 0)
    assert len(cold)
    config = RetrievalConfig(candidates=200, cold_share="auto")
    buried = with_prior(bundle, np.where(np.isin(np.arange(NUM_FLITS), cold), -9.0, 0.0).astype(np.float32))
    generous = Retriever(replace(buried, settings=replace(buried.settings, cold_share=0.5)))
    answers = {user: generous.recommend_rows(user, 10) for user in range(6)}
    loved = {user: rows[np.isin(rows, cold)] for user, rows in answers.items()}
    share, trials = tune_cold_share(buried, loved, config, k=10)
    assert [one["cold_share"] for one in trials] == list(COLD_SHARES)
    assert share == 0.5
    assert trials[list(COLD_SHARES).index(0.5)]["recall"] == 1.0
    unloved = truth_under(buried, buried.settings.weights, buried.prior, 10)
    assert tune_cold_share(buried, unloved, config, k=10)[0] == 0.0


def test_a_share_given_as_a_number_is_kept(bundle: Bundle) -> None:
    assert tune_cold_share(bundle, {}, RetrievalConfig(cold_share=0.3)) == (0.3, [])


@pytest.mark.parametrize("planted_weight", [0.0, 0.16, 0.64])
def test_the_planted_worth_of_factors_is_found(
    bundle: Bundle, priors: dict[float, FloatVector], planted_weight: float
) -> None:
    told = with_factors(bundle, planted_weight)
    truth = truth_under(told, told.settings.weights, priors[7.0], 10)
    config = RetrievalConfig(candidates=240, prior_weight=0.05, importance_weight=0.02, softness=0.0)
    tuned = tune_weights(told, truth, {7.0: priors[7.0]}, config, k=10)
    assert max(tuned.trials, key=lambda one: one["recall"])["factors"] == planted_weight
    assert tuned.weights.factors == planted_weight


def test_cold_flits_have_a_worth_of_factors_of_their_own(bundle: Bundle) -> None:
    told = with_factors(bundle, 0.64)
    loved = {user: cold_candidates(told.query_of(user), told.shelf, 240).rows[:5] for user in range(6)}
    silent = replace(told, settings=replace(told.settings, weights=replace(told.settings.weights, factors=0.0)))
    weights, trials = tune_cold_weights(silent, loved, AUTO, k=5)
    assert weights == replace(told.settings.weights, factors=0.64)
    assert [one["recall"] for one in trials if one["cold_factors"] == 0.64] == [1.0]
    kept = RetrievalConfig(factors_weight=0.1)
    assert tune_cold_weights(silent, loved, kept) == (silent.settings.weights, [])
    assert tune_cold_weights(bundle, loved, AUTO) == (bundle.settings.weights, [])
