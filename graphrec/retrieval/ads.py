"""Promoted flits among the others: whose campaign runs, what is relevant, how often, and in which places."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, IntVector, RowVector
from graphrec.ids import Id, IdMap
from graphrec.retrieval.candidates import kept, rank
from graphrec.retrieval.diversify import within_cap
from graphrec.retrieval.request import Request
from graphrec.retrieval.scored import Scored, interleave, popular
from graphrec.retrieval.shelf import Query, Shelf
from graphrec.retrieval.trace import Trace

COLUMNS = ("advertiser", "flit", "start_s", "end_s")
EVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class AdRules:
    """What an ad must keep to.

    Attributes:
        node_type: Node type of those who promote.
        every: One of this many places may hold an ad, the last of them.
        min_similarity: Cosine to one of the served interests below which no ad is shown.
        cap: Times that one user is shown one ad at most.
    """

    node_type: str
    every: int
    min_similarity: float
    cap: int


@dataclass(frozen=True, eq=False)
class Campaigns:
    """Promotions, one line each, by flit, then advertiser.

    Attributes:
        advertiser: Row of who promotes, int32 ``[promotions]``.
        flit: Row of what is promoted, int32 ``[promotions]``.
        start_s: From when, int64 ``[promotions]``.
        end_s: Until when, exclusive, int64 ``[promotions]``.
        rules: What their ads must keep to.
    """

    advertiser: RowVector
    flit: RowVector
    start_s: IntVector
    end_s: IntVector
    rules: AdRules

    def running(self, now_s: int | None) -> BoolVector:
        """Return which promotions run, bool ``[promotions]``; without a "now" all do."""
        if now_s is None:
            return np.ones(len(self.flit), dtype=np.bool_)
        return np.asarray((self.start_s <= now_s) & (now_s < self.end_s))

    def save(self, folder: Path) -> None:
        """Write promotions and rules into ``folder``, which must exist."""
        pl.DataFrame({name: getattr(self, name) for name in COLUMNS}).write_parquet(folder / "campaigns.parquet")
        (folder / "rules.json").write_text(json.dumps(vars(self.rules)))

    @classmethod
    def open(cls, folder: Path) -> "Campaigns":
        """Read what :meth:`save` wrote."""
        frame = pl.read_parquet(folder / "campaigns.parquet")
        rules = AdRules(**json.loads((folder / "rules.json").read_text()))
        return cls(**{name: frame[name].to_numpy() for name in COLUMNS}, rules=rules)


@dataclass(frozen=True)
class Ads:
    """Ads that may be shown to one user, best first.

    Attributes:
        found: Their flits.
        advertiser: Who promotes each, int32 ``[n]``.
    """

    found: Scored
    advertiser: RowVector

    def owner(self, row: int) -> int:
        """Return the advertiser of a flit, -1 where it is none of these."""
        place = np.flatnonzero(self.found.rows == row)
        return int(self.advertiser[place[0]]) if len(place) else -1


def ads_for(
    query: Query, shelf: Shelf, campaigns: Campaigns, told: Trace, *, now_s: int | None, shown: IntVector
) -> Ads:
    """Return the ads that may be shown to a user, one of each advertiser at most.

    Args:
        query: What is known of him; without an interest nothing is relevant.
        shelf: What may be shown to him under the rules of the request.
        campaigns: All promotions, with their rules.
        told: Told what each rule takes out.
        now_s: "Now" of the campaigns.
        shown: Times he was shown each flit as an ad, int64 ``[num_flits]``.
    """
    every, rules = np.unique(campaigns.flit), campaigns.rules
    told.note("source ads", len(every), "promoted by somebody")
    running = campaigns.running(now_s)
    rows, first = np.unique(campaigns.flit[running], return_index=True)
    told.note("filter campaign", len(rows), "no campaign runs now", np.setdiff1d(every, rows))
    owners = dict(zip(rows.tolist(), campaigns.advertiser[running][first].tolist(), strict=True))
    rows = kept(rows, query, shelf, told)
    tired = shown[rows] >= rules.cap
    told.note("filter cap", int((~tired).sum()), f"shown {rules.cap} times already", rows[tired])
    if not query.usable:
        told.note("filter relevance", 0, "no interest to go by", rows[~tired])
        return Ads(popular(shelf.by_prior, shelf.prior, query.excluded, shelf.allowed, 0), rows[:0])
    found = rank(rows[~tired], query, shelf, shelf.weights)
    near = found.similarity >= rules.min_similarity
    told.note(
        "filter relevance", int(near.sum()), f"farther than {rules.min_similarity:.2f} from every interest",
        found.rows[~near],
    )  # fmt: skip
    found = found.take(np.flatnonzero(near))
    advertiser = np.array([owners[row] for row in found.rows.tolist()], dtype=np.int32)
    places = within_cap(advertiser, 1)
    told.note(
        "filter advertiser", len(places), "its advertiser has a better one",
        np.delete(found.rows, places),
    )  # fmt: skip
    return Ads(found.take(places), advertiser[places])


def blend(found: Scored, ads: Ads, rules: AdRules, k: int, told: Trace) -> tuple[Scored, RowVector]:
    """Return ``k`` candidates of which every ``rules.every``-th is an ad, while there are any.

    A flit that stands among the others by its own merit is not shown as an ad.

    Args:
        found: Candidates, best first.
        ads: The ads that may be shown.
        rules: Which places are for ads.
        k: Length of the list.
        told: Told how many were placed.

    Returns:
        The candidates, and the advertiser of each, int32 ``[k]``, -1 where it is no ad.
    """
    places = k // rules.every
    apart = ~np.isin(ads.found.rows, found.rows[: k - places])
    sold = Ads(ads.found.take(np.flatnonzero(apart)[:places]), ads.advertiser[apart][:places])
    blended = interleave(found, sold.found, 1 / rules.every, k)
    told.note("blend", len(blended.rows), f"{len(sold.advertiser)} ads in every {rules.every}th place")
    return blended, np.array([sold.owner(int(row)) for row in blended.rows], dtype=np.int32)


def times_shown(request: Request, flits: IdMap) -> IntVector:
    """Return how often a user was shown each flit as an ad, int64 ``[num_flits]``.

    Raises:
        UnknownIdError: If the request counts an unknown flit.
    """
    counts = np.zeros(len(flits), dtype=np.int64)
    ids: list[Id] = list(request.ads_shown)
    if ids:
        counts[flits.rows(ids)] = list(request.ads_shown.values())
    return counts
