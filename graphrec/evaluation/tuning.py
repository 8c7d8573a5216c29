"""Choosing a baseline's settings on the newest training actions, so that no baseline is a straw man."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from graphrec import metrics
from graphrec.arrays import BoolVector, IntVector
from graphrec.errors import ConfigError
from graphrec.evaluation.held import Held
from graphrec.evaluation.recommender import Recommender
from graphrec.history import History

log = logging.getLogger(__name__)
Name = TypeVar("Name")


@dataclass(frozen=True, eq=False)
class Past:
    """What a recommender may be built from.

    Attributes:
        history: Training actions.
        available: Flits that exist, bool ``[num_flits]``.
        as_of_s: "Now"; ``None`` where actions are undated.
    """

    history: History
    available: BoolVector
    as_of_s: int | None


@dataclass(frozen=True, eq=False)
class Tail:
    """The past cut once more: what came before the tail, and the tail as truth."""

    past: Past
    held: Held


Builder = Callable[[Past], Recommender]
"""Builds a recommender from a past."""


def validation_tail(past: Past, *, share: float = 0.1, created_s: IntVector | None = None, seed: int = 0) -> Tail:
    """Cut the newest actions off a past to tune on.

    Dated actions are cut at one instant for everybody. Of undated ones each is held out by chance.

    Args:
        past: What the baselines will be built from in the end.
        share: Share of the actions that the tail takes, about.
        created_s: When each flit came to be, int64 ``[num_flits]``: later ones do not exist before the tail.
        seed: Root of the choice where actions are undated.

    Raises:
        ConfigError: If ``share`` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ConfigError(f"validation_tail.share must be between 0 and 1 (got {share})")
    history, cut_s, available = past.history, None, past.available
    if history.time_s is not None and past.as_of_s is not None:
        cut_s = int(np.quantile(history.time_s, 1 - share, method="higher")) if history.num_actions else past.as_of_s
        before = np.asarray(history.time_s) < cut_s
        available = available if created_s is None else available & (created_s < cut_s)
    else:
        before = np.random.Generator(np.random.PCG64(seed)).random(history.num_actions) >= share
    earlier = history.where(before)
    held = Held.from_edges(history.users[~before], history.rows[~before], earlier, available, cut_s)
    return Tail(Past(earlier, available, cut_s), held)


def mean_recall(recommender: Recommender, held: Held, k: int, max_users: int = 2000) -> float:
    """Return recall@k over (at most ``max_users``, evenly picked) users of ``held``; 0 where nothing is held out."""
    if not len(held.users):
        return 0.0
    places = np.linspace(0, len(held.users) - 1, min(max_users, len(held.users))).round().astype(np.int64)
    picked = np.zeros(len(held.sizes), dtype=np.bool_)
    picked[held.users[places]] = True
    part = held.only_users(picked)
    hits = metrics.find_hits(recommender.recommend(part.users, k), *part.lists())
    return float(metrics.recall(hits, part.sizes[part.users], k).mean())


def chosen(builders: Mapping[Name, Builder], tail: Tail, *, k: int = 50) -> Name:
    """Return the name of the recommender with the best recall@k on the tail; of equally good ones the first.

    Args:
        builders: By name; each is built from the past before the tail.
        tail: What the choice is made on.
        k: Cut of the recall that decides.

    Raises:
        ConfigError: If there is nothing to choose from.
    """
    if not builders:
        raise ConfigError("chosen.builders must hold at least one builder (got none)")
    recalls = {name: mean_recall(build(tail.past), tail.held, k) for name, build in builders.items()}
    best = max(recalls, key=recalls.__getitem__)
    log.info("chose %s by recall@%d on the validation tail: %s", best, k, recalls)
    return best
