"""Baselines by who did what, tuned on the newest training actions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from graphrec.evaluation.by_nearness import choose
from graphrec.evaluation.collaborative import ItemNeighbours
from graphrec.evaluation.collaborative import bpr as pairwise_ranking
from graphrec.evaluation.collaborative import lightgcn as propagated
from graphrec.evaluation.collaborative import svd as spectral
from graphrec.evaluation.interactions import Walks, ials
from graphrec.evaluation.recommender import Recommender
from graphrec.evaluation.sources import Sources
from graphrec.evaluation.tuning import Past, Tail, chosen
from graphrec.models.config.lightgcn import LightGCNConfig

WIDTHS = (64, 32, 128)
ALS_GRID = tuple(
    {"alpha": alpha, "regularization": penalty} for alpha in (1.0, 3.0, 10.0, 40.0) for penalty in (1.0, 10.0, 100.0)
)
WALK_GRID = tuple({"alpha": alpha, "beta": beta} for alpha in (0.7, 1.0) for beta in (0.0, 0.3, 0.6))
BPR_GRID = tuple(
    {"learning_rate": rate, "regularization": penalty} for rate in (0.01, 0.05) for penalty in (0.003, 0.03)
)
NEIGHBOURS = (50, 200)
TEMPERATURES = (0.1, 0.15, 0.25)


def als(sources: Sources, tail: Tail) -> Recommender:
    """Choose confidence and penalty at the first width, then the width."""

    def build(width: int, setting: Mapping[str, Any], past: Past) -> Recommender:
        return ials(past.history, past.available, factors=width, seed=sources.seed, **setting)

    grid = {number: partial(build, WIDTHS[0], one) for number, one in enumerate(ALS_GRID)}
    setting = ALS_GRID[chosen(grid, tail, k=sources.k)]
    return choose({width: partial(build, width, setting) for width in WIDTHS}, sources, tail)


def walks(sources: Sources, tail: Tail) -> Recommender:
    """Choose how much degrees count."""

    def build(setting: Mapping[str, Any], past: Past) -> Recommender:
        return Walks(past.history, past.available, **setting)

    return choose({str(one): partial(build, one) for one in WALK_GRID}, sources, tail)


def bpr(sources: Sources, tail: Tail) -> Recommender:
    """Choose rate and penalty."""

    def build(setting: Mapping[str, Any], past: Past) -> Recommender:
        return pairwise_ranking(past.history, past.available, seed=sources.seed, **setting)

    return choose({str(one): partial(build, one) for one in BPR_GRID}, sources, tail)


def item_knn(sources: Sources, tail: Tail) -> Recommender:
    """Choose the number of neighbours."""

    def build(neighbours: int, past: Past) -> Recommender:
        return ItemNeighbours(past.history, past.available, neighbours=neighbours)

    return choose({number: partial(build, number) for number in NEIGHBOURS}, sources, tail)


def svd(sources: Sources, tail: Tail) -> Recommender:
    """Choose the width."""

    def build(width: int, past: Past) -> Recommender:
        return spectral(past.history, past.available, factors=width, seed=sources.seed)

    return choose({width: partial(build, width) for width in WIDTHS}, sources, tail)


def lightgcn(sources: Sources, tail: Tail) -> Recommender:
    """Choose the temperature."""

    def build(temperature: float, past: Past) -> Recommender:
        config = LightGCNConfig(temperature=temperature, seed=sources.seed)
        return propagated(past.history, past.available, config)

    return choose({one: partial(build, one) for one in TEMPERATURES}, sources, tail)
