"""How a user answers an impression: the probability of a like and the events drawn from it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatVector, IntVector, RowVector
from graphrec.simulate.config import BehaviourConfig
from graphrec.simulate.topics import COUNTRIES, LANGUAGES
from graphrec.simulate.world import Flits, Users, parent_of

EVENTS = ("view", "click", "like", "share", "reply", "hide")
_DELAY_S = (1, 3, 5, 8, 11, 2)
"""Seconds from impression to event, in the order of ``EVENTS``; below the time to the next position."""


@dataclass(frozen=True)
class Impressions:
    """Flits shown to users; all arrays ``[rows]``, sorted by time."""

    user: RowVector
    flit: RowVector
    time_s: IntVector
    position: RowVector
    propensity: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: npt.NDArray[np.integer]) -> "Impressions":
        """Return some of the rows, in the given order."""
        columns = (self.user, self.flit, self.time_s, self.position, self.propensity)
        return Impressions(*(column[rows] for column in columns))


@dataclass(frozen=True)
class Actions:
    """Events with the truth behind them; all arrays ``[rows]``."""

    user: RowVector
    flit: RowVector
    event: RowVector
    time_s: IntVector
    interest: RowVector
    probability: FloatVector


def interest_weight(users: Users, week: int, user: RowVector, topic: npt.NDArray[np.integer]) -> FloatVector:
    """Return the weight that each user gives each topic in ``week``; 0 where it is none of his interests."""
    held = users.topics[week, user] == topic[:, None]
    weight: FloatVector = (held * users.weights[week, user]).sum(axis=1)
    return weight


def foreign_table() -> BoolVector:
    """Return ``[countries, languages]``: whether people there do not read the language (all read English)."""
    reads = [[language in ("en", own) for language in LANGUAGES] for _, _, own in COUNTRIES]
    return ~np.array(reads)


def match_logit(
    behaviour: BehaviourConfig, users: Users, week: int, user: RowVector, topic: npt.NDArray[np.integer]
) -> FloatVector:
    """Return the logit that each user's interests add to a like of a flit of each topic."""
    held = (users.topics[week, user] == topic[:, None]).any(axis=1)
    near = (parent_of(users.topics[week, user]) == parent_of(topic)[:, None]).any(axis=1)
    return np.where(held, behaviour.match, np.where(near, behaviour.sibling, 0.0)).astype(np.float32)


def like_logit(
    behaviour: BehaviourConfig, users: Users, flits: Flits, week: int, user: RowVector, flit: RowVector
) -> FloatVector:
    """Return the logit of a like of each pair at the top of the feed, without the impression's mood."""
    fixed = behaviour.base + behaviour.quality * flits.quality[flit] + users.generosity[user]
    foreign = foreign_table()[users.country[user], flits.language[flit]] * behaviour.foreign
    return (fixed + foreign + match_logit(behaviour, users, week, user, flits.topic[flit])).astype(np.float32)


def sigmoid(logit: npt.NDArray[np.floating]) -> FloatVector:
    """Return ``1 / (1 + exp(-logit))``."""
    out: FloatVector = (1.0 / (1.0 + np.exp(-logit))).astype(np.float32)
    return out


def answer(
    rng: np.random.Generator, behaviour: BehaviourConfig, users: Users, flits: Flits, week: int, shown: Impressions
) -> Actions:
    """Draw the events on impressions; likes, clicks, shares and replies share one probability."""
    n = len(shown)
    logit = like_logit(behaviour, users, flits, week, shown.user, shown.flit)
    mood = behaviour.position * shown.position + rng.normal(0.0, behaviour.noise, size=n)
    p = sigmoid(logit + mood)
    chance = rng.random((5, n))
    like = chance[0] < p
    share = chance[1] < p * np.where(like, 0.22, 0.03)
    reply = chance[2] < p * np.where(like, 0.16, 0.03)
    click = chance[3] < p * np.where(like, 0.45, 0.20)
    weight = interest_weight(users, week, shown.user, flits.topic[shown.flit])
    hide = ~(like | share | reply | click) & (rng.random(n) < np.where(weight > 0, 0.004, 0.03) * (1.0 - p))
    view = like | share | reply | click | (chance[4] < 0.92 - 0.055 * shown.position)
    kinds = [np.flatnonzero(mask) for mask in (view, click, like, share, reply, hide)]
    rows = np.concatenate(kinds)
    event = np.repeat(np.arange(len(EVENTS), dtype=np.int32), [len(one) for one in kinds])
    time_s = shown.time_s[rows] + np.asarray(_DELAY_S)[event]
    interest = np.where(weight > 0, flits.topic[shown.flit], -1).astype(np.int32)
    return Actions(shown.user[rows], shown.flit[rows], event, time_s, interest[rows], p[rows])
