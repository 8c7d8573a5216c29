"""What a service is asked on an ordinary day: mostly for candidates, now and then with an event or a wish."""

import itertools
import json
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import quote

import numpy as np

from benchmarks.reliability.caller import Reply, question
from benchmarks.reliability.paced import Call
from benchmarks.reliability.versions import Prepared
from graphrec.ids import Id

USERS = 200
WISHED = 20
"""Flits that wishes are about: a user may have only so many."""


def mixed(prepared: Prepared, rng: np.random.Generator, seen: set[str]) -> Iterator[Call]:
    """Yield requests without end.

    Args:
        prepared: The versions.
        rng: Chance.
        seen: Takes the versions that answered.
    """
    users, flits = prepared.users[:USERS], prepared.flits
    one_version = partial(of_one_version, prepared, prepared.left_out(), seen)
    for number in itertools.count():
        user, flit, roll = users[int(rng.integers(len(users)))], flits[int(rng.integers(len(flits)))], rng.random()
        if roll < 0.9:
            yield Call(question("/v1/recommend", {"user": user}), one_version)
        elif roll < 0.94:
            yield Call(question("/v1/similar", {"id": flit}), partial(_says, b'"found"'))
        elif roll < 0.98:
            event = {"event_id": f"mixed-{number}", "user": user, "flit": flit, "kind": "like"}
            yield Call(question("/v1/events", {"events": [event]}), partial(_says, b'"stored":1'))
        else:
            wish = {"flit": flits[int(rng.integers(WISHED))], "factor": float(rng.integers(3))}
            path = f"/v1/users/{quote(str(user), safe='')}/interests"
            yield Call(question(path, {"interests": [wish]}, "PATCH"), partial(_says, b'"wishes"'))


def of_one_version(prepared: Prepared, left_out: Sequence[set[Id]], seen: set[str], reply: Reply) -> bool:
    """Return whether an answer names one version, and no candidate that this version leaves out."""
    answer = json.loads(reply.body)
    seen.add(answer["version"])
    named = f"x-graphrec-version: {answer['version']}".encode() in reply.head
    ids = {one["id"] for one in answer["candidates"]}
    return named and bool(ids) and not ids & left_out[prepared.kind(answer["version"])]


def _says(what: bytes, reply: Reply) -> bool:
    return what in reply.body
