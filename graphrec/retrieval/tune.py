"""Weights of the merge, chosen on the validation window: never on the test window."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import drawn
from graphrec.retrieval.config import RetrievalConfig
from graphrec.retrieval.merging import merge_interests, weigh_interests
from graphrec.retrieval.scored import leave_out
from graphrec.retrieval.shelf import Weights

PRIOR_WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
IMPORTANCE_WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2)
SOFTNESS = (0.0, 0.1)
FACTOR_WEIGHTS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
HALF_LIVES_DAYS = (1.0, 2.0, 4.0, 7.0, 14.0, 30.0)
MAX_USERS = 1000
"""Users measured: the lowest rows with held-out actions; the standard error of a recall is then below .01."""


@dataclass(frozen=True)
class Tuned:
    """What was chosen, and what everything else scored.

    Attributes:
        weights: The best weights.
        half_life_days: The best half-life of the prior.
        trials: One entry per setting tried: its validation ``recall`` at k, and the ``score`` it is judged by.
        recall: That of what was chosen.
        score: What it was judged by.
        measured: Each user's part of that score, float64 ``[users]``.
    """

    weights: Weights
    half_life_days: float
    trials: list[dict[str, float]]
    recall: float
    score: float
    measured: npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Drawn:
    """A user's candidates before they are weighed: rows, scaled cosine to each interest, shares, factors, truth."""

    rows: RowVector
    similarity: Any
    share: FloatVector
    factors: FloatVector
    truth: RowVector


def tune_weights(
    bundle: Bundle,
    truth: Mapping[int, RowVector],
    priors: Mapping[float, FloatVector],
    config: RetrievalConfig,
    *,
    k: int = 50,
) -> Tuned:
    """Choose weights by the recall of held-out actions, the smaller prior where trials are alike.

    A trial's ``score`` is the mean of its recall at k / 2, k and 2 k: one cut alone moves with each flit across it.

    Args:
        bundle: Bundle of the past (its own prior and weights are not read).
        truth: User row to held-out flits, int32.
        priors: Half-life to recency-popularity of each flit.
        config: Budget; weights set to a number are kept, ``auto`` ones are searched. With ``cold_share: auto`` only
            flits met before count here.
        k: Length of the list.
    """
    # With a share of their own to be tuned, cold flits must not also pull the prior down; without it they compete.
    cold = bundle.cold if config.cold_share == "auto" else np.zeros(len(bundle.allowed), dtype=np.bool_)
    every = (_draw(bundle, user, truth[user], cold, config.candidates) for user in sorted(truth)[:MAX_USERS])
    table = _Table([one for one in every if one is not None])
    trials: list[dict[str, float]] = []
    measured: list[npt.NDArray[np.float64]] = []

    def measure(weights: Weights, half_lives: Sequence[float], prior_weights: Sequence[float]) -> None:
        merged = table.merged(weights)
        for half_life, prior in itertools.product(half_lives, prior_weights):
            recalls = table.recalls(merged, priors[half_life], prior, k)
            measured.append(recalls.mean(axis=1))
            at_k, score = (float(one.mean()) if len(one) else 0.0 for one in (recalls[:, 1], recalls))
            trial = {**vars(weights), "prior": prior, "half_life_days": half_life}
            trials.append({**trial, "recall": at_k, "score": score})

    lives, weighed = _grid(config.prior_half_life_days, tuple(priors)), _grid(config.prior_weight, PRIOR_WEIGHTS)
    factors = _grid(config.factors_weight, FACTOR_WEIGHTS) if bundle.factors is not None else (0.0,)
    for importance, softness in itertools.product(
        _grid(config.importance_weight, IMPORTANCE_WEIGHTS), _grid(config.softness, SOFTNESS)
    ):
        measure(Weights(0.0, importance, softness, factors[0]), lives, weighed)
    place = chosen_trial(trials, measured, "score", leaning="prior")
    first = trials[place]
    # The factors are weighed after the others and beside the prior, of which they hold a part: popular flits are long.
    for weight in factors[1:]:
        measure(Weights(0.0, first["importance"], first["softness"], weight), [first["half_life_days"]], weighed)
    kept = ("importance", "softness", "half_life_days")
    if len(factors) > 1:
        beside = [number for number, one in enumerate(trials) if all(one[name] == first[name] for name in kept)]
        place = max(beside, key=lambda number: trials[number]["score"])
    best = trials[place]
    weights = Weights(best["prior"], best["importance"], best["softness"], best["factors"])
    return Tuned(weights, best["half_life_days"], trials, best["recall"], best["score"], measured[place])


