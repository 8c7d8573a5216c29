"""Routes about users: their interests, what they wish, what they did, and that they want to be forgotten."""

import time
from collections import Counter
from typing import Any

from graphrec.errors import UnknownIdError
from graphrec.ids import Id, IdMap
from graphrec.retrieval.rendered import DIGITS
from graphrec.retrieval.request import Request
from graphrec.retrieval.wishes import worth_of
from graphrec.serving.answers import since_version, standing
from graphrec.serving.endpoint import Asked
from graphrec.serving.messages import NewEvents, SetWishes
from graphrec.serving.problems import Problem
from graphrec.state import CLEARED, Event, Known, Outcome

AHEAD_S = 300
"""How far a caller's clock may run ahead: the newest event of a drain is the next version's "now"."""


def interests(asked: Asked) -> dict[str, Any]:
    """Interests of a user, the most important first: what he did since the version counts, and so do his wishes."""
    user = _user(asked)
    known = asked.service.state.of(user)
    if known.forgotten:
        raise UnknownIdError("user_id must be a known user")
    return _portrait(asked, user, known)


def set_wishes(asked: Asked) -> dict[str, Any]:
    """Mute or boost interests of a user until he takes it back; acknowledged once it is on disk."""
    message: SetWishes = asked.message
    user, flits = _user(asked), _flits(asked)
    for one in message.interests:
        if one.factor != CLEARED:  # what a version no longer knows can still be taken back
            flits.row(one.flit)
    known = asked.service.state.wish(user, {one.flit: one.factor for one in message.interests})
    if known.forgotten:
        raise UnknownIdError("user_id must be a known user")
    try:
        return _portrait(asked, user, known)
    except UnknownIdError:  # somebody new may wish before he has interests
        return {"version": asked.served.version, "interests": [], "wishes": _listed(known)}


def forget(asked: Asked) -> dict[str, Any]:
    """Forget a user: from this answer on he is unknown, and the state holds nothing of him but a keyed hash."""
    asked.service.state.forget(_user(asked))
    return {"version": asked.served.version, "forgotten": True}


async def add_events(asked: Asked) -> dict[str, Any]:
    """Tell what users did; acknowledged once it is on disk. The same event_id again changes nothing."""
    message: NewEvents = asked.message
    now_s = int(time.time())
    users, flits = _users(asked), _flits(asked)
    events = []
    for place, one in enumerate(message.events):
        for name, id_, known in (("user", one.user, users), ("flit", one.flit, flits)):
            if not known.fits(id_):
                raise _broken(place, name, f"must be of the tables' type, {known.series.dtype}")
        if one.time_s is not None and one.time_s > now_s + AHEAD_S:
            raise _broken(place, "time_s", "must not lie in the future")
        time_s = now_s if one.time_s is None else one.time_s
        events.append(Event(one.event_id, one.user, one.flit, one.kind, time_s))
    counts: Counter[Outcome] = Counter(await asked.service.appender.append(events))
    outcomes: tuple[Outcome, ...] = ("stored", "repeated", "forgotten")
    for outcome in outcomes:
        asked.service.metrics.events.labels(outcome).inc(counts[outcome])
    return {"version": asked.served.version, **{outcome: counts[outcome] for outcome in outcomes}}


def _portrait(asked: Asked, user: Id, known: Known) -> dict[str, Any]:
    retriever = asked.served.retriever
    newest, hidden = since_version(known, retriever, asked.service.config, user)
    factors = standing(known, retriever)
    muted = tuple(flit for flit, factor in factors.items() if factor == 0)
    request = Request(muted=muted, boosted={flit: factor for flit, factor in factors.items() if factor > 0})
    frame = retriever.interests(user, newest, request, hidden=hidden)
    worth = worth_of(request, retriever.bundle, _flits(asked).rows(frame["medoid"]))
    found = frame.to_dicts()
    for place, one in enumerate(found):
        one["factor"] = 1.0 if worth is None else round(float(worth[place]), DIGITS)
    return {"version": asked.served.version, "interests": found, "wishes": _listed(known)}


def _listed(known: Known) -> list[dict[str, Any]]:
    return [{"flit": flit, "factor": factor} for flit, factor in known.wishes.items()]


def _broken(place: int, name: str, rule: str) -> Problem:
    rules = [{"field": f"events.{place}.{name}", "rule": rule}]
    return Problem(422, "the body breaks the rules of this route", rules)


def _user(asked: Asked) -> Id:
    """Return the user named in the path."""
    text = asked.user
    if not 1 <= len(text) <= 256:
        raise Problem(422, "a user id must be of 1 to 256 characters")
    return _users(asked).parsed(text)


def _users(asked: Asked) -> IdMap:
    bundle = asked.served.retriever.bundle
    return bundle.ids[bundle.settings.user_type]


def _flits(asked: Asked) -> IdMap:
    bundle = asked.served.retriever.bundle
    return bundle.ids[bundle.settings.flit_type]
