"""Routes about users, for whoever looks: whom to begin with, and what somebody did."""

from typing import Any

import numpy as np

from graphrec.errors import UnknownIdError
from graphrec.retrieval.bundle import Bundle
from graphrec.serving.endpoint import Asked

EXAMPLES = 8
MOST_ACTIONS = 300
ENOUGH = 3
"""Interests that make a user worth looking at."""


def some_users(asked: Asked) -> dict[str, Any]:
    """A few users with several interests, to begin with."""
    bundle = asked.served.retriever.bundle
    users = bundle.ids[bundle.settings.user_type]
    interests, actions = np.diff(bundle.interests.indptr), bundle.history.actions_per_user
    # Those with more than a few interests and a middling number of actions show most.
    usual = float(np.median(actions[actions > 0])) if (actions > 0).any() else 0.0
    order = np.lexsort((np.abs(actions - 2 * usual), -np.minimum(interests, ENOUGH)))[: 2 * EXAMPLES]
    ids = users.ids(order).to_list()
    shown = [
        {"id": one, "interests": int(interests[row]), "actions": int(actions[row])}
        for one, row, forgot in zip(ids, order, asked.service.state.forgot(ids), strict=True)
        if not forgot
    ]
    return {"version": asked.served.version, "users": shown[:EXAMPLES]}


def actions(asked: Asked) -> dict[str, Any]:
    """What a user did, the newest first: since the version, and before."""
    bundle = asked.served.retriever.bundle
    users = bundle.ids[bundle.settings.user_type]
    user = users.parsed(asked.user)
    known, row = asked.service.state.of(user), users.get(user)
    if known.forgotten or (row is None and not known.events):
        raise UnknownIdError("user_id must be a known user")
    newest = [
        {"flit": one.flit, "time_s": one.time_s, "kind": one.kind, "interest": None} for one in reversed(known.events)
    ]
    earlier = [] if row is None else _earlier(bundle, row)
    return {"version": asked.served.version, "actions": (newest + earlier)[:MOST_ACTIONS]}


def _earlier(bundle: Bundle, user: int) -> list[dict[str, Any]]:
    """Return what the version knows of a user's newest actions, and to which interest each belongs."""
    done, flits, interests = bundle.history.of(user), bundle.ids[bundle.settings.flit_type], bundle.interests
    part = slice(int(interests.action_indptr[user]), int(interests.action_indptr[user + 1]))
    of_action = np.full(len(done.rows), -1, dtype=np.int64)
    of_action[interests.action_position[part] - bundle.history.indptr[user]] = interests.action_interest[part]
    medoids = flits.ids(interests.of(user).medoid).to_list()
    newest = np.arange(len(done.rows))[::-1][:MOST_ACTIONS]
    return [
        {
            "flit": flit,
            "time_s": None if done.time_s is None else int(done.time_s[place]),
            "kind": None,
            "interest": medoids[of_action[place]] if of_action[place] >= 0 else None,
        }
        for flit, place in zip(flits.ids(done.rows[newest]).to_list(), newest, strict=True)
    ]
