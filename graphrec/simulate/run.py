"""Simulate a network from a seed: build the world, then let six hours pass at a time."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.history import DAY_S
from graphrec.simulate.ads import AdImpressions, Campaigns, draw_campaigns, show_ads, spam_actions
from graphrec.simulate.behaviour import EVENTS, Actions, Impressions, answer
from graphrec.simulate.config import SLOT_S, SimulationConfig
from graphrec.simulate.exposure import Exposure
from graphrec.simulate.feeds import PairSet, fill_feeds
from graphrec.simulate.summary import Shape, comparison, shape_of
from graphrec.simulate.tables import (
    Ids,
    ad_frame,
    advertiser_table,
    event_frame,
    flit_tables,
    follow_table,
    impression_frame,
    promotion_table,
    user_table,
    write_truth,
)
from graphrec.simulate.world import Flits, Users, draw_flits, draw_follows, draw_users, stage_rng
from graphrec.simulate.writer import TableWriter

_log = logging.getLogger(__name__)
_VIEW, _HIDE = EVENTS.index("view"), EVENTS.index("hide")


@dataclass(frozen=True)
class SimulationSummary:
    """What was written."""

    folder: Path
    rows: dict[str, int]
    """Rows of each table."""
    events: dict[str, int]
    """Rows of each kind of event."""
    shape: Shape
    """Gini, activity and density over all events."""

    def comparison(self) -> pl.DataFrame:
        """Return the shape beside MovieLens' and Deskdrop's, to print."""
        return comparison(self.shape)


def simulate(config: SimulationConfig, folder: Path) -> SimulationSummary:
    """Write a Flutter network and the truth behind it; the same config gives the same bytes.

    Args:
        config: Size, seed and behaviour.
        folder: Where the tables go; ``folder/truth`` gets the truth. Files of the same names are overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    users = draw_users(config)
    flits = draw_flits(config, users)
    follows = draw_follows(config, users, flits)
    campaigns = draw_campaigns(config, flits)
    ids = Ids.of(config)
    _log.info("drew %d users, %d flits, %d follows", len(users), len(flits), len(follows.follower))
    nodes = {
        "users": user_table(config, ids, users),
        "follows": follow_table(ids, follows),
        "advertisers": advertiser_table(ids, campaigns),
        "promotions": promotion_table(ids, campaigns),
    }
    for name, frame in nodes.items():
        frame.write_parquet(folder / f"{name}.parquet")
    pl.concat(flit_tables(config, ids, flits)).write_parquet(folder / "flits.parquet")
    write_truth(folder / "truth", config, ids, users, flits, campaigns)
    _log.info("wrote nodes, texts and images")
    exposure = Exposure(flits, follows, len(users), config.behaviour)
    rows = {name: len(frame) for name, frame in nodes.items()} | {"flits": len(flits)}
    return _summary(folder, rows | _write_log(folder, config, ids, users, flits, campaigns, exposure))


def _write_log(
    folder: Path,
    config: SimulationConfig,
    ids: Ids,
    users: Users,
    flits: Flits,
    campaigns: Campaigns,
    exposure: Exposure,
) -> dict[str, int]:
    """Write impressions, events, ad impressions and the truth of actions, slot by slot."""
    names = ("impressions", "events", "ad_impressions", "truth/actions")
    writers = {name: TableWriter(folder / f"{name}.parquet") for name in names}
    for shown, actions, ads in _slots(config, users, flits, campaigns, exposure):
        events = event_frame(ids, actions)
        writers["impressions"].add(impression_frame(ids, shown))
        writers["events"].add(events.drop("interest", "like_probability"))
        writers["truth/actions"].add(events.filter(pl.col("event") != "view"))
        writers["ad_impressions"].add(ad_frame(ids, campaigns, ads))
    for writer in writers.values():
        writer.close()
    return {name: writer.rows for name, writer in writers.items()}


def _slots(
    config: SimulationConfig, users: Users, flits: Flits, campaigns: Campaigns, exposure: Exposure
) -> Iterator[tuple[Impressions, Actions, AdImpressions]]:
    """Yield what happens in each slot, in order."""
    rng = stage_rng(config, 7)
    done = PairSet(len(flits))
    spam = spam_actions(config, users, campaigns)
    for slot in range(config.days * DAY_S // SLOT_S):
        sessions, shown = fill_feeds(rng, config, exposure, users, flits, slot, done)
        actions = answer(rng, config.behaviour, users, flits, sessions.week, shown)
        acted = actions.event != _VIEW
        done.add(actions.user[acted], actions.flit[acted])
        ads = show_ads(rng, config, users, flits, campaigns, sessions)
        yield shown, _with_spam(actions, spam, sessions.begin_s, sessions.begin_s + SLOT_S), ads


def _with_spam(actions: Actions, spam: Actions, begin_s: int, end_s: int) -> Actions:
    """Add the spam of one slot and sort by time."""
    some = slice(*np.searchsorted(spam.time_s, [begin_s, end_s]).tolist())
    user = np.concatenate([actions.user, spam.user[some]])
    flit = np.concatenate([actions.flit, spam.flit[some]])
    event = np.concatenate([actions.event, spam.event[some]])
    time_s = np.concatenate([actions.time_s, spam.time_s[some]])
    interest = np.concatenate([actions.interest, spam.interest[some]])
    probability = np.concatenate([actions.probability, spam.probability[some]])
    order = np.lexsort((event, flit, user, time_s))
    columns = (user, flit, event, time_s, interest, probability)
    return Actions(*(column[order] for column in columns))


def _summary(folder: Path, rows: dict[str, int]) -> SimulationSummary:
    events = pl.scan_parquet(folder / "events.parquet")
    counts = events.group_by("event").len().collect().sort("event")
    kinds = {str(event): int(count) for event, count in counts.iter_rows()}
    return SimulationSummary(folder, rows, kinds, shape_of(events, "user_id", "flit_id", name="simulated"))
