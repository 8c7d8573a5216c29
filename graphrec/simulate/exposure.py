"""What feeds draw from: at each instant, four distributions over flits.

The simulator samples from them; the oracle reads their probabilities. Both therefore hold the same truth.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.arrays import IntVector, RowVector
from graphrec.history import DAY_S
from graphrec.simulate.config import BehaviourConfig
from graphrec.simulate.world import Flits, Follows, topic_popularity

Doubles = npt.NDArray[np.float64]
SOURCES = ("interest", "follow", "trending", "random")


class Grouping:
    """Flits in the order of a group key (topic or author), prepared once."""

    def __init__(self, key: npt.NDArray[np.integer], groups: int) -> None:
        self.key = key.astype(np.int64)
        self.order: IntVector = np.argsort(self.key, kind="stable")
        self.offsets: IntVector = np.searchsorted(self.key[self.order], np.arange(groups + 1)).astype(np.int64)


class Draw:
    """A distribution over flits within each group, in proportion to ``weight``.

    Args:
        grouping: Flits by group.
        weight: ``[flits]``, not negative; 0 is never drawn.
    """

    def __init__(self, grouping: Grouping, weight: Doubles) -> None:
        self._grouping = grouping
        self._weight = weight
        self._cumulative = np.concatenate([[0.0], np.cumsum(weight[grouping.order])])
        ends = self._cumulative[grouping.offsets]
        self._total = np.maximum(np.diff(ends), 0.0)

    def probability(self) -> Doubles:
        """Return ``[flits]``: the probability of each flit within its own group."""
        total = self._total[self._grouping.key]
        return np.divide(self._weight, total, out=np.zeros_like(total), where=total > 0)

    def sample(self, groups: npt.NDArray[np.integer], uniform: Doubles) -> RowVector:
        """Return one flit row per entry of ``groups``; -1 where the group has nothing to show."""
        begin = self._grouping.offsets[groups]
        target = self._cumulative[begin] + uniform * self._total[groups]
        place = np.searchsorted(self._cumulative, target, side="right") - 1
        place = np.clip(place, begin, np.maximum(self._grouping.offsets[groups + 1] - 1, begin))
        rows = self._grouping.order[np.minimum(place, len(self._grouping.order) - 1)]
        empty = (self._total[groups] <= 0) | (self._weight[rows] <= 0) | (self._grouping.key[rows] != groups)
        return np.where(empty, -1, rows).astype(np.int32)


@dataclass(frozen=True)
class Snapshot:
    """The four distributions at one instant, and how many authors each user follows by then."""

    topic: Draw
    author: Draw
    trending: Draw
    random: Draw
    degree: IntVector


class Exposure:
    """The distributions that feeds draw from, for any instant.

    Args:
        flits: All flits.
        follows: All follows, sorted by follower, then time.
        users: Number of users.
        behaviour: Lifetime and the shares of the four sources.
    """

    def __init__(self, flits: Flits, follows: Follows, users: int, behaviour: BehaviourConfig) -> None:
        self._flits = flits
        self._users = users
        order = np.lexsort((follows.time_s, follows.follower))
        self._follower, self._time_s = follows.follower[order], follows.time_s[order]
        self.followed = follows.followed[order]
        self.offsets: IntVector = np.searchsorted(self._follower, np.arange(users + 1)).astype(np.int64)
        self._by_topic = Grouping(flits.topic, len(topic_popularity()))
        self._by_author = Grouping(flits.author, users)
        self._all = Grouping(np.zeros(len(flits), dtype=np.int64), 1)
        self._appeal = flits.hotness * topic_popularity()[flits.topic]
        shares = np.array([behaviour.interest_share, behaviour.follow_share])
        shares = np.append(shares, [behaviour.trending_share, behaviour.random_share])
        self.mix: Doubles = shares / shares.sum()

    def at(self, time_s: int) -> Snapshot:
        """Return the distributions that hold for the slot that begins at ``time_s``."""
        age = (time_s - self._flits.released_s).astype(np.float64)
        shown = age >= 0
        age = np.maximum(age, 0.0)
        alive = np.where(shown, self._flits.hotness * np.exp(-age / self._flits.lifetime_s), 0.0)
        appeal = np.where(shown, self._appeal * np.exp(-age / (3.0 * DAY_S)), 0.0)
        least = np.partition(appeal, -self._trending_size)[-self._trending_size]
        trending = np.where(appeal >= least, appeal, 0.0)
        anything = np.where(shown, self._flits.hotness**0.5 * np.exp(-age / self._flits.lifetime_s), 0.0)
        return Snapshot(
            Draw(self._by_topic, alive),
            Draw(self._by_author, alive),
            Draw(self._all, trending),
            Draw(self._all, anything),
            np.bincount(self._follower[self._time_s <= time_s], minlength=self._users).astype(np.int64),
        )

    @property
    def _trending_size(self) -> int:
        """Return how many flits trend at a time: one in sixty, at least ten."""
        return max(10, len(self._flits) // 60)

    def follows_by(self, user: RowVector, author: RowVector, time_s: int) -> npt.NDArray[np.bool_]:
        """Return whether each user follows each author at ``time_s``."""
        keys = self._follow_keys(time_s)
        asked = user.astype(np.int64) * self._users + author
        place = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
        return keys[place] == asked if len(keys) else np.zeros(len(asked), dtype=np.bool_)

    def _follow_keys(self, time_s: int) -> IntVector:
        now = self._time_s <= time_s
        return np.sort(self._follower[now].astype(np.int64) * self._users + self.followed[now])
