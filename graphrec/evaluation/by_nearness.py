"""Baselines by popularity and by nearness, tuned on the newest training actions."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, TypeVar

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError
from graphrec.evaluation.baselines import Random
from graphrec.evaluation.baselines import popular as by_actions
from graphrec.evaluation.baselines import recent_popular as by_recent_actions
from graphrec.evaluation.item2vec import item2vec as skip_gram
from graphrec.evaluation.nearest import NearestToAny
from graphrec.evaluation.nearest import decayed_average as nearest_to_mean
from graphrec.evaluation.nearest import last_action as nearest_to_last
from graphrec.evaluation.recommender import Recommender
from graphrec.evaluation.sources import Sources
from graphrec.evaluation.tuning import Builder, Past, Tail, chosen
from graphrec.evaluation.words import lda_vectors, lsa_vectors

HALF_LIVES_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 90.0)
NEWEST = (5, 20, 50)
DECAYS_PER_DAY = (0.0, 0.01, 0.03, 0.1)
T = TypeVar("T")
Embed = Callable[[Past], FloatMatrix]
"""A past to one vector per flit, float32 ``[num_flits, dim]``."""


def random(sources: Sources, tail: Tail) -> Recommender:
    """Return flits drawn alike."""
    return Random(sources.past.history, sources.past.available, sources.seed)


def popular(sources: Sources, tail: Tail) -> Recommender:
    """Return flits with most actions."""
    return by_actions(sources.past.history, sources.past.available)


def recent_popular(sources: Sources, tail: Tail) -> Recommender:
    """Return flits with most actions of late, the half-life chosen."""

    def build(days: float, past: Past) -> Recommender:
        as_of_s = past.as_of_s if past.as_of_s is not None else 0
        return by_recent_actions(past.history, past.available, as_of_s=as_of_s, half_life_days=days)

    return choose({days: partial(build, days) for days in HALF_LIVES_DAYS}, sources, tail)


def last_action(sources: Sources, tail: Tail) -> Recommender:
    """Return what the model puts nearest to the newest action."""
    vectors = _given(sources.embedding, "last_action", "vectors")
    return nearest_to_last(sources.past.history, sources.past.available, vectors)


def decayed_average(sources: Sources, tail: Tail) -> Recommender:
    """Return what the model puts nearest to the decayed mean of the actions."""
    past, vectors = sources.past, _given(sources.embedding, "decayed_average", "vectors")
    return nearest_to_mean(past.history, past.available, vectors, as_of_s=past.as_of_s)


def content_knn(sources: Sources, tail: Tail) -> Recommender:
    """Return what lies nearest by content alone."""
    vectors = _given(sources.content, "content_knn", "vectors")
    return profiled(lambda past: vectors, sources, tail)


def lsa(sources: Sources, tail: Tail) -> Recommender:
    """Return what lies nearest by TF-IDF and SVD of the texts."""
    texts = _given(sources.texts, "lsa", "texts")
    return profiled(lambda past: lsa_vectors(texts, past.available), sources, tail)


def lda(sources: Sources, tail: Tail) -> Recommender:
    """Return what lies nearest by topics of the texts."""
    texts = _given(sources.texts, "lda", "texts")
    return profiled(lambda past: lda_vectors(texts, past.available, seed=sources.seed), sources, tail)


def item2vec(sources: Sources, tail: Tail) -> Recommender:
    """Return what stands nearest in users' histories."""
    return profiled(lambda past: skip_gram(past.history, len(past.available), seed=sources.seed), sources, tail)


def profiled(embed: Embed, sources: Sources, tail: Tail) -> Recommender:
    """Choose between the decayed mean and the nearest of the newest actions, over some embedding.

    Args:
        embed: Makes the vectors; called once for each past.
        sources: What is known.
        tail: What the choice is made on.
    """
    vectors = cache(embed)

    def mean(decay: float, past: Past) -> Recommender:
        return nearest_to_mean(past.history, past.available, vectors(past), as_of_s=past.as_of_s, decay_per_day=decay)

    def nearest(newest: int, past: Past) -> Recommender:
        return NearestToAny(past.history, past.available, vectors(past), newest)

    builders: dict[str, Builder] = {f"mean, decay {decay}": partial(mean, decay) for decay in DECAYS_PER_DAY}
    builders |= {f"any of {newest}": partial(nearest, newest) for newest in NEWEST}
    return choose(builders, sources, tail)


def choose(builders: Mapping[Any, Builder], sources: Sources, tail: Tail) -> Recommender:
    """Build the one that does best on the tail."""
    return builders[chosen(builders, tail, k=sources.k)](sources.past)


def _given(value: T | None, name: str, what: str) -> T:
    if value is None:
        raise ConfigError(f"evaluation.baselines {name!r} must be given {what} (got none); leave it out of the list")
    return value
