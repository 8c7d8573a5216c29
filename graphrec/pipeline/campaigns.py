"""Tables to the promoted flits that retrieval may blend in."""

import polars as pl

from graphrec.errors import ConfigError
from graphrec.graph.split import action_types
from graphrec.interests import InterestConfig
from graphrec.retrieval.ads import EVER, AdRules, Campaigns
from graphrec.retrieval.config import AdConfig
from graphrec.tables.clean import Edges, Tables


def campaigns_of(tables: Tables, config: AdConfig | None, interests: InterestConfig) -> Campaigns | None:
    """Return what is promoted, by whom and when; ``None`` where the config names no ads.

    Args:
        tables: Tables up to "now".
        config: The relation and the rules.
        interests: With a number for ``merge_cosine``, the floor of an ad's relevance where it is ``auto``.

    Raises:
        ConfigError: If no such relation leads from another type to the flits.
    """
    if config is None:
        return None
    edges = _promotions(tables, config.relation)
    floor = interests.merge_cosine if isinstance(config.min_similarity, str) else config.min_similarity
    assert not isinstance(floor, str), "interests are resolved"
    frame = edges.frame.sort("target_row", "source_row")
    begin, end = (
        frame[name] if name in frame.columns else pl.Series([None] * frame.height, dtype=pl.Int64)
        for name in ("start_s", "end_s")
    )
    return Campaigns(
        frame["source_row"].to_numpy(),
        frame["target_row"].to_numpy(),
        begin.fill_null(-EVER).to_numpy(),
        end.fill_null(EVER).to_numpy(),
        AdRules(edges.config.source, config.every, floor, config.cap),
    )


def _promotions(tables: Tables, relation: str) -> Edges:
    """Return the edges that promote flits."""
    user_type, flit_type = action_types(tables)
    to_flits = [one for one in tables.edges if one.config.target == flit_type and one.config.source != user_type]
    known = {one.config.relation: one for one in to_flits}
    if relation not in known:
        raise ConfigError(
            f"retrieval.ads.relation must lead to {flit_type} from a type other than {user_type} (got {relation!r}, "
            f"have {', '.join(known) or 'none'})"
        )
    return known[relation]
