"""How a request changes an answer: which interests are heard, which flits may come, how the list is reshaped."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl

from graphrec.arrays import FloatVector, IntVector, RowVector
from graphrec.errors import ConfigError
from graphrec.ids import Id
from graphrec.retrieval.answers import Served
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.diversify import marginal_relevance, within_cap
from graphrec.retrieval.request import Request
from graphrec.retrieval.rules import Rule, authors_of, muted_rule, rules_of
from graphrec.retrieval.scored import Scored
from graphrec.retrieval.shelf import Shelf
from graphrec.retrieval.trace import Trace

MOST_WORTH = 1e6
"""What an interest is worth at most, however many of its flits are boosted."""
MOST_KEPT = 32
"""Narrowed shelves kept: the same few filters come with most requests."""
_CATALOGUE_WIDE = {"blocked_authors", "safe", "where", "max_age_days"}


class Wishes:
    """Shelves narrowed by the rules of requests, the newest kept for the next request of the same kind.

    Args:
        bundle: What is asked.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._kept: OrderedDict[str, tuple[Shelf, list[Rule]]] = OrderedDict()

    def shelf(self, request: Request, own: RowVector, served: Served, told: Trace) -> Shelf:
        """Return the shelf that a request may draw from.

        Args:
            request: The wishes.
            own: Medoids of all of the user's interests, int32.
            served: The interests that are heard.
            told: Told how many flits each rule forbids.
        """
        shelf, rules = self._narrowed(request)
        if request.muted:
            silent = self._silent(request, own, served)
            shelf, rules = shelf.narrowed(~silent.forbidden), [*rules, silent]
        for rule in rules:
            told.note("rule", int(shelf.allowed.sum()), f"{rule.why}: {int(rule.forbidden.sum())} of the catalogue")
        return shelf

    def reshaped(self, longer: Scored, request: Request, k: int, told: Trace) -> Scored:
        """Return ``k`` candidates out of a longer list: no author too often, neighbours apart.

        Args:
            longer: Candidates, best first.
            request: The cap and the diversity.
            k: How many are wanted.
            told: Told what was taken out.
        """
        found = longer
        if request.per_author is not None:
            places = within_cap(self._authors[found.rows], request.per_author)
            found = _only(found, places, told, f"at most {request.per_author} of one author")
        if request.diversity:
            places = marginal_relevance(found, self.bundle.flit_vectors, k, request.diversity)
            found = _only(found, places, told, "too near to what stands before")
        return _only(found, np.arange(min(k, len(found.rows))), told, f"the best {k}")

    @cached_property
    def _authors(self) -> RowVector:
        """Number of each flit's author, int32 ``[num_flits]``; -1 where nobody is named."""
        codes = authors_of(self.bundle).cast(pl.String).cast(pl.Categorical).to_physical().cast(pl.Int32)
        return codes.fill_null(-1).to_numpy()

    def _narrowed(self, request: Request) -> tuple[Shelf, list[Rule]]:
        """Return the shelf under the rules that hold for everybody who asks like this."""
        key = request.model_dump_json(include=_CATALOGUE_WIDE)
        found = self._kept.get(key)
        if found is None:
            rules = rules_of(request, self.bundle)
            shelf = self.bundle.shelf
            if rules:
                shelf = shelf.narrowed(~np.logical_or.reduce([rule.forbidden for rule in rules]))
            found = self._kept[key] = shelf, rules
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _silent(self, request: Request, own: RowVector, served: Served) -> Rule:
        """Return the rule against what lies round the flits that a request mutes, and round their interests."""
        vectors, cut = self.bundle.flit_vectors, self.bundle.settings.interests.merge_cosine
        assert not isinstance(cut, str), "a bundle holds resolved settings"
        named = self.bundle.ids[self.bundle.settings.flit_type].rows(list(request.muted))
        worth = worth_of(request, self.bundle, own)
        muted = named if worth is None else np.union1d(named, own[worth == 0])
        return muted_rule(vectors, vectors[muted], vectors[served.medoids], cut)


def worth_of(request: Request, bundle: Bundle, medoids: RowVector) -> FloatVector | None:
    """Return what each of a user's interests is worth under a request, float32 ``[interests]``; ``None``: as it is.

    A flit means the interest whose medoid lies nearest to it, if it lies within the cut of the clusters.

    Args:
        request: The wishes.
        bundle: What is asked.
        medoids: All of the user's medoids, int32 ``[interests]``.

    Raises:
        UnknownIdError: If a muted or boosted flit is unknown.
    """
    if not request.muted and not request.boosted:
        return None
    worth = np.ones(len(medoids), dtype=np.float32)
    for place, factor in zip(_meant(list(request.boosted), bundle, medoids), request.boosted.values(), strict=True):
        if place >= 0:
            worth[place] = min(float(worth[place]) * factor, MOST_WORTH)
    silent = [place for place in _meant(request.muted, bundle, medoids) if place >= 0]
    worth[silent] = 0
    return worth


def blocked_rows(request: Request, kind: str, bundle: Bundle) -> RowVector:
    """Return the nodes of a kind other than flits that a request blocks, int32; blocked ids may be unknown.

    Raises:
        ConfigError: If the request has wishes that only flits can meet.
    """
    heeded = {"muted", "boosted"} | ({"blocked_authors"} if kind == bundle.settings.user_type else set())
    plain = Request()
    for name in Request.model_fields:
        if name not in heeded and getattr(request, name) != getattr(plain, name):
            raise ConfigError(
                f"Request.{name} must be left out where kind is {kind!r} (got {getattr(request, name)!r})"
            )
    rows = [bundle.ids[kind].get(one) for one in request.blocked_authors]
    return np.array([row for row in rows if row is not None], dtype=np.int32)


def _meant(flit_ids: Sequence[Id], bundle: Bundle, medoids: RowVector) -> list[int]:
    """Return the place of the interest that each flit means, -1 for none."""
    rows = bundle.ids[bundle.settings.flit_type].rows(list(flit_ids))
    if not len(medoids) or not len(rows):
        return [-1] * len(rows)
    cosine = bundle.flit_vectors[rows] @ bundle.flit_vectors[medoids].T
    near = cosine.max(axis=1) >= bundle.settings.interests.merge_cosine
    return [int(place) for place in np.where(near, cosine.argmax(axis=1), -1)]


def _only(found: Scored, places: IntVector, told: Trace, why: str) -> Scored:
    """Return the candidates at ``places``, and tell of the others."""
    gone = np.ones(len(found.rows), dtype=np.bool_)
    gone[places] = False
    told.note("diversify", len(places), why, found.rows[gone])
    return found.take(places)
