"""The recommender that knows the truth: an upper mark for every other one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.arrays import BoolVector, FloatMatrix, RowVector
from graphrec.errors import DataError
from graphrec.history import DAY_S
from graphrec.ids import IdMap
from graphrec.simulate.behaviour import like_logit, sigmoid
from graphrec.simulate.config import SLOT_S, SLOT_SHARES, SimulationConfig
from graphrec.simulate.exposure import Doubles, Exposure
from graphrec.simulate.reading import read_config, read_flits, read_follows, read_users
from graphrec.simulate.world import Flits, Users

Seen = Mapping[str, Collection[str]] | pl.DataFrame
_BLOCK = 128


@dataclass(frozen=True)
class _WeekRates:
    """Chance per session and position to draw a flit, summed over one week's slots in the window; each ``[flits]``."""

    week: int
    topic: Doubles
    author: Doubles
    anybody: Doubles


class Oracle:
    """Ranks flits by the true expected number of likes, from the truth written beside the tables.

    A flit's rate for a user is the chance that a feed position draws it (all four sources) times the user's positions
    per slot times the probability of a like; a flit can be liked once, so the expectation is ``1 - exp(-rate)``. The
    oracle knows interests, their drift in the window, lifetimes and quality; it does not know the dice.

    Args:
        config: The settings that wrote the tables.
        user_ids: Users by row.
        flit_ids: Flits by row.
        users: Accounts with planted interests.
        flits: Flits with their truth.
        exposure: What feeds draw from.
    """

    def __init__(
        self,
        config: SimulationConfig,
        user_ids: IdMap,
        flit_ids: IdMap,
        users: Users,
        flits: Flits,
        exposure: Exposure,
    ) -> None:
        self._config, self._user_ids, self._flit_ids = config, user_ids, flit_ids
        self._users, self._flits, self._exposure = users, flits, exposure

    @classmethod
    def open(cls, folder: Path) -> "Oracle":
        """Read the truth that :func:`~graphrec.simulate.simulate` wrote under ``folder``.

        Raises:
            DataError: If the folder holds no simulated network.
        """
        config = read_config(folder)
        user_ids = IdMap(pl.read_parquet(folder / "users.parquet", columns=["user_id"])["user_id"])
        flit_ids = IdMap(pl.read_parquet(folder / "flits.parquet", columns=["flit_id"])["flit_id"])
        users, flits = read_users(folder, config, user_ids), read_flits(folder, user_ids)
        exposure = Exposure(flits, read_follows(folder, user_ids), len(users), config.behaviour)
        return cls(config, user_ids, flit_ids, users, flits, exposure)

    def knows(self, user_ids: pl.Series, flit_ids: pl.Series) -> bool:
        """Return whether all users and flits are of this network: tables may be declared as something else."""
        asked = (user_ids, self._user_ids), (flit_ids, self._flit_ids)
        return all(
            one.dtype == known.series.dtype and bool((known.rows(one, missing=-1) >= 0).all()) for one, known in asked
        )

    def rank(
        self,
        user_ids: Sequence[str],
        k: int,
        start: datetime,
        end: datetime,
        exclude_seen: Seen | None = None,
        catalogue_until: datetime | None = None,
    ) -> list[list[str]]:
        """Return each user's ``k`` flits with the most expected likes in ``[start, end)``, best first.

        Args:
            user_ids: Whom to answer.
            k: How many flits each.
            start: Begin of the window, UTC (naive values are UTC).
            end: End of the window.
            exclude_seen: Flits to leave out: per user id a collection of flit ids, or a frame with the columns
                ``user_id`` and ``flit_id``. ``None`` leaves nothing out.
            catalogue_until: Only flits posted before this instant are ranked; default ``start``.

        Raises:
            UnknownIdError: If an id is unknown.
            DataError: If the window is empty or lies outside the simulated days.
        """
        rows = self._user_ids.rows(list(user_ids))
        begin_s, end_s = _seconds(start), _seconds(end)
        until_s = begin_s if catalogue_until is None else _seconds(catalogue_until)
        posted = self._flits.created_s < until_s
        seen = self._seen(user_ids, exclude_seen)
        weeks = self._week_rates(begin_s, end_s)
        best: list[list[str]] = []
        for first in range(0, len(rows), _BLOCK):
            block = rows[first : first + _BLOCK]
            scores = self._expected(block, weeks, begin_s)
            inside = (seen[0] >= first) & (seen[0] < first + len(block))
            scores[seen[0][inside] - first, seen[1][inside]] = -np.inf
            best += self._top(scores, posted, k)
        return best

    def expected_likes(self, user_ids: Sequence[str], start: datetime, end: datetime) -> FloatMatrix:
        """Return ``[users, flits]``, float32: expected likes in ``[start, end)`` in the row order of both tables."""
        weeks = self._week_rates(_seconds(start), _seconds(end))
        return self._expected(self._user_ids.rows(list(user_ids)), weeks, _seconds(start))

    def _top(self, scores: FloatMatrix, posted: BoolVector, k: int) -> list[list[str]]:
        scores[:, ~posted] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        ids = self._flit_ids.series
        return [ids.gather(line[np.isfinite(score[line])]).to_list() for line, score in zip(order, scores, strict=True)]

    def _seen(self, user_ids: Sequence[str], seen: Seen | None) -> tuple[npt.NDArray[np.int64], RowVector]:
        """Return the excluded pairs as places in ``user_ids`` and flit rows."""
        if seen is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
        if not isinstance(seen, pl.DataFrame):
            pairs = [(user, flit) for user in user_ids for flit in sorted(seen.get(user, ()))]
            seen = pl.DataFrame(pairs, schema={"user_id": pl.String, "flit_id": pl.String}, orient="row")
        places = pl.DataFrame({"user_id": list(user_ids), "place": np.arange(len(user_ids), dtype=np.int64)})
        found = seen.select("user_id", "flit_id").join(places, on="user_id", how="inner")
        return found["place"].to_numpy(), self._flit_ids.rows(found["flit_id"])

    def _week_rates(self, begin_s: int, end_s: int) -> list[_WeekRates]:
        """Sum the four sources over the slots of each week in the window."""
        config, mix = self._config, self._exposure.mix
        first = (begin_s - config.start_s) // SLOT_S
        last = -(-(end_s - config.start_s) // SLOT_S)
        if not 0 <= first < last <= config.days * DAY_S // SLOT_S:
            raise DataError("Oracle.rank start and end must bound a part of the simulated days; see truth/config.json")
        sums: dict[int, list[Doubles]] = {}
        for slot in range(first, last):
            slot_s = config.start_s + slot * SLOT_S
            part = (min(end_s, slot_s + SLOT_S) - max(begin_s, slot_s)) / SLOT_S * SLOT_SHARES[slot % len(SLOT_SHARES)]
            now = self._exposure.at(slot_s)
            anybody = mix[2] * now.trending.probability() + mix[3] * now.random.probability()
            chances = (mix[0] * now.topic.probability(), mix[1] * now.author.probability(), anybody)
            old = sums.setdefault(slot * SLOT_S // (7 * DAY_S), [np.zeros(len(self._flits)) for _ in chances])
            for total, chance in zip(old, chances, strict=True):
                total += part * chance
        return [_WeekRates(week, *totals) for week, totals in sorted(sums.items())]

    def _expected(self, users: RowVector, weeks: list[_WeekRates], begin_s: int) -> FloatMatrix:
        """Return ``[users, flits]``: expected likes of one block of users."""
        positions = self._users.sessions_per_day[users] * self._config.feed_length
        follows = self._follow_shares(users, begin_s)
        total = np.zeros((len(users), len(self._flits)))
        for rates in weeks:
            interest = self._topic_weights(users, rates.week)[:, self._flits.topic] * rates.topic
            chance = interest + follows * rates.author + rates.anybody
            total += chance * self._like_probability(users, rates.week)
        return (1.0 - np.exp(-total * positions[:, None])).astype(np.float32)

    def _topic_weights(self, users: RowVector, week: int) -> Doubles:
        """Return ``[users, leaf topics]``: the weight of each topic for each user."""
        out = np.zeros((len(users), int(self._flits.topic.max()) + 2))
        topics, weights = self._users.topics[week, users], self._users.weights[week, users]
        np.add.at(out, (np.arange(len(users))[:, None], topics), np.where(topics >= 0, weights, 0.0))
        return out

    def _follow_shares(self, users: RowVector, begin_s: int) -> Doubles:
        """Return ``[users, flits]``: 1 / followed authors where the user follows the flit's author, else 0."""
        user, flit = np.repeat(users, len(self._flits)), np.tile(self._flits.author, len(users))
        known = self._exposure.follows_by(user, flit, begin_s).reshape(len(users), -1)
        degree = np.maximum(self._exposure.at(begin_s).degree[users], 1)
        out: Doubles = known / degree[:, None]
        return out

    def _like_probability(self, users: RowVector, week: int) -> FloatMatrix:
        """Return ``[users, flits]``: the probability of a like in the middle of the feed."""
        n = len(self._flits)
        user, flit = np.repeat(users, n), np.tile(np.arange(n, dtype=np.int32), len(users))
        logit = like_logit(self._config.behaviour, self._users, self._flits, week, user, flit)
        middle = self._config.behaviour.position * (self._config.feed_length - 1) / 2
        out: FloatMatrix = sigmoid(logit + middle).reshape(len(users), n)
        return out


def _seconds(instant: datetime) -> int:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return int(aware.timestamp())
