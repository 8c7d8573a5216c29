"""Routes that ask a version."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from pydantic_core import from_json, to_json

from graphrec.errors import ConfigError, UnknownIdError
from graphrec.ids import Id
from graphrec.retrieval.answers import Candidates
from graphrec.retrieval.newest import Action
from graphrec.retrieval.rendered import DIGITS, rendered, told
from graphrec.retrieval.retriever import Retriever
from graphrec.serving.config import ServingConfig
from graphrec.serving.endpoint import Asked
from graphrec.serving.messages import DEFAULT_K, Embed, Listed, Recommend, RecommendFrom, Search, Similar
from graphrec.serving.served import Served
from graphrec.serving.service import Service
from graphrec.state import Known

NOTHING: Mapping[str, Any] = {"wishes": {}, "explain": False, "trace": False, "kind": None}
"""What a request says besides ``user`` and ``k`` that asks for nothing special, as callers write defaults out."""


def recommend(asked: Asked) -> dict[str, Any]:
    """Candidates for a user. What he did and wished since the version counts; who is unknown gets what is popular."""
    message: Recommend = asked.message
    retriever, known = asked.served.retriever, asked.service.state.of(message.user)
    flits = message.kind in (None, retriever.bundle.settings.flit_type)  # ads stand among flits alone
    shown = times_shown(known, retriever, asked.service.config) if flits else {}
    request = message.wishes.request(standing(known, retriever), shown)
    if known.forgotten:
        return _listed(asked, retriever.recommend_unknown(message.user, message.k, request, kind=message.kind))
    newest, hidden = since_version(known, retriever, asked.service.config, message.user)
    found = retriever.recommend(message.user, message.k, request, newest=newest, hidden=hidden, kind=message.kind)
    return _listed(asked, found)


def listed(service: Service, served: Served, body: bytes) -> bytes | None:
    """Return the answer that the version keeps for who asks, if he asks for nothing else and did nothing since.

    The body is read without its model, which takes several times as long: what is not told here is told by the model.
    """
    lists = served.lists
    if lists is None:
        return None
    try:
        asked = from_json(body)
    except ValueError:
        return None
    if not isinstance(asked, dict):
        return None
    user, k = asked.pop("user", None), asked.pop("k", DEFAULT_K)
    if type(user) not in (str, int) or type(k) is not int or k != lists.k or not _asks_for_nothing(asked):
        return None
    row = served.user_row(user)
    if row is None or not service.looks.of(user).nothing:
        return None
    return b'{"version":' + to_json(served.version) + b"," + lists.of(row)[1:]


def _asks_for_nothing(asked: Mapping[str, Any]) -> bool:
    """Return whether a request's other fields are what they are by default, in type as well: 0 is not ``False``."""
    return all(
        name in NOTHING and isinstance(value, type(NOTHING[name])) and value == NOTHING[name]
        for name, value in asked.items()
    )


def recommend_from(asked: Asked) -> dict[str, Any]:
    """Candidates for somebody never seen, from his last actions."""
    message: RecommendFrom = asked.message
    found = asked.served.retriever.recommend_from(message.flits, message.k, message.wishes.request({}))
    return _listed(asked, found)


def similar(asked: Asked) -> dict[str, Any]:
    """The nearest neighbours of a flit, or of a node of another type."""
    message: Similar = asked.message
    settings = asked.served.retriever.bundle.settings
    kind = message.type or settings.flit_type
    if kind == settings.user_type and asked.service.state.of(message.id).forgotten:
        raise UnknownIdError("id must be a known id")
    return _near(asked, kind, asked.served.retriever.similar(message.id, message.k, node_type=kind))


def search(asked: Asked) -> dict[str, Any]:
    """The flits nearest to a text."""
    message: Search = asked.message
    retriever = asked.served.retriever
    return _near(asked, retriever.bundle.settings.flit_type, retriever.search(message.text, message.k))


