"""What flits nobody has acted on are worth, chosen on the validation window: their weights and their places."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from graphrec.arrays import RowVector
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import candidates_of, cold_candidates
from graphrec.retrieval.config import RetrievalConfig
from graphrec.retrieval.shelf import Weights
from graphrec.retrieval.tune import FACTOR_WEIGHTS, MAX_USERS, chosen_trial

COLD_SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)


def tune_cold_weights(
    bundle: Bundle, truth: Mapping[int, RowVector], config: RetrievalConfig, *, k: int = 20
) -> tuple[Weights, list[dict[str, float]]]:
    """Choose what the factors are worth among cold flits, where content alone made them; the other weights stay.

    Args:
        bundle: Bundle of the past, with the weights and the prior that were chosen.
        truth: User row to held-out flits, int32; only cold ones count.
        config: A ``factors_weight`` set to a number is kept.
        k: Length of the list of cold flits.

    Returns:
        The weights, and one entry per weight tried with its validation ``recall``.
    """
    weights = bundle.settings.weights
    if bundle.factors is None or not isinstance(config.factors_weight, str):
        return weights, []
    every = ((bundle.query_of(user), truth[user][bundle.cold[truth[user]]]) for user in sorted(truth))
    users = list(itertools.islice(((query, held) for query, held in every if len(held) and query.usable), MAX_USERS))
    trials = []
    for weight in FACTOR_WEIGHTS:
        shelf = replace(bundle.shelf, cold_weights=replace(weights, factors=weight))
        recalls = [
            np.isin(held, cold_candidates(query, shelf, config.candidates).rows[:k]).mean() for query, held in users
        ]
        trials.append({"cold_factors": weight, "recall": float(np.mean(recalls)) if recalls else 0.0})
    best = max(trials, key=lambda trial: trial["recall"])
    return replace(weights, factors=best["cold_factors"]), trials


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
    users = [
        user for user in sorted(truth)[:MAX_USERS] if len(bundle.settings.served(bundle.interests.of(user), user)[0])
    ]
    measured = [_answers(bundle, users, truth, share, k) for share in COLD_SHARES]
    trials = [
        {"cold_share": share, "recall": float(one.mean()) if len(one) else 0.0}
        for share, one in zip(COLD_SHARES, measured, strict=True)
    ]
    return COLD_SHARES[chosen_trial(trials, measured, "recall", leaning="cold_share")], trials


def _answers(
    bundle: Bundle, users: Sequence[int], truth: Mapping[int, RowVector], share: float, k: int
) -> npt.NDArray[np.float64]:
    """Return each user's recall@k with a share of the places kept for cold flits."""
    shelf = replace(bundle.shelf, cold_share=share)
    recalls = np.zeros(len(users))
    for place, user in enumerate(users):
        found = candidates_of(bundle.query_of(user), shelf, k)
        recalls[place] = np.isin(truth[user], found.rows).mean()
    return recalls
