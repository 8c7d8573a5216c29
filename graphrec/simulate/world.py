"""Who and what exists before anybody acts: users with planted interests, flits, follows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, IntVector, RowVector
from graphrec.history import DAY_S
from graphrec.simulate.config import SimulationConfig
from graphrec.simulate.topics import COUNTRIES, LEAVES, PARENT_OF

MAX_INTERESTS = 6
_INTEREST_COUNTS = (0.05, 0.13, 0.21, 0.25, 0.21, 0.15)
_SIBLING_CHANCE = 0.44
_LIFETIME_SPREAD = 1.5
"""Standard deviation of the log of flits' lifetimes: some die in days, some are evergreen."""
_LATE_SHARE = 0.6
"""Share of flits that feeds pick up only days or weeks after they were posted."""
NORMAL, VAGUE, CHATTER, SPAM = 0, 1, 2, 3

Topics = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Users:
    """All accounts, by row; the last ones are the spam accounts."""

    created_s: IntVector
    country: RowVector
    sessions_per_day: FloatVector
    generosity: FloatVector
    """Logit that the user adds to every like."""
    spam: BoolVector
    topics: Topics
    """``[weeks, users, 6]``: leaf topic of each interest, -1 for none."""
    weights: FloatMatrix
    """``[weeks, users, 6]``: weight of each interest; a user's weights sum to one."""

    def __len__(self) -> int:
        return len(self.created_s)


@dataclass(frozen=True)
class Flits:
    """All flits, by row, in the order in which they were posted."""

    topic: Topics
    author: RowVector
    created_s: IntVector
    released_s: IntVector
    """When feeds may first show the flit."""
    quality: FloatVector
    hotness: FloatVector
    lifetime_s: FloatVector
    language: RowVector
    unsafe: BoolVector
    style: RowVector

    def __len__(self) -> int:
        return len(self.topic)


@dataclass(frozen=True)
class Follows:
    """Who follows whom, sorted by follower, then time."""

    follower: RowVector
    followed: RowVector
    time_s: IntVector


def stage_rng(config: SimulationConfig, stage: int) -> np.random.Generator:
    """Return the generator of one stage: stages do not disturb each other's draws."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([config.seed, stage])))


def topic_popularity() -> npt.NDArray[np.float64]:
    """Return the share of each leaf topic, mildly skewed; the parents' order is mixed by a stride."""
    rank = (np.arange(len(LEAVES)) * 29) % len(LEAVES)
    weight = (rank + 12.0) ** -0.7
    share: npt.NDArray[np.float64] = weight / weight.sum()
    return share


def _draw_topic(rng: np.random.Generator, size: int) -> Topics:
    return rng.choice(len(LEAVES), size=size, p=topic_popularity()).astype(np.int16)