def half_lives(config: RetrievalConfig) -> tuple[float, ...]:
    """Return the half-lives of the prior to try."""
    return _grid(config.prior_half_life_days, HALF_LIVES_DAYS)


def _grid(setting: float | str, values: Sequence[float]) -> tuple[float, ...]:
    """Return the values to try: all of them for ``auto``, otherwise the setting alone."""
    return tuple(values) if isinstance(setting, str) else (setting,)


def _draw(bundle: Bundle, user: int, truth: RowVector, cold: BoolVector, budget: int) -> _Drawn | None:
    """Return a user's unweighed candidates and truth among the flits met before; ``None`` where there is none."""
    truth = np.unique(truth[~cold[truth]])
    if not len(truth):
        return None
    query = bundle.query_of(user)
    if not query.usable:
        return None
    # Both sources draw, whatever the factors will turn out to be worth.
    shelf = replace(bundle.shelf, weights=replace(bundle.settings.weights, factors=1.0))
    rows = leave_out(drawn(query, shelf, budget), query.excluded, ~cold)
    similarity = shelf.scaled(rows, query.medoids @ bundle.flit_vectors[rows].T)
    return _Drawn(rows, similarity, query.share, bundle.shelf.factor_scores(query.taste, rows), truth)


def _merged(one: _Drawn, weights: Weights) -> FloatVector:
    """Return what the interests and the factors make of a user's candidates, float32 ``[n]``."""
    interests = merge_interests(weigh_interests(one.similarity, one.share, weights.importance), weights.softness)
    return np.asarray(interests + np.float32(weights.factors) * one.factors, dtype=np.float32)


class _Table:
    """All users' candidates side by side, so that a trial is a few operations on one matrix.

    Args:
        users: What was drawn.
    """

    def __init__(self, users: Sequence[_Drawn]) -> None:
        self._users = users
        self._width = max((len(one.rows) for one in users), default=0)
        self._rows = self._filled([one.rows for one in users], 0, np.int32)
        self._hits = self._filled([np.isin(one.rows, one.truth) for one in users], False, np.bool_)
        self._sizes = np.array([len(one.truth) for one in users], dtype=np.float64)

    def _filled(self, lines: Sequence[npt.NDArray[Any]], blank: float, dtype: Any) -> npt.NDArray[Any]:
        out = np.full((len(lines), self._width), blank, dtype=dtype)
        for place, line in enumerate(lines):
            out[place, : len(line)] = line
        return out

    def merged(self, weights: Weights) -> FloatMatrix:
        """Return what interests and factors make of each candidate, float32 ``[users, width]``, -inf where is none."""
        return self._filled([_merged(one, weights) for one in self._users], -np.inf, np.float32)

    def recalls(self, merged: FloatMatrix, prior: FloatVector, weight: float, k: int) -> npt.NDArray[np.float64]:
        """Return each user's recall at k / 2, k and 2 k under one setting, ``[users, 3]``."""
        cuts, width = (max(1, k // 2), k, 2 * k), min(2 * k, self._width)
        if not width:
            return np.zeros((len(self._users), len(cuts)))
        scores = merged + np.float32(weight) * prior[self._rows]
        top = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
        hits = np.take_along_axis(self._hits, np.take_along_axis(top, order, axis=1), axis=1)
        return np.stack([hits[:, :cut].sum(axis=1) / self._sizes for cut in cuts], axis=1)


def chosen_trial(
    trials: Sequence[Mapping[str, float]], measured: Sequence[npt.NDArray[np.float64]], score: str, *, leaning: str
) -> int:
    """Return the trial that leans least on ``leaning`` among those within one paired standard error of the best.

    The best of some hundred trials on one window is best by luck in part; what the trials cannot tell apart is decided
    for the smaller weight (the one-standard-error rule of Breiman et al., 1984).

    Args:
        trials: What was tried.
        measured: Each user's figure in each trial; ``score`` is its mean.
        score: The name of that mean.
        leaning: The setting that had better be small.
    """
    best = max(range(len(trials)), key=lambda place: trials[place][score])

    def near(place: int) -> bool:
        gap = measured[best] - measured[place]
        error = float(gap.std()) / max(len(gap), 1) ** 0.5 if len(gap) else 0.0
        return trials[best][score] - trials[place][score] <= error

    return min(
        (place for place in range(len(trials)) if near(place)),
        key=lambda place: (trials[place][leaning], -trials[place][score]),
    )
