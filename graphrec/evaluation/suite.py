"""The baselines that sit in every report, each tuned on the newest training actions."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphrec.arrays import FloatMatrix, IntVector
from graphrec.errors import ConfigError
from graphrec.evaluation.baselines import Random, popular, recent_popular
from graphrec.evaluation.interactions import Walks, ials
from graphrec.evaluation.nearest import NearestToAny, decayed_average, last_action
from graphrec.evaluation.recommender import Recommender
from graphrec.evaluation.tuning import Builder, Past, Tail, chosen, validation_tail

log = logging.getLogger(__name__)
HALF_LIVES_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 90.0)
NEWEST = (5, 20, 50)
DECAYS_PER_DAY = (0.0, 0.01, 0.03, 0.1)
ALS_GRID = tuple(
    {"alpha": alpha, "regularization": penalty} for alpha in (1.0, 3.0, 10.0, 40.0) for penalty in (1.0, 10.0, 100.0)
)
ALS_WIDTHS = (64, 32, 128)
WALK_GRID = tuple({"alpha": alpha, "beta": beta} for alpha in (0.7, 1.0) for beta in (0.0, 0.3, 0.6))


@dataclass(frozen=True, eq=False)
class Sources:
    """What baselines are built from.

    Attributes:
        past: The training side of the split.
        embedding: The model's flit embeddings, float32 ``[num_flits, dim]``, or ``None``.
        content: Flit features made of content alone, float32 ``[num_flits, dim]``, or ``None``.
        created_s: When each flit came to be, int64 ``[num_flits]``, or ``None``.
        k: Cut of the recall that settings are chosen by.
        seed: Root of chance.
    """

    past: Past
    embedding: FloatMatrix | None = None
    content: FloatMatrix | None = None
    created_s: IntVector | None = None
    k: int = 50
    seed: int = 0


def build_baselines(names: Sequence[str], sources: Sources) -> dict[str, Recommender]:
    """Build baselines by name, tuned where they have settings.

    On undated actions those that need time (``recent_popular``, ``last_action``) are left out, and the log says so.

    Args:
        names: Any of :data:`BASELINES`.
        sources: What they are built from.

    Raises:
        ConfigError: If a name is unknown, or needs an embedding or content that is not there.
    """
    unknown = sorted(set(names) - set(BASELINES))
    if unknown:
        raise ConfigError(f"evaluation.baselines must be of {list(BASELINES)} (got {unknown})")
    dated = sources.past.history.time_s is not None and sources.past.as_of_s is not None
    skipped = [name for name in names if name in _DATED and not dated]
    if skipped:
        log.warning("actions are undated: left out the baselines %s", ", ".join(skipped))
    tail = validation_tail(sources.past, created_s=sources.created_s, seed=sources.seed)
    return {name: BASELINES[name](sources, tail) for name in names if name not in skipped}


def _random(sources: Sources, tail: Tail) -> Recommender:
    return Random(sources.past.history, sources.past.available, sources.seed)


def _popular(sources: Sources, tail: Tail) -> Recommender:
    return popular(sources.past.history, sources.past.available)


def _recent_popular(sources: Sources, tail: Tail) -> Recommender:
    def build(days: float, past: Past) -> Recommender:
        as_of_s = past.as_of_s if past.as_of_s is not None else 0
        return recent_popular(past.history, past.available, as_of_s=as_of_s, half_life_days=days)

    return _chosen({days: partial(build, days) for days in HALF_LIVES_DAYS}, sources, tail)


def _last_action(sources: Sources, tail: Tail) -> Recommender:
    return last_action(sources.past.history, sources.past.available, _vectors(sources.embedding, "last_action"))


def _decayed_average(sources: Sources, tail: Tail) -> Recommender:
    past, vectors = sources.past, _vectors(sources.embedding, "decayed_average")
    return decayed_average(past.history, past.available, vectors, as_of_s=past.as_of_s)


def _content_knn(sources: Sources, tail: Tail) -> Recommender:
    """Choose between the decayed mean and the nearest of the newest actions."""
    vectors = _vectors(sources.content, "content_knn")

    def mean(decay: float, past: Past) -> Recommender:
        return decayed_average(past.history, past.available, vectors, as_of_s=past.as_of_s, decay_per_day=decay)

    def nearest(newest: int, past: Past) -> Recommender:
        return NearestToAny(past.history, past.available, vectors, newest)

    builders: dict[str, Builder] = {f"mean, decay {decay}": partial(mean, decay) for decay in DECAYS_PER_DAY}
    builders |= {f"any of {newest}": partial(nearest, newest) for newest in NEWEST}
    return _chosen(builders, sources, tail)


def _als(sources: Sources, tail: Tail) -> Recommender:
    """Choose confidence and penalty at the first width, then the width."""

    def build(width: int, setting: Mapping[str, Any], past: Past) -> Recommender:
        return ials(past.history, past.available, factors=width, seed=sources.seed, **setting)

    grid = {number: partial(build, ALS_WIDTHS[0], one) for number, one in enumerate(ALS_GRID)}
    setting = ALS_GRID[chosen(grid, tail, k=sources.k)]
    return _chosen({width: partial(build, width, setting) for width in ALS_WIDTHS}, sources, tail)


def _walks(sources: Sources, tail: Tail) -> Recommender:
    def build(setting: Mapping[str, Any], past: Past) -> Recommender:
        return Walks(past.history, past.available, **setting)

    return _chosen({str(one): partial(build, one) for one in WALK_GRID}, sources, tail)


def _chosen(builders: Mapping[Any, Builder], sources: Sources, tail: Tail) -> Recommender:
    return builders[chosen(builders, tail, k=sources.k)](sources.past)


def _vectors(vectors: FloatMatrix | None, name: str) -> FloatMatrix:
    if vectors is None:
        raise ConfigError(f"evaluation.baselines {name!r} must be given vectors (got none); leave it out of the list")
    return vectors


BASELINES: Mapping[str, Callable[[Sources, Tail], Recommender]] = {
    "random": _random,
    "popular": _popular,
    "recent_popular": _recent_popular,
    "last_action": _last_action,
    "decayed_average": _decayed_average,
    "content_knn": _content_knn,
    "als": _als,
    "walks": _walks,
}
"""Name in the config to builder."""
_DATED = frozenset({"recent_popular", "last_action"})