def _sibling(rng: np.random.Generator, topic: Topics) -> Topics:
    """Return another leaf of the same parent (leaves stand parent by parent, four each)."""
    step = rng.integers(1, 4, size=len(topic))
    return ((topic // 4) * 4 + (topic % 4 + step) % 4).astype(np.int16)


def _another_topic(rng: np.random.Generator, held: Topics) -> Topics:
    """Return for each row of ``held`` (``[users, n]``) a topic it does not hold, often a sibling of its first."""
    users = len(held)
    out = np.full(users, -1, dtype=np.int16)
    todo = np.arange(users)
    near = rng.random(users) < _SIBLING_CHANCE
    for attempt in range(40):
        base = held[todo, 0]
        use_sibling = near[todo] & (attempt < 4)
        drawn = np.where(use_sibling, _sibling(rng, base), _draw_topic(rng, len(todo)))
        out[todo] = drawn
        todo = todo[(held[todo] == drawn[:, None]).any(axis=1)]
        if not len(todo):
            break
    return out


def _draw_interests(rng: np.random.Generator, users: int, weeks: int) -> tuple[Topics, FloatMatrix]:
    """Draw each user's interests and let their weights walk from week to week."""
    count = rng.choice(np.arange(1, MAX_INTERESTS + 1), size=users, p=_INTEREST_COUNTS)
    first = np.full((users, MAX_INTERESTS), -1, dtype=np.int16)
    first[:, 0] = _draw_topic(rng, users)
    for slot in range(1, MAX_INTERESTS):
        some = count > slot
        first[some, slot] = _another_topic(rng, first[some, :slot])
    topics = np.repeat(first[None], weeks, axis=0)
    changing = np.flatnonzero(rng.random(users) < 0.25)
    slot_of = (rng.random(len(changing)) * count[changing]).astype(np.int64)
    fresh = _another_topic(rng, first[changing])
    since = rng.integers(min(2, weeks - 1), weeks, size=len(changing))
    for week in range(weeks):
        now = since <= week
        topics[week, changing[now], slot_of[now]] = fresh[now]
    logits = np.log(rng.gamma(5.0, size=(users, MAX_INTERESTS)) + 0.05)
    steps = rng.normal(0.0, 0.22, size=(weeks, users, MAX_INTERESTS))
    raised = np.exp(logits[None] + np.cumsum(steps, axis=0)) * (topics >= 0)
    weights = raised / raised.sum(axis=2, keepdims=True)
    return topics, weights.astype(np.float32)


def draw_users(config: SimulationConfig) -> Users:
    """Draw the accounts; one fifth joins shortly before or during the window."""
    rng = stage_rng(config, 1)
    n = config.users
    age_days = rng.gamma(1.6, 400.0, size=n) + config.stock_days
    created = config.start_s - (age_days * DAY_S).astype(np.int64)
    late = rng.random(n) < 0.2
    joined_day = rng.uniform(-config.stock_days, config.days * 0.9, size=n)
    created[late] = config.start_s + (joined_day[late] * DAY_S).astype(np.int64)
    spam = np.zeros(n, dtype=np.bool_)
    spam[n - min(config.spam_accounts, n // 10) :] = True
    created[spam] = spam_wave_s(config)[0] - rng.integers(1, 2 * DAY_S, size=int(spam.sum()))
    activity = rng.lognormal(0.0, 1.05, size=n)
    per_day = activity / activity.mean() * config.sessions_per_user / config.days
    per_day[spam] = 0.0
    topics, weights = _draw_interests(rng, n, config.weeks)
    country = rng.choice(len(COUNTRIES), size=n, p=[share for _, share, _ in COUNTRIES]).astype(np.int32)
    generosity = rng.normal(0.0, 0.4, size=n).astype(np.float32)
    return Users(created, country, per_day.astype(np.float32), generosity, spam, topics, weights)


def spam_wave_s(config: SimulationConfig) -> tuple[int, int]:
    """Return begin and end of the spam wave: three days at two thirds of the window."""
    begin = config.start_s + int(config.days * 2 / 3) * DAY_S
    return begin, begin + 3 * DAY_S


def _post_times(rng: np.random.Generator, config: SimulationConfig) -> tuple[IntVector, int]:
    """Return the sorted posting times and how many of the newest will never be shown."""
    n = config.flits
    unshown = round(n * config.unshown_share)
    stock = round(n * config.stock_share)
    before = rng.uniform(-config.stock_days, 0, size=stock)
    within = rng.uniform(0, config.days, size=n - stock - unshown)
    last = rng.uniform(config.days - 2.5, config.days, size=unshown)
    day = np.concatenate([before, within, last])
    times = config.start_s + (day * DAY_S).astype(np.int64)
    return np.minimum(times, config.end_s - 1), unshown


def _authors(rng: np.random.Generator, users: Users, topic: Topics) -> RowVector:
    """Choose for each flit an author who holds its topic; few authors write most flits."""
    productive = (rng.pareto(1.1, size=len(users)) + 0.02) * (rng.random(len(users)) < 0.5)
    productive[users.spam | (users.created_s > users.created_s[~users.spam].max() - 1)] = 0.0
    settled = users.created_s <= np.quantile(users.created_s[~users.spam], 0.75)
    productive = np.where(settled, productive + 1e-9, 0.0)
    author = np.empty(len(topic), dtype=np.int32)
    for leaf in range(len(LEAVES)):
        wanted = np.flatnonzero(topic == leaf)
        holds = (users.topics[0] == leaf).any(axis=1)
        weight = productive * np.where(holds, 1.0, 0.002)
        author[wanted] = rng.choice(len(users), size=len(wanted), p=weight / weight.sum())
    return author


def draw_flits(config: SimulationConfig, users: Users) -> Flits:
    """Draw the flits: topic, author, times, quality and the Zipf law of their exposure."""
    rng = stage_rng(config, 2)
    n = config.flits
    times, unshown = _post_times(rng, config)
    topic = _draw_topic(rng, n)
    quality = rng.normal(size=n).astype(np.float32)
    rank = np.empty(n)
    rank[np.argsort(-(0.6 * quality + rng.normal(0.0, 0.8, size=n)), kind="stable")] = np.arange(1, n + 1)
    hotness = (rank / n) ** -config.behaviour.zipf
    late = np.where(rng.random(n) < _LATE_SHARE, rng.uniform(2.0, 28.0, size=n), 0.0)
    delay = rng.exponential(0.15, size=n) + late
    released = times + (delay * DAY_S).astype(np.int64)
    released[n - unshown :] = config.end_s
    lifetime = config.behaviour.lifetime_days * DAY_S * rng.lognormal(0.0, _LIFETIME_SPREAD, size=n)
    language = np.where(rng.random(n) < 0.88, 0, rng.integers(1, 5, size=n)).astype(np.int32)
    style = rng.choice(3, size=n, p=[0.77, 0.11, 0.12]).astype(np.int32)
    author = _authors(rng, users, topic)
    unsafe = rng.random(n) < 0.015
    order = np.argsort(times, kind="stable")
    drawn = Flits(
        topic[order],
        author[order],
        times[order],
        released[order],
        quality[order],
        hotness[order].astype(np.float32),
        lifetime[order].astype(np.float32),
        language[order],
        unsafe[order],
        style[order],
    )
    _post_spam(rng, config, users, drawn)
    return drawn


def _post_spam(rng: np.random.Generator, config: SimulationConfig, users: Users, flits: Flits) -> None:
    """Turn some flits posted during the spam wave into near-duplicates by the spam accounts."""
    accounts = np.flatnonzero(users.spam)
    begin, end = spam_wave_s(config)
    during = np.flatnonzero((flits.created_s >= begin) & (flits.created_s < end))
    if not len(accounts) or not len(during):
        return
    chosen = rng.permutation(during)[: max(1, len(during) // 4)]
    flits.author[chosen] = rng.choice(accounts, size=len(chosen))
    flits.style[chosen] = SPAM
    flits.language[chosen] = 0
    flits.quality[chosen] = -2.5
    flits.hotness[chosen] *= 0.1


def draw_follows(config: SimulationConfig, users: Users, flits: Flits) -> Follows:
    """Draw follows with homophily: three in four go to an author of one of the follower's topics."""
    rng = stage_rng(config, 3)
    degree = np.minimum(rng.poisson(rng.lognormal(1.9, 0.8, size=len(users))), 200)
    degree[users.spam] = 2
    follower = np.repeat(np.arange(len(users), dtype=np.int32), degree)
    slots = (rng.random(len(follower)) * (users.topics[0] >= 0).sum(axis=1)[follower]).astype(np.int64)
    wanted = users.topics[0, follower, slots]
    order = np.argsort(flits.topic, kind="stable")
    offsets = np.searchsorted(flits.topic[order], np.arange(len(LEAVES) + 1))
    low, high = offsets[wanted], np.maximum(offsets[wanted + 1], offsets[wanted] + 1)
    near = flits.author[order[np.minimum((low + rng.random(len(low)) * (high - low)).astype(np.int64), len(order) - 1)]]
    anyone = flits.author[rng.integers(0, len(flits), size=len(follower))]
    followed = np.where(rng.random(len(follower)) < 0.75, near, anyone).astype(np.int32)
    keep = (followed != follower) & ~users.spam[followed]
    pairs = np.unique(follower[keep].astype(np.int64) * len(users) + followed[keep])
    follower, followed = (pairs // len(users)).astype(np.int32), (pairs % len(users)).astype(np.int32)
    earliest = np.maximum(users.created_s[follower], users.created_s[followed])
    before = np.minimum(np.maximum(earliest, config.start_s - 200 * DAY_S), config.end_s - 1)
    latest = np.where(rng.random(len(pairs)) < 0.75, np.maximum(before + 1, config.start_s), config.end_s - 1)
    time_s = before + (rng.random(len(pairs)) * np.maximum(latest - before, 0)).astype(np.int64)
    return Follows(follower, followed, time_s)


def parent_of(topic: npt.NDArray[np.integer]) -> RowVector:
    """Return the parent topic of each leaf; -1 stays -1."""
    return np.where(topic < 0, -1, np.asarray(PARENT_OF, dtype=np.int32)[topic]).astype(np.int32)
