"""Sessions of one slot of six hours: who comes, what the feed shows at which position."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, IntVector, RowVector
from graphrec.history import DAY_S
from graphrec.simulate.behaviour import Impressions, interest_weight
from graphrec.simulate.config import SLOT_S, SLOT_SHARES, SimulationConfig
from graphrec.simulate.exposure import Doubles, Exposure, Snapshot
from graphrec.simulate.world import Flits, Users

STEP_S = 13
"""Seconds that a user spends on one position."""


@dataclass(frozen=True)
class Sessions:
    """The sessions that open in one slot; arrays ``[sessions]``."""

    user: RowVector
    opened_s: IntVector
    begin_s: int
    """Begin of the slot."""
    week: int


class PairSet:
    """A growing set of (user, flit) pairs, as sorted keys in two levels so that adding stays cheap."""

    def __init__(self, flits: int) -> None:
        self._flits = flits
        self._old: IntVector = np.empty(0, dtype=np.int64)
        self._new: IntVector = np.empty(0, dtype=np.int64)

    def keys(self, user: RowVector, flit: RowVector) -> IntVector:
        """Return one integer per pair."""
        return user.astype(np.int64) * self._flits + flit

    def add(self, user: RowVector, flit: RowVector) -> None:
        """Add pairs."""
        self._new = np.unique(np.concatenate([self._new, self.keys(user, flit)]))
        if len(self._new) > 200_000 + len(self._old) // 8:
            merged = np.concatenate([self._old, self._new])
            merged.sort(kind="stable")
            self._old, self._new = merged, np.empty(0, dtype=np.int64)

    def holds(self, user: RowVector, flit: RowVector) -> BoolVector:
        """Return for each pair whether it is in the set."""
        keys = self.keys(user, flit)
        found = np.zeros(len(keys), dtype=np.bool_)
        for level in (self._old, self._new):
            if len(level):
                found |= level[np.minimum(np.searchsorted(level, keys), len(level) - 1)] == keys
        return found


def open_sessions(rng: np.random.Generator, config: SimulationConfig, users: Users, slot: int) -> Sessions:
    """Draw who opens a session in ``slot`` and when; the same user may come more than once."""
    begin = config.start_s + slot * SLOT_S
    rate = users.sessions_per_day * SLOT_SHARES[slot % len(SLOT_SHARES)] * (users.created_s <= begin)
    weekend = ((begin // DAY_S + 3) % 7) >= 5
    count = rng.poisson(rate * (1.15 if weekend else 0.94))
    user = np.repeat(np.arange(len(users), dtype=np.int32), count)
    opened_s = begin + rng.integers(0, SLOT_S - 700, size=len(user))
    return Sessions(user, opened_s, begin, slot * SLOT_S // (7 * DAY_S))


def _candidates(
    rng: np.random.Generator, exposure: Exposure, now: Snapshot, users: Users, week: int, user: RowVector
) -> RowVector:
    """Draw one flit for each entry of ``user``, from one of the four sources; -1 where a source is empty."""
    n = len(user)
    source = np.searchsorted(np.cumsum(exposure.mix)[:-1], rng.random(n), side="right")
    pick, uniform = rng.random(n), rng.random(n)
    steps = np.cumsum(users.weights[week, user], axis=1)
    slot = np.minimum((steps <= pick[:, None] * steps[:, -1:]).sum(axis=1), steps.shape[1] - 1)
    flit = now.topic.sample(users.topics[week, user, slot].astype(np.int64), uniform)
    some = np.flatnonzero(source == 1)
    flit[some] = _from_followed(exposure, now, user[some], pick[some], uniform[some])
    zero = np.zeros(n, dtype=np.int64)
    for kind, draw in ((2, now.trending), (3, now.random)):
        mask = source == kind
        flit[mask] = draw.sample(zero[mask], uniform[mask])
    return flit


def _from_followed(exposure: Exposure, now: Snapshot, user: RowVector, pick: Doubles, uniform: Doubles) -> RowVector:
    """Draw a flit of one of the authors that each user follows."""
    degree = now.degree[user]
    edge = exposure.offsets[user] + np.minimum((pick * degree).astype(np.int64), np.maximum(degree - 1, 0))
    out = np.full(len(user), -1, dtype=np.int32)
    some = degree > 0
    out[some] = now.author.sample(exposure.followed[edge[some]].astype(np.int64), uniform[some])
    return out


def propensity(
    exposure: Exposure,
    now: Snapshot,
    users: Users,
    flits: Flits,
    sessions: Sessions,
    user: RowVector,
    flit: RowVector,
) -> Doubles:
    """Return the probability that one feed position of each user draws each flit."""
    mix = exposure.mix
    interest = interest_weight(users, sessions.week, user, flits.topic[flit]) * now.topic.probability()[flit]
    followed = exposure.follows_by(user, flits.author[flit], sessions.begin_s) / np.maximum(now.degree[user], 1)
    follow = followed * now.author.probability()[flit]
    out: Doubles = mix[0] * interest + mix[1] * follow
    out += mix[2] * now.trending.probability()[flit] + mix[3] * now.random.probability()[flit]
    return out


def fill_feeds(
    rng: np.random.Generator,
    config: SimulationConfig,
    exposure: Exposure,
    users: Users,
    flits: Flits,
    slot: int,
    done: PairSet,
) -> tuple[Sessions, Impressions]:
    """Fill the feeds of one slot.

    A flit is shown to a user at most once per slot, and never again after he acted on it (``done``).

    Returns:
        The sessions of the slot, and the impressions sorted by time.
    """
    sessions = open_sessions(rng, config, users, slot)
    now = exposure.at(sessions.begin_s)
    width = config.feed_length + max(2, config.feed_length * 2 // 5)
    user = np.repeat(sessions.user, width)
    session = np.repeat(np.arange(len(sessions.user)), width)
    flit = _candidates(rng, exposure, now, users, sessions.week, user)
    kept = _first_showing(done, user, flit)
    user, flit, session = user[kept], flit[kept], session[kept]
    position = _count_within(session)
    top = position < config.feed_length
    user, flit, session, position = user[top], flit[top], session[top], position[top]
    chance = propensity(exposure, now, users, flits, sessions, user, flit).astype(np.float64)
    time_s = sessions.opened_s[session] + STEP_S * position
    shown = Impressions(user, flit, time_s, position.astype(np.int32), chance)
    return sessions, shown.take(np.lexsort((shown.position, shown.user, shown.time_s)))


def _first_showing(done: PairSet, user: RowVector, flit: RowVector) -> IntVector:
    """Return the entries that may be shown, in order: drawn, first of their pair, not acted on before."""
    valid = np.flatnonzero((flit >= 0) & ~done.holds(user, flit))
    _, first = np.unique(done.keys(user[valid], flit[valid]), return_index=True)
    return np.sort(valid[first])


def _count_within(session: npt.NDArray[np.integer]) -> IntVector:
    """Return each entry's place within its run of equal values; ``session`` is sorted."""
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    lengths = np.diff(np.append(starts, len(session)))
    return np.arange(len(session), dtype=np.int64) - np.repeat(starts, lengths)