def embed(asked: Asked) -> dict[str, Any]:
    """The vector of a flit that the version does not know, from its text, its image or both."""
    message: Embed = asked.message
    if message.text is None and message.image is None:
        raise ConfigError("embed must be given a text or an image (got neither)")
    vector = asked.served.retriever.embed(message.text, message.image)
    return {"version": asked.served.version, "vector": vector[0].astype(np.float64).round(DIGITS).tolist()}


def standing(known: Known, retriever: Retriever) -> dict[Id, float]:
    """Return the user's standing wishes about flits that the version knows."""
    flits = retriever.bundle.ids[retriever.bundle.settings.flit_type]
    return {flit: factor for flit, factor in known.wishes.items() if flits.get(flit) is not None}


def since_version(known: Known, retriever: Retriever, config: ServingConfig, user: Id) -> tuple[list[Action], list[Id]]:
    """Return what to fold into a user's interests, and what else not to show him.

    An event from before the version's "now" stands in its tables already and is not counted twice; of a user whom the
    version has not met, none does.
    """
    bundle = retriever.bundle
    flits, as_of_s = bundle.ids[bundle.settings.flit_type], bundle.settings.as_of_s
    if bundle.ids[bundle.settings.user_type].get(user) is None:
        as_of_s = None
    newest: list[Action] = []
    hidden: list[Id] = []
    for event in known.events:
        against = config.hides.get(event.kind)
        weight = config.actions.get(event.kind, None if against is None else -against)
        if flits.get(event.flit) is None or weight is None:
            continue
        if weight and (as_of_s is None or event.time_s >= as_of_s):
            newest.append(Action(event.flit, event.time_s, weight))
        else:
            hidden.append(event.flit)
    return newest, hidden


def times_shown(known: Known, retriever: Retriever, config: ServingConfig) -> dict[Id, int]:
    """Return how often a user was shown each flit that may be an ad, as the events told say."""
    if retriever.bundle.campaigns is None:
        return {}
    flits = retriever.bundle.ids[retriever.bundle.settings.flit_type]
    shown = Counter(event.flit for event in known.events if event.kind in config.impressions)
    return {flit: times for flit, times in shown.items() if flits.get(flit) is not None}


def _listed(asked: Asked, found: Candidates) -> dict[str, Any]:
    message: Listed = asked.message
    rows = enumerate(zip(rendered(found), _shown(asked, found.kind, found.ids), strict=True))
    candidates = [
        one | ({"why": found.explain(place)} if message.explain else {}) for place, (one, shown) in rows if shown
    ]
    answer = {"version": asked.served.version, **told(found.reason, candidates)}
    return answer | ({"trace": _traced(asked, found)} if message.trace else {})


def _traced(asked: Asked, found: Candidates) -> list[dict[str, Any]]:
    """Return the steps of an answer, of which none names who asked to be forgotten."""
    steps = found.trace().to_dicts()
    for step in steps:
        removed = step["removed"]
        step["removed"] = [one for one, shown in zip(removed, _shown(asked, found.kind, removed), strict=True) if shown]
    return steps


def _near(asked: Asked, kind: str, frame: pl.DataFrame) -> dict[str, Any]:
    cosines = frame["similarity"].cast(pl.Float64).round(DIGITS).to_list()
    ids = frame["id"].to_list()
    rows = zip(ids, cosines, _shown(asked, kind, ids), strict=True)
    found = [{"id": one, "similarity": cosine} for one, cosine, shown in rows if shown]
    return {"version": asked.served.version, "type": kind, "found": found}


def _shown(asked: Asked, kind: str, ids: list[Id]) -> list[bool]:
    """Return which nodes may be named: users who asked to be forgotten may not."""
    if kind != asked.served.retriever.bundle.settings.user_type:
        return [True] * len(ids)
    return [not gone for gone in asked.service.state.forgot(ids)]
