"""``graphrec serve``: uvicorn on this machine."""

import json

from benchmarks.common import Result
from benchmarks.load import load, request
from benchmarks.serving.questions import COMPUTED, CONNECTIONS, Questions, compare, flags
from benchmarks.serving.servers import echo, memory_mb, service, worker_pids

HEADLINE = 16


def rates(result: Result, asked: Questions) -> None:
    """Compare one worker with the echo, and time its start."""
    questions = asked.recommend()
    with service(asked.store, *flags(COMPUTED)) as (port, ready_s, _):
        result.add("uvicorn.start_to_ready_s", ready_s, unit="s", better="lower")
        size = load(port, questions, 1, 1.0).answer_bytes
    result.add("answer_bytes", size, unit="B", better="lower")
    for name, settings in asked.ways().items():
        for connections in CONNECTIONS:
            with echo(size) as port:
                before = load(port, questions, connections, asked.seconds)
            with service(asked.store, *flags(settings)) as (port, _, _):
                load(port, questions, 1, rounds=1)
                found = load(port, questions, connections, asked.seconds)
            with echo(size) as port:
                after = load(port, questions, connections, asked.seconds)
            compare(result, f"uvicorn.{name}.c{connections}", found, (before, after))


def workers(result: Result, asked: Questions) -> None:
    """Tell what two workers answer together, and what memory each takes."""
    with service(asked.store, *flags(COMPUTED), "--workers", "2") as (port, ready_s, pid):
        found = load(port, asked.recommend(), HEADLINE, asked.seconds)
        result.add("uvicorn.two_workers.start_to_ready_s", ready_s, unit="s", better="lower")
        result.add(f"uvicorn.two_workers.computed.c{HEADLINE}.rps", found.rps, unit="1/s")
        result.add(f"uvicorn.two_workers.computed.c{HEADLINE}.failed", found.failed, better="lower", goal=0)
        for kind in ("Rss", "Pss"):
            megabytes = [memory_mb(child, kind) for child in worker_pids(pid)]
            result.add(f"uvicorn.worker_{kind.lower()}_mb", max(megabytes), unit="MB", better="lower")


def events(result: Result, asked: Questions) -> None:
    """Tell how many events a second are acknowledged, each one a request and forced to disk."""
    users = [str(user) for user in asked.users]
    for connections in CONNECTIONS:
        told = [
            {
                "event_id": f"{connections}-{place}",
                "user": users[place % len(users)],
                "flit": asked.flit,
                "kind": "like",
            }
            for place in range(int(20_000 * asked.seconds))
        ]
        bodies = [request("/v1/events", json.dumps({"events": [one]}).encode()) for one in told]
        with service(asked.store) as (port, _, _):
            found = load(port, bodies, connections, asked.seconds)
        result.add(f"uvicorn.events.c{connections}.rps", found.rps, unit="1/s")
        result.add(f"uvicorn.events.c{connections}.p99_ms", found.p99_ms, unit="ms", better="lower")
        result.add(f"uvicorn.events.c{connections}.failed", found.failed, better="lower", goal=0)
