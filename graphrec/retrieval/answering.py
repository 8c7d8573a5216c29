"""From whoever asks to an answer in rows, and from rows to ids: sources, merge, filter, diversify, blend."""

from dataclasses import dataclass, replace

import numpy as np

from graphrec.arrays import RowVector
from graphrec.errors import ConfigError
from graphrec.ids import Id
from graphrec.retrieval.ads import ads_for, blend, times_shown
from graphrec.retrieval.answers import Candidates, Served
from graphrec.retrieval.asker import Asker
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import candidates_of
from graphrec.retrieval.request import Request
from graphrec.retrieval.scored import Scored
from graphrec.retrieval.shelf import Query, Shelf
from graphrec.retrieval.trace import Trace
from graphrec.retrieval.wishes import Wishes, blocked_rows, worth_of

RECENT = "recent popularity"
INTERESTS = "interests"
NO_ACTION = "no action in the window"
LONGER = 4
"""How many times longer a list is that a varied one is made from."""


@dataclass(frozen=True)
class Found:
    """An answer in rows.

    Attributes:
        kind: Node type of the candidates.
        scored: The candidates.
        served: The interests that answered.
        reason: What the answer rests on.
        told: The steps.
        owners: Row of who promotes each candidate, int32, -1 where it is no ad; ``None`` where there are no ads.
    """

    kind: str
    scored: Scored
    served: Served
    reason: str
    told: Trace
    owners: RowVector | None = None


def flits_for(wishes: Wishes, asker: Asker, k: int, request: Request, without: str) -> Found:
    """Answer with flits.

    Args:
        wishes: What may be drawn from under the rules of a request.
        asker: What is known of him.
        k: Length of the list at most.
        request: His wishes.
        without: Why nothing but popularity may be left, in words.
    """
    bundle, told = wishes.bundle, Trace()
    served = _served(bundle, asker, request)
    query = bundle.query(served.medoids, served.importance, asker.actions, asker.seen, asker.row)
    shelf, where = _near_home(bundle, wishes.shelf(request, asker.own.medoid, served, told), asker, request)
    if request.reshapes:
        longer = candidates_of(query, shelf, max(k * LONGER, shelf.budget), told)
        scored = wishes.reshaped(longer, request, k, told)
    else:
        scored = candidates_of(query, shelf, k, told)
    reason = _reason(query, request, served, without, where)
    found = Found(bundle.settings.flit_type, scored, served, reason, told)
    return found if bundle.campaigns is None or not request.ads else _with_ads(found, bundle, query, shelf, k, request)


def _near_home(bundle: Bundle, shelf: Shelf, asker: Asker, request: Request) -> tuple[Shelf, str]:
    """Return the shelf in the order of the segment's popularity for whoever has no interest, and where that is.

    Raises:
        ConfigError: If the request names a segment and the version has none.
    """
    segments = bundle.segments
    if segments is None:
        if request.segment is not None:
            raise ConfigError(
                f"Request.segment must go by a column of the users, and this version has none (got "
                f"{request.segment!r}); set retrieval.segment and run again"
            )
        return shelf, ""
    value = request.segment if request.segment is not None else segments.value_of(asker.row)
    if value is None or len(asker.own.medoid):
        return shelf, ""
    if value not in segments.values:
        return shelf, f" everywhere, as nobody is known in {segments.column} {value}"
    prior, order = segments.popularity(value, bundle.prior)
    return replace(shelf, prior=prior, by_prior=order), f" in {segments.column} {value}"


def _with_ads(found: Found, bundle: Bundle, query: Query, shelf: Shelf, k: int, request: Request) -> Found:
    """Return the answer with ads among the candidates."""
    assert bundle.campaigns is not None, "asked where there are ads"
    now_s = bundle.settings.as_of_s if request.now_s is None else request.now_s
    shown = times_shown(request, bundle.ids[bundle.settings.flit_type])
    ads = ads_for(query, shelf, bundle.campaigns, found.told, now_s=now_s, shown=shown)
    scored, owners = blend(found.scored, ads, bundle.campaigns.rules, k, found.told)
    return replace(found, scored=scored, owners=owners)


def nodes_for(bundle: Bundle, asker: Asker, kind: str, k: int, request: Request, without: str) -> Found:
    """Answer with nodes of another type that the user has no link to yet; see :func:`flits_for`.

    Raises:
        ConfigError: If users are not pointed to such nodes, or the request has wishes that only flits can meet.
    """
    shelf, served, told = bundle.shelf_of(kind), _served(bundle, asker, request), Trace()
    query = bundle.query_nodes(kind, served.medoids, served.importance, asker.row)
    query = replace(query, excluded=np.union1d(query.excluded, blocked_rows(request, kind, bundle)))
    return Found(kind, candidates_of(query, shelf, k, told), served, _reason(query, request, served, without), told)


def packed(bundle: Bundle, found: Found) -> Candidates:
    """Return an answer with ids for rows."""
    scored, served = found.scored, found.served
    ids = bundle.ids[found.kind].named(scored.rows)
    medoid_ids = bundle.ids[bundle.settings.flit_type].named(served.medoids)
    interests = [medoid_ids[one] if 0 <= one < len(medoid_ids) else None for one in scored.interest]
    ads: list[Id | None] = [None] * len(ids)
    if found.owners is not None and bundle.campaigns is not None:
        advertisers = bundle.ids[bundle.campaigns.rules.node_type]
        ads = [advertisers.named(one[None])[0] if one >= 0 else None for one in found.owners]
    return Candidates(ids, scored.scores, interests, found.reason, found.kind, ads, bundle, scored, served, found.told)


def _served(bundle: Bundle, asker: Asker, request: Request) -> Served:
    """Return the interests that answer."""
    worth = worth_of(request, bundle, asker.own.medoid)
    return Served(*bundle.settings.served(asker.own, asker.row or 0, worth), asker.actions.rows)


def _reason(query: Query, request: Request, served: Served, without: str, where: str = "") -> str:
    """Return what an answer rests on."""
    if len(served.medoids):
        return INTERESTS
    if query.usable:
        return f"the graph: {without}"
    if request.muted and len(served.actions):
        return f"{RECENT}{where}: every interest is muted"
    return f"{RECENT}{where}: {without}"
