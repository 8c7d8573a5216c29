"""Weights of the merge, chosen on the validation window: never on the test window."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatVector, RowVector
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import (
    Weights,
    candidates_of,
    draw,
    leave_out,
    merge_interests,
    weigh_interests,
)
from graphrec.retrieval.config import RetrievalConfig

PRIOR_WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
IMPORTANCE_WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2)
SOFTNESS = (0.0, 0.1)
COLD_SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
HALF_LIVES_DAYS = (1.0, 2.0, 4.0, 7.0, 14.0, 30.0)
MAX_USERS = 1000
"""Users measured: the lowest rows with held-out actions; the standard error of a recall is then below .01."""


@dataclass(frozen=True)
class Tuned:
    """What was chosen, and what everything else scored.

    Attributes:
        weights: The best weights.
        half_life_days: The best half-life of the prior.
        trials: One entry per setting tried: the setting and its validation ``recall``.
    """

    weights: Weights
    half_life_days: float
    trials: list[dict[str, float]]


@dataclass(frozen=True)
class _Drawn:
    """A user's candidates before they are weighed: rows, cosine to each served interest, shares, truth."""

    rows: RowVector
    similarity: Any
    share: FloatVector
    truth: RowVector


def tune_weights(
    bundle: Bundle,
    truth: Mapping[int, RowVector],
    priors: Mapping[float, FloatVector],
    config: RetrievalConfig,
    *,
    k: int = 50,
) -> Tuned:
    """Choose weights by the mean recall@k of held-out actions, the smaller prior where trials are alike.

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
    drawn = [one for one in every if one is not None]
    trials: list[dict[str, float]] = []
    measured: list[npt.NDArray[np.float64]] = []
    for importance, softness in itertools.product(
        _grid(config.importance_weight, IMPORTANCE_WEIGHTS), _grid(config.softness, SOFTNESS)
    ):
        merged = [merge_interests(weigh_interests(one.similarity, one.share, importance), softness) for one in drawn]
        for half_life, prior in itertools.product(
            _grid(config.prior_half_life_days, tuple(priors)), _grid(config.prior_weight, PRIOR_WEIGHTS)
        ):
            recalls = _recalls(drawn, merged, priors[half_life], prior, k)
            measured.append(recalls)
            trial = {"half_life_days": half_life, "prior": prior, "importance": importance, "softness": softness}
            trials.append({**trial, "recall": float(recalls.mean()) if len(recalls) else 0.0})
    best = trials[_chosen(trials, measured)]
    weights = Weights(best["prior"], best["importance"], best["softness"])
    return Tuned(weights, best["half_life_days"], trials)


def tune_cold_share(
    bundle: Bundle, truth: Mapping[int, RowVector], config: RetrievalConfig, *, k: int = 50
) -> tuple[float, list[dict[str, float]]]:
    """Choose the share of places for cold flits by the recall@k of whole answers, the smaller share where alike.

    Args:
        bundle: Bundle of the past, with the weights and the prior that were chosen.
        truth: User row to held-out flits, int32.
        config: A ``cold_share`` set to a number is kept.
        k: Length of the list.

    Returns:
        The share, and one entry per share tried with its validation ``recall``.
    """
    if not isinstance(config.cold_share, str):
        return config.cold_share, []
    users = [user for user in sorted(truth)[:MAX_USERS] if len(bundle.settings.served(bundle.interests, user)[0])]
    measured = [_answers(bundle, users, truth, share, k) for share in COLD_SHARES]
    trials = [
        {"cold_share": share, "recall": float(one.mean()) if len(one) else 0.0}
        for share, one in zip(COLD_SHARES, measured, strict=True)
    ]
    return COLD_SHARES[_chosen(trials, measured, leaning="cold_share")], trials


def _answers(
    bundle: Bundle, users: Sequence[int], truth: Mapping[int, RowVector], share: float, k: int
) -> npt.NDArray[np.float64]:
    """Return each user's recall@k with a share of the places kept for cold flits."""
    shelf = replace(bundle.shelf, cold_share=share)
    recalls = np.zeros(len(users))
    for place, user in enumerate(users):
        medoids, importance = bundle.settings.served(bundle.interests, user)
        found = candidates_of(bundle.flit_vectors[medoids], importance, shelf, bundle.excluded(user), k)
        recalls[place] = np.isin(truth[user], found.rows).mean()
    return recalls


def half_lives(config: RetrievalConfig) -> tuple[float, ...]:
    """Return the half-lives of the prior to try."""
    return _grid(config.prior_half_life_days, HALF_LIVES_DAYS)


def _grid(setting: float | str, values: Sequence[float]) -> tuple[float, ...]:
    """Return the values to try: all of them for ``auto``, otherwise the setting alone."""
    return tuple(values) if isinstance(setting, str) else (setting,)


def _draw(bundle: Bundle, user: int, truth: RowVector, cold: BoolVector, budget: int) -> _Drawn | None:
    """Return a user's unweighed candidates and truth among the flits met before; ``None`` where there is none."""
    truth = truth[~cold[truth]]
    if not len(truth):
        return None
    medoids, importance = bundle.settings.served(bundle.interests, user)
    if not len(medoids):
        return None
    excluded = bundle.excluded(user)
    vectors = bundle.flit_vectors[medoids]
    index = bundle.indexes[bundle.settings.flit_type]
    rows = draw(index, vectors, budget=budget, overfetch=min(len(excluded), budget))
    rows = leave_out(rows, excluded, bundle.allowed & ~cold)
    share = np.asarray(importance, dtype=np.float32) / np.float32(max(float(importance.sum()), 1e-9))
    return _Drawn(rows, bundle.flit_vectors[rows] @ vectors.T, share, truth)


def _recalls(
    drawn: Sequence[_Drawn], merged: Sequence[FloatVector], prior: FloatVector, weight: float, k: int
) -> npt.NDArray[np.float64]:
    """Return each user's recall@k under one setting."""
    recalls = np.zeros(len(drawn))
    for place, (one, similarity) in enumerate(zip(drawn, merged, strict=True)):
        scores = similarity + np.float32(weight) * prior[one.rows]
        top = one.rows[np.argpartition(-scores, k)[:k]] if len(scores) > k else one.rows
        recalls[place] = np.isin(one.truth, top).mean()
    return recalls


def _chosen(
    trials: Sequence[Mapping[str, float]], measured: Sequence[npt.NDArray[np.float64]], leaning: str = "prior"
) -> int:
    """Return the trial that leans least on ``leaning`` among those within one paired standard error of the best.

    The best of some hundred trials on one window is best by luck in part; what the trials cannot tell apart is decided
    for the smaller weight (the one-standard-error rule of Breiman et al., 1984).
    """
    best = max(range(len(trials)), key=lambda place: trials[place]["recall"])

    def near(place: int) -> bool:
        gap = measured[best] - measured[place]
        error = float(gap.std()) / max(len(gap), 1) ** 0.5 if len(gap) else 0.0
        return trials[best]["recall"] - trials[place]["recall"] <= error

    return min(
        (place for place in range(len(trials)) if near(place)),
        key=lambda place: (trials[place][leaning], -trials[place]["recall"]),
    )
