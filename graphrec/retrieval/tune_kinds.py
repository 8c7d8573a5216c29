"""What popularity is worth among the nodes of each other kind, chosen on the validation window."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from graphrec.arrays import RowVector
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import candidates_of
from graphrec.retrieval.tune import MAX_USERS, PRIOR_WEIGHTS, chosen_trial

K = 20


def tune_kinds(
    bundle: Bundle, truth: Mapping[str, Mapping[int, RowVector]]
) -> tuple[dict[str, float], list[dict[str, float | str]]]:
    """Choose each kind's prior weight by the recall@20 of held-out links, the smaller weight where alike.

    Args:
        bundle: Bundle of the past, with its kinds.
        truth: Kind to user row to the nodes he was linked to later, int32.

    Returns:
        The weight of each kind, that of the flits where no link is held out; and one entry per weight tried.
    """
    chosen: dict[str, float] = {}
    every: list[dict[str, float | str]] = []
    for name in bundle.kinds:
        held = truth.get(name, {})
        if not held:
            chosen[name] = bundle.settings.weights.prior
            continue
        measured = [link_recalls(bundle, name, held, weight) for weight in PRIOR_WEIGHTS]
        trials = [
            {"prior": weight, "recall": float(one.mean())} for weight, one in zip(PRIOR_WEIGHTS, measured, strict=True)
        ]
        chosen[name] = PRIOR_WEIGHTS[chosen_trial(trials, measured, "recall", leaning="prior")]
        every += [{"kind": name, **trial} for trial in trials]
    return chosen, every


def link_recalls(
    bundle: Bundle, kind: str, held: Mapping[int, RowVector], prior_weight: float, k: int = K
) -> npt.NDArray[np.float64]:
    """Return each user's recall@k of held-out links, float64 ``[users]``, for the first :data:`MAX_USERS`."""
    kinds = {**bundle.kinds, kind: replace(bundle.kinds[kind], prior_weight=prior_weight)}
    asked = replace(bundle, kinds=kinds)
    users = sorted(held)[:MAX_USERS]
    recalls = np.zeros(len(users))
    for place, user in enumerate(users):
        medoids, importance, _ = asked.settings.served(asked.interests.of(user), user)
        found = candidates_of(asked.query_nodes(kind, medoids, importance, user), asked.shelf_of(kind), k)
        recalls[place] = np.isin(held[user], found.rows).mean()
    return recalls
