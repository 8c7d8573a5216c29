"""The baselines that sit in every report, each tuned on the newest training actions."""

import logging
from collections.abc import Callable, Mapping, Sequence

from graphrec.errors import ConfigError
from graphrec.evaluation import by_actions, by_nearness
from graphrec.evaluation.recommender import Recommender
from graphrec.evaluation.sources import Sources
from graphrec.evaluation.tuning import Tail, validation_tail

log = logging.getLogger(__name__)
BASELINES: Mapping[str, Callable[[Sources, Tail], Recommender]] = {
    "random": by_nearness.random,
    "popular": by_nearness.popular,
    "recent_popular": by_nearness.recent_popular,
    "last_action": by_nearness.last_action,
    "decayed_average": by_nearness.decayed_average,
    "content_knn": by_nearness.content_knn,
    "lsa": by_nearness.lsa,
    "lda": by_nearness.lda,
    "item2vec": by_nearness.item2vec,
    "item_knn": by_actions.item_knn,
    "als": by_actions.als,
    "bpr": by_actions.bpr,
    "svd": by_actions.svd,
    "lightgcn": by_actions.lightgcn,
    "walks": by_actions.walks,
}
"""Name in the config to builder."""
_DATED = frozenset({"recent_popular", "last_action"})


def build_baselines(names: Sequence[str], sources: Sources) -> dict[str, Recommender]:
    """Build baselines by name, tuned where they have settings.

    On undated actions those that need time (``recent_popular``, ``last_action``) are left out, and the log says so.

    Args:
        names: Any of :data:`BASELINES`.
        sources: What they are built from.

    Raises:
        ConfigError: If a name is unknown, or needs an embedding, content or texts that are not there.
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
