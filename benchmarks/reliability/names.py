"""Hostile names as ids through every route, as versions, aliases and stores through Python and the command line."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from benchmarks.common import Result
from benchmarks.reliability.canary import SONG, World, differences
from benchmarks.reliability.hostile import hostile_names
from benchmarks.reliability.names_links import links
from benchmarks.reliability.names_local import commands, python_api
from benchmarks.reliability.options import Options
from benchmarks.reliability.wire import LOST, Reply, ask, head
from benchmarks.serving.servers import service
from graphrec.retrieval.retriever import Retriever
from graphrec.state import SqliteState, drain

K = 5
KNOWN_USERS = 20
"""Users whose answers may not change."""
REFUSED = tuple(range(400, 500))
GIVEN = (200, *REFUSED)
"""Where an id that nobody has heard of is answered: with what is popular, with nothing, by keeping it."""


@dataclass(frozen=True)
class Place:
    """Where a request may carry a name.

    Attributes:
        method: HTTP method.
        path: ``{}`` stands for the name, if it stands there.
        body: Makes the body of the name; ``None``: no body.
        allowed: Statuses of names that break no rule.
    """

    method: str
    path: str
    body: Callable[[str], Any] | None = None
    allowed: Sequence[int] = REFUSED


def _event(**changed: str) -> dict[str, Any]:
    return {"events": [{"event_id": "a", "user": "somebody", "flit": "something", "kind": "like"} | changed]}


def _wish(**wishes: Any) -> dict[str, Any]:
    return {"user": "somebody", "k": K, "wishes": wishes}


PATHS = (
    Place("GET", "/v1/users/{}/interests"),
    Place("GET", "/v1/users/{}/actions", None, GIVEN),
    Place("PATCH", "/v1/users/{}/interests", lambda name: {"interests": [{"flit": name, "factor": 0}]}),
    Place("DELETE", "/v1/users/{}", None, GIVEN),
    Place("GET", "/v1/images/{}"),
)
BODIES = (
    Place("POST", "/v1/recommend", lambda name: {"user": name, "k": K}, GIVEN),
    Place("POST", "/v1/recommend", lambda name: {"user": "somebody", "k": K, "kind": name}),
    Place("POST", "/v1/recommend", lambda name: _wish(muted=[name])),
    Place("POST", "/v1/recommend", lambda name: _wish(boosted=[{"flit": name, "factor": 2}])),
    Place("POST", "/v1/recommend", lambda name: _wish(blocked_authors=[name]), GIVEN),
    Place("POST", "/v1/recommend", lambda name: _wish(where={name: [name]})),
    Place("POST", "/v1/recommend", lambda name: _wish(segment=name), GIVEN),
    Place("POST", "/v1/recommend-from", lambda name: {"flits": [name]}),
    Place("POST", "/v1/similar", lambda name: {"id": name}),
    Place("POST", "/v1/similar", lambda name: {"id": "something", "type": name}),
    Place("POST", "/v1/search", lambda name: {"text": name, "k": K}, GIVEN),
    Place("POST", "/v1/neighbours", lambda name: {"id": name}),
    Place("POST", "/v1/neighbours", lambda name: {"id": "something", "type": name}),
    Place("POST", "/v1/flits", lambda name: {"ids": [name]}, GIVEN),
    Place("POST", "/v1/events", lambda name: _event(event_id=f"a{name}", user=name), GIVEN),
    Place("POST", "/v1/events", lambda name: _event(event_id=f"b{name}", flit=name, kind=name), GIVEN),
)


def run(result: Result, options: Options) -> None:
    """Give every name everywhere, and look what changed."""
    names = hostile_names()
    result.add("names.names", len(names), goal=options.count)
    with tempfile.TemporaryDirectory() as folder:
        world = World.build(options.store, Path(folder).resolve())
        before = world.tree()
        _served(result, world, names)
        python_api(result, world, names)
        commands(result, world, names)
        touched = differences(before, world.tree())
        print(*touched[:20], sep="\n", end="")
        result.add("names.files_touched", len(touched), better="lower", goal=0)
    links(result, options.store)


def _served(result: Result, world: World, names: Sequence[str]) -> None:
    """Ask a service over the store, and drain what it was told."""
    retriever = Retriever.open(world.store)
    known = retriever.bundle.ids[retriever.bundle.settings.user_type].series.to_list()[:KNOWN_USERS]
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state.sqlite"
        with service(str(world.store), "--state", str(state)) as (port, _, _):
            before = _candidates(port, known)
            found = list(_asked(port, names))
            changed = sum(one != other for one, other in zip(before, _candidates(port, known), strict=True))
        kept = SqliteState(state)
        events = sum(1 for _ in kept.since(0))
        lost = events - drain(kept, Path(folder) / "drained").events
        kept.close()
    wrong = [(what, reply) for what, reply, allowed in found if reply.status not in allowed]
    for what, reply in wrong[:20]:
        print(f"{what}: {reply.status} {reply.body[:200]!r}")
    statuses = Counter(reply.status for _, reply, _ in found)
    print(dict(statuses))
    result.add("names.served.requests", len(found))
    result.add("names.served.refused", sum(statuses[one] for one in REFUSED))
    result.add("names.served.not_as_documented", len(wrong), better="lower", goal=0)
    result.add("names.served.answered_5xx", sum(one >= 500 for one in statuses.elements()), better="lower", goal=0)
    result.add("names.served.unanswered", statuses[LOST], better="lower", goal=0)
    leaks = sum(SONG.encode() in reply.body for _, reply, _ in found)
    result.add("names.served.leaks", leaks, better="lower", goal=0)
    result.add("names.served.events_kept", events)
    result.add("names.served.events_lost_in_drain", lost, better="lower", goal=0)
    result.add("names.served.others_answers_changed", changed, better="lower", goal=0)


def _asked(port: int, names: Sequence[str]) -> Iterator[tuple[str, Reply, Sequence[int]]]:
    """Yield what was asked, the answer, and the statuses it may have."""
    for name in names:
        data = name.encode("utf-8", "surrogatepass")
        for place in BODIES:
            what = f"{place.method} {place.path} {place.body and place.body(name[:80])}"
            yield what, _reply(port, place, place.path.encode(), name), place.allowed
        for spelling in (quote_from_bytes(data, safe="").replace(".", "%2E").encode(), data):
            for place in PATHS:
                path = place.path.encode().replace(b"{}", spelling)
                yield f"{place.method} {path[:80]!r}", _reply(port, place, path, name), place.allowed


def _reply(port: int, place: Place, path: bytes, name: str) -> Reply:
    body = b"" if place.body is None else json.dumps(place.body(name)).encode()
    request = head(place.method, path, f"Content-Length: {len(body)}", "Connection: close") + body
    return ask(port, [request], patience_s=60)


def _candidates(port: int, users: Sequence[Any]) -> list[bytes]:
    """Return what known users are answered."""
    place = BODIES[0]
    return [_reply(port, place, place.path.encode(), user).body for user in users]
