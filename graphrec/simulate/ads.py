"""Advertisers: campaigns with target topics, promoted flits, ad impressions and clicks; the spam wave."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, IntVector, RowVector
from graphrec.history import DAY_S
from graphrec.simulate.behaviour import EVENTS, Actions, interest_weight, match_logit, sigmoid
from graphrec.simulate.config import SimulationConfig
from graphrec.simulate.exposure import Draw, Grouping
from graphrec.simulate.feeds import STEP_S, Sessions
from graphrec.simulate.topics import LEAVES
from graphrec.simulate.world import Flits, Topics, Users, spam_wave_s, stage_rng

_AD_CHANCE = 0.5
_AD_POSITION = 4
_UNTARGETED = 0.2


@dataclass(frozen=True)
class Campaigns:
    """What advertisers want and promote."""

    targets: Topics
    """``[advertisers, 3]``: target topics, -1 for none."""
    created_s: IntVector
    advertiser: RowVector
    """Advertiser of each promotion; the three arrays below go with it."""
    flit: RowVector
    start_s: IntVector
    end_s: IntVector


@dataclass(frozen=True)
class AdImpressions:
    """Ads shown; all arrays ``[rows]``."""

    user: RowVector
    promotion: RowVector
    time_s: IntVector
    propensity: npt.NDArray[np.float64]
    clicked: BoolVector


def draw_campaigns(config: SimulationConfig, flits: Flits) -> Campaigns:
    """Draw one campaign of one to five weeks per advertiser, over three to eight flits of its target topics."""
    rng = stage_rng(config, 4)
    n = config.advertisers
    targets = np.full((n, 3), -1, dtype=np.int16)
    parts: list[tuple[RowVector, RowVector, int, int]] = []
    for row in range(n):
        wanted = rng.choice(len(LEAVES), size=int(rng.integers(1, 4)), replace=False)
        targets[row, : len(wanted)] = wanted
        begin = config.start_s + int(rng.uniform(0, config.days - 10) * DAY_S)
        if row == 0:
            begin = spam_wave_s(config)[0] - 2 * DAY_S
        length = int(rng.uniform(7, 35) * DAY_S)
        ready = np.flatnonzero(np.isin(flits.topic, wanted) & (flits.created_s < begin))
        if not len(ready):
            ready = np.flatnonzero(flits.created_s < begin)
        best = ready[np.argsort(-flits.created_s[ready], kind="stable")][:40]
        some = rng.permutation(best)[: int(rng.integers(3, 9))].astype(np.int32)
        parts.append((np.full(len(some), row, dtype=np.int32), some, begin, min(begin + length, config.end_s)))
    counts = [len(part[1]) for part in parts]
    start = np.repeat(np.array([part[2] for part in parts], dtype=np.int64), counts)
    end = np.repeat(np.array([part[3] for part in parts], dtype=np.int64), counts)
    created = config.start_s - (rng.uniform(5, 400, size=n) * DAY_S).astype(np.int64)
    advertiser = np.concatenate([part[0] for part in parts])
    return Campaigns(targets, created, advertiser, np.concatenate([part[1] for part in parts]), start, end)


def show_ads(
    rng: np.random.Generator,
    config: SimulationConfig,
    users: Users,
    flits: Flits,
    campaigns: Campaigns,
    sessions: Sessions,
) -> AdImpressions:
    """Show an ad in half of the sessions: four in five match one of the user's interests where one is running."""
    week, now_s = sessions.week, sessions.begin_s
    chosen = np.flatnonzero(rng.random(len(sessions.user)) < _AD_CHANCE)
    user, time_s = sessions.user[chosen], sessions.opened_s[chosen] + STEP_S * _AD_POSITION + STEP_S // 2
    running = ((campaigns.start_s <= now_s) & (campaigns.end_s > now_s)).astype(np.float64)
    topic = flits.topic[campaigns.flit]
    matched = Draw(Grouping(topic, len(LEAVES)), running)
    anything = Draw(Grouping(np.zeros(len(running), dtype=np.int64), 1), running)
    n = len(user)
    pick, uniform = rng.random(n), rng.random(n)
    steps = np.cumsum(users.weights[week, user], axis=1)
    slot = np.minimum((steps <= pick[:, None] * steps[:, -1:]).sum(axis=1), steps.shape[1] - 1)
    aimed = matched.sample(users.topics[week, user, slot].astype(np.int64), uniform)
    aimed[rng.random(n) < _UNTARGETED] = -2
    promotion = np.where(aimed == -2, anything.sample(np.zeros(n, dtype=np.int64), uniform), aimed)
    keep = promotion >= 0
    user, time_s, promotion = user[keep], time_s[keep], promotion[keep].astype(np.int32)
    shown_topic = topic[promotion]
    targeted = interest_weight(users, week, user, shown_topic) * matched.probability()[promotion]
    chance = (1 - _UNTARGETED) * targeted + _UNTARGETED * anything.probability()[promotion]
    logit = -3.4 + 0.6 * match_logit(config.behaviour, users, week, user, shown_topic)
    clicked = rng.random(len(user)) < sigmoid(logit + 0.3 * flits.quality[campaigns.flit[promotion]])
    return AdImpressions(user, promotion, time_s, _AD_CHANCE * chance, clicked)


def spam_actions(config: SimulationConfig, users: Users, campaigns: Campaigns) -> Actions:
    """Return the likes and shares of the spam accounts on the first advertiser's flits, sorted by time."""
    rng = stage_rng(config, 5)
    accounts = np.flatnonzero(users.spam).astype(np.int32)
    promoted = campaigns.flit[campaigns.advertiser == 0]
    user = np.repeat(accounts, len(promoted) * 2)
    flit = np.tile(np.repeat(promoted, 2), len(accounts))
    event = np.tile(np.array([EVENTS.index("like"), EVENTS.index("share")], dtype=np.int32), len(user) // 2)
    keep = rng.random(len(user)) < np.where(event == EVENTS.index("like"), 0.95, 0.6)
    begin, end = spam_wave_s(config)
    time_s = rng.integers(begin, end, size=len(user))
    rows = np.flatnonzero(keep)[np.argsort(time_s[keep], kind="stable")]
    none = np.full(len(rows), -1, dtype=np.int32)
    return Actions(user[rows], flit[rows], event[rows], time_s[rows], none, np.ones(len(rows), dtype=np.float32))
