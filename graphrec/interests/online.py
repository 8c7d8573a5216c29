"""Between two versions: a user's newest actions folded into the interests that were clustered before them."""

import numpy as np

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError
from graphrec.history import DAY_S, Actions
from graphrec.interests.config import InterestConfig
from graphrec.interests.interests import UserInterests

NEWEST = 20
"""Newest actions that are folded in; older ones wait for the next version."""
LEAST = np.finfo(np.float32).tiny
"""What is left of an interest at least: shares of nothing would be no numbers."""


def fold(
    known: UserInterests,
    newest: Actions,
    embeddings: FloatMatrix,
    config: InterestConfig,
    *,
    as_of_s: int | None,
    now_s: int | None,
    most: int = NEWEST,
) -> UserInterests:
    """Return a user's interests with his newest actions in them.

    Each action, oldest first, goes to the interest whose medoid lies nearest, if it lies within the cut of the
    clusters; otherwise it opens an interest of its own, with its flit as medoid. Medoids of before stay, so what is
    kept is bounded: the interests of the version and at most ``most`` actions. The next version clusters all anew.

    Args:
        known: Interests at ``as_of_s``.
        newest: Actions since then, oldest first; the last ``most`` count.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``.
        config: With a number for ``merge_cosine``.
        as_of_s: "Now" of the known importance; ``None`` for undated data, which does not age.
        now_s: "Now" of the answer.
        most: How many actions count.

    Raises:
        ConfigError: If ``merge_cosine`` is not resolved.
    """
    if isinstance(config.merge_cosine, str):
        raise ConfigError("InterestConfig.merge_cosine must be a number to fold (got 'auto'); resolve it first")
    medoids, importance = list(known.medoid), list(np.maximum(known.importance * aged(config, as_of_s, now_s), LEAST))
    sizes = list(known.size)
    times = newest.time_s if newest.time_s is not None else [None] * len(newest.rows)
    for row, at_s, weight in list(zip(newest.rows, times, newest.weight, strict=True))[-most:]:
        worth = weight * aged(config, None if at_s is None else int(at_s), now_s)
        cosine = embeddings[medoids] @ embeddings[row] if medoids else np.zeros(0, np.float32)
        place = int(cosine.argmax()) if len(cosine) else -1
        if place >= 0 and cosine[place] >= config.merge_cosine:
            importance[place] += worth
            sizes[place] += 1
        else:
            medoids.append(row)
            importance.append(worth)
            sizes.append(1)
    order = np.lexsort((medoids, -np.asarray(importance, dtype=np.float32)))
    return UserInterests(
        np.asarray(medoids, dtype=np.int32)[order],
        np.asarray(importance, dtype=np.float32)[order],
        np.asarray(sizes, dtype=np.int32)[order],
    )


def aged(config: InterestConfig, at_s: int | None, now_s: int | None) -> np.float32:
    """Return what is left at ``now_s`` of a weight of ``at_s``."""
    if at_s is None or now_s is None:
        return np.float32(1)
    return np.float32(np.exp(-config.decay_per_day * max(now_s - at_s, 0) / DAY_S))
