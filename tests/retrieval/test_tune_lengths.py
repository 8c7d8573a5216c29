from dataclasses import replace

import numpy as np
import pytest

from graphrec.arrays import RowVector
from graphrec.index import IndexConfig
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.config import RetrievalConfig
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.shelf import Weights
from graphrec.retrieval.tune import tune_weights
from graphrec.retrieval.tune_lengths import EXPONENTS, tune_lengths
from tests.retrieval.world import NUM_FLITS, planted, with_lengths

CONFIG = RetrievalConfig(candidates=200, prior_weight=0.0, importance_weight=0.0, softness=0.0)
PRIORS = {7.0: np.zeros(NUM_FLITS, np.float32)}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Flits with lengths that do not count yet."""
    return with_lengths(planted(budget=200, weights=Weights(0.0, 0.0)), 0.0)


def truth_of(bundle: Bundle) -> dict[int, RowVector]:
    """What users would act on if this bundle were the truth."""
    return {user: Retriever(bundle).recommend_rows(user, 50) for user in range(6)}


@pytest.mark.parametrize("planted_exponent", EXPONENTS)
def test_the_planted_exponent_is_found(bundle: Bundle, planted_exponent: float) -> None:
    truth = truth_of(with_lengths(bundle, planted_exponent))
    chosen, tuned, trials = tune_lengths(bundle, truth, PRIORS, IndexConfig(), CONFIG)
    assert [one["length_exponent"] for one in trials] == list(EXPONENTS)
    assert max(trials, key=lambda one: one["score"])["length_exponent"] == planted_exponent
    assert chosen.settings.length_exponent <= planted_exponent
    assert tuned.score == pytest.approx(tuned.measured.mean())
    assert max(trials, key=lambda one: one["score"])["recall"] == 1.0


def test_exponents_that_are_alike_give_the_smallest(bundle: Bundle) -> None:
    same = replace(bundle.embeddings, lengths={"flit": np.full(NUM_FLITS, 3.0, np.float32)})
    chosen, _, _ = tune_lengths(replace(bundle, embeddings=same), truth_of(bundle), PRIORS, IndexConfig(), CONFIG)
    assert chosen.settings.length_exponent == 0.0
    assert chosen.scaled_index is None


def test_an_exponent_given_as_a_number_is_kept(bundle: Bundle) -> None:
    config = IndexConfig(length_exponent=0.5)
    chosen, tuned, trials = tune_lengths(bundle, truth_of(bundle), PRIORS, config, CONFIG)
    assert (chosen.settings.length_exponent, trials) == (0.5, [])
    again = tune_weights(with_lengths(bundle, 0.5), truth_of(bundle), PRIORS, CONFIG)
    assert (tuned.weights, tuned.trials) == (again.weights, again.trials)


def test_without_lengths_there_is_nothing_to_choose() -> None:
    plain = planted(budget=200)
    truth = truth_of(plain)
    chosen, tuned, trials = tune_lengths(plain, truth, PRIORS, IndexConfig(), CONFIG)
    assert chosen is plain
    assert trials == []
    assert tuned.trials == tune_weights(plain, truth, PRIORS, CONFIG).trials
