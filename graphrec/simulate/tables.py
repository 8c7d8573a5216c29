"""The tables of a simulated network, as frames: what a platform would log, and the truth behind it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.history import DAY_S
from graphrec.simulate.ads import AdImpressions, Campaigns
from graphrec.simulate.behaviour import EVENTS, Actions, Impressions
from graphrec.simulate.config import SimulationConfig
from graphrec.simulate.images import flit_images
from graphrec.simulate.text import flit_texts
from graphrec.simulate.topics import COUNTRIES, LANGUAGES, LEAVES, PARENT_OF
from graphrec.simulate.world import Flits, Follows, Users, parent_of, stage_rng
from graphrec.simulate.writer import datetimes, name_ids

_FLIT_CHUNK = 20_000


@dataclass(frozen=True)
class Ids:
    """The ids of all rows of the three node types."""

    user: pl.Series
    flit: pl.Series
    advertiser: pl.Series

    @classmethod
    def of(cls, config: SimulationConfig) -> "Ids":
        """Return the ids that a network of this size has."""
        return cls(name_ids("bird", config.users), name_ids("flit", config.flits), name_ids("adv", config.advertisers))


def user_table(config: SimulationConfig, ids: Ids, users: Users) -> pl.DataFrame:
    """Return ``users.parquet``."""
    country = np.array([name for name, _, _ in COUNTRIES])[users.country]
    age = (config.end_s - users.created_s) / DAY_S
    columns = {"user_id": ids.user, "country": country, "age_days": age}
    return pl.DataFrame({**columns, "created_at": datetimes("created_at", users.created_s)})


def flit_tables(config: SimulationConfig, ids: Ids, flits: Flits) -> list[pl.DataFrame]:
    """Return ``flits.parquet`` in parts: texts and images are drawn row by row."""
    rng = stage_rng(config, 6)
    texts = flit_texts(rng, flits)
    images = flit_images(rng, flits.topic, rng.random(len(flits)) < config.image_share)
    frame = pl.DataFrame(
        {
            "flit_id": ids.flit,
            "author_id": ids.user.gather(flits.author),
            "text": pl.Series(texts, dtype=pl.String),
            "image": pl.Series(images, dtype=pl.Binary),
            "created_at": datetimes("created_at", flits.created_s),
            "language": np.array(LANGUAGES)[flits.language],
            "unsafe": flits.unsafe,
        }
    )
    return [frame[begin : begin + _FLIT_CHUNK] for begin in range(0, len(frame), _FLIT_CHUNK)]


def follow_table(ids: Ids, follows: Follows) -> pl.DataFrame:
    """Return ``follows.parquet``, by time."""
    order = np.lexsort((follows.followed, follows.follower, follows.time_s))
    follower, followed = ids.user.gather(follows.follower[order]), ids.user.gather(follows.followed[order])
    time = datetimes("timestamp", follows.time_s[order])
    return pl.DataFrame({"follower_id": follower, "followed_id": followed, "timestamp": time})


def advertiser_table(ids: Ids, campaigns: Campaigns) -> pl.DataFrame:
    """Return ``advertisers.parquet``: names speak of the first target topic."""
    kinds = ("Supply", "Studio", "Works", "& Co", "Outlet", "Collective", "Guild")
    first = campaigns.targets[:, 0].tolist()
    names = [f"{LEAVES[topic].name.title()} {kinds[row % len(kinds)]} {row}" for row, topic in enumerate(first)]
    columns = {"advertiser_id": ids.advertiser, "name": pl.Series(names, dtype=pl.String)}
    return pl.DataFrame({**columns, "created_at": datetimes("created_at", campaigns.created_s)})


def promotion_table(ids: Ids, campaigns: Campaigns) -> pl.DataFrame:
    """Return ``promotions.parquet``."""
    return pl.DataFrame(
        {
            "advertiser_id": ids.advertiser.gather(campaigns.advertiser),
            "flit_id": ids.flit.gather(campaigns.flit),
            "start": datetimes("start", campaigns.start_s),
            "end": datetimes("end", campaigns.end_s),
        }
    )


def impression_frame(ids: Ids, shown: Impressions) -> pl.DataFrame:
    """Return a part of ``impressions.parquet``."""
    return pl.DataFrame(
        {
            "user_id": ids.user.gather(shown.user),
            "flit_id": ids.flit.gather(shown.flit),
            "timestamp": datetimes("timestamp", shown.time_s),
            "position": shown.position,
            "propensity": shown.propensity,
        }
    )


def event_frame(ids: Ids, actions: Actions) -> pl.DataFrame:
    """Return a part of ``events.parquet`` with the two columns of truth at its end."""
    return pl.DataFrame(
        {
            "user_id": ids.user.gather(actions.user),
            "flit_id": ids.flit.gather(actions.flit),
            "event": pl.Series(np.array(EVENTS)[actions.event], dtype=pl.String),
            "timestamp": datetimes("timestamp", actions.time_s),
            "interest": actions.interest,
            "like_probability": actions.probability,
        }
    )


def ad_frame(ids: Ids, campaigns: Campaigns, ads: AdImpressions) -> pl.DataFrame:
    """Return a part of ``ad_impressions.parquet``."""
    return pl.DataFrame(
        {
            "user_id": ids.user.gather(ads.user),
            "flit_id": ids.flit.gather(campaigns.flit[ads.promotion]),
            "advertiser_id": ids.advertiser.gather(campaigns.advertiser[ads.promotion]),
            "timestamp": datetimes("timestamp", ads.time_s),
            "position": np.full(len(ads.user), 4, dtype=np.int32),
            "propensity": ads.propensity,
            "clicked": ads.clicked,
        }
    )


def write_truth(
    folder: Path, config: SimulationConfig, ids: Ids, users: Users, flits: Flits, campaigns: Campaigns
) -> None:
    """Write what is known before anybody acts: topics, interests by week, accounts, flits, targets, settings."""
    folder.mkdir(parents=True, exist_ok=True)
    parents = [leaf.parent for leaf in LEAVES]
    topics = {"topic": np.arange(len(LEAVES), dtype=np.int32), "name": [leaf.name for leaf in LEAVES]}
    pl.DataFrame({**topics, "parent": list(PARENT_OF), "parent_name": parents}).write_parquet(folder / "topics.parquet")
    _interest_table(ids, users).write_parquet(folder / "users.parquet")
    accounts = {"user_id": ids.user, "sessions_per_day": users.sessions_per_day, "generosity": users.generosity}
    pl.DataFrame({**accounts, "spam": users.spam}).write_parquet(folder / "accounts.parquet")
    flit_truth(ids, flits).write_parquet(folder / "flits.parquet")
    advertiser, slot = np.nonzero(campaigns.targets >= 0)
    targets = {"advertiser_id": ids.advertiser.gather(advertiser), "topic": campaigns.targets[advertiser, slot]}
    pl.DataFrame(targets).with_columns(pl.col("topic").cast(pl.Int32)).write_parquet(folder / "advertisers.parquet")
    (folder / "config.json").write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")


def flit_truth(ids: Ids, flits: Flits) -> pl.DataFrame:
    """Return ``truth/flits.parquet``."""
    styles = np.array(["normal", "vague", "chatter", "spam"])
    return pl.DataFrame(
        {
            "flit_id": ids.flit,
            "topic": flits.topic.astype(np.int32),
            "parent": parent_of(flits.topic),
            "quality": flits.quality,
            "hotness": flits.hotness,
            "lifetime_s": flits.lifetime_s,
            "released_at": datetimes("released_at", flits.released_s),
            "style": pl.Series(styles[flits.style], dtype=pl.String),
        }
    )


def _interest_table(ids: Ids, users: Users) -> pl.DataFrame:
    """Return ``truth/users.parquet``: one row per user, interest and week; ``day`` is the week's first day."""
    week, user, slot = np.nonzero((users.topics >= 0) & ~users.spam[None, :, None])
    return pl.DataFrame(
        {
            "user_id": ids.user.gather(user),
            "slot": slot.astype(np.int32),
            "topic": users.topics[week, user, slot].astype(np.int32),
            "day": (week * 7).astype(np.int32),
            "weight": users.weights[week, user, slot],
        }
    )
