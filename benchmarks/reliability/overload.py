"""Ten times more connections than requests may wait, each asking again at once whatever it was told.

One route after another, each with a service of its own: computed on the loop, on threads, and written. Only answers,
and refusals that say when to come back; afterwards the same process answers as before.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np

from benchmarks.common import Result
from benchmarks.load import load, request
from benchmarks.reliability.caller import Caller, question
from benchmarks.reliability.options import Options
from benchmarks.reliability.processes import Sample
from benchmarks.serving.questions import COMPUTED, flags
from benchmarks.serving.servers import service
from graphrec.ids import Id
from graphrec.retrieval.retriever import Retriever
from graphrec.serving.config import ServingConfig

TIMES = 10
USERS = 200
AFTERWARDS = 200
"""Questions asked once the flood is over."""
REFUSED = (429, 503)


class Flood:
    """What many connections were told.

    Attributes:
        statuses: How often each came; 0: the connection broke.
        silent: Refusals that do not say when to come back.
        seconds: Times of the answers of status 200.
        peak_mb: Most memory the service was seen to take.
    """

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.silent = 0
        self.seconds: list[float] = []
        self.peak_mb = 0.0

    async def run(self, port: int, pid: int, requests: Sequence[bytes], connections: int, seconds: float) -> None:
        """Ask over so many connections for so long."""
        until = time.perf_counter() + seconds
        watching = asyncio.create_task(self._watch(pid))
        await asyncio.gather(*(self._ask(port, requests, number, until) for number in range(connections)))
        watching.cancel()

    async def _ask(self, port: int, requests: Sequence[bytes], number: int, until: float) -> None:
        caller = Caller(port)
        while (started := time.perf_counter()) < until:
            reply = await caller.ask(requests[number % len(requests)])
            number += 1
            self.statuses[reply.status] += 1
            self.silent += reply.status in REFUSED and b"\r\nretry-after: " not in reply.head
            if reply.status == 200:
                self.seconds.append(time.perf_counter() - started)
        caller.close()

    async def _watch(self, pid: int) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, Sample.of(pid).rss_mb)
            await asyncio.sleep(0.1)


def run(result: Result, options: Options) -> None:
    """Measure."""
    bundle = Retriever.open(options.store).bundle
    users, flits = (bundle.ids[one].series.to_list() for one in (bundle.settings.user_type, bundle.settings.flit_type))
    connections = TIMES * ServingConfig().max_waiting
    result.add("overload.connections", connections)
    for name, requests in asked(users[:USERS], flits[0]).items():
        measure(result, f"overload.{name}", options, requests, connections)


def asked(users: Sequence[Id], flit: Id) -> Mapping[str, Sequence[bytes]]:
    """Return the routes that are flooded, and what they are asked."""
    events = [[{"event_id": f"flood-{user}", "user": user, "flit": flit, "kind": "like"}] for user in users]
    return {
        "recommend": [question("/v1/recommend", {"user": user}) for user in users],
        "interests": [request(f"/v1/users/{quote(str(user), safe='')}/interests", b"", "GET") for user in users],
        "events": [question("/v1/events", {"events": one}) for one in events],
    }


def measure(result: Result, name: str, options: Options, requests: Sequence[bytes], connections: int) -> None:
    """Add the figures of one route."""
    flood = Flood()
    with service(options.store, *flags(COMPUTED)) as (port, _, pid):
        calm = load(port, requests, 1, options.seconds / 4)
        before = Sample.of(pid)
        asyncio.run(flood.run(port, pid, requests, connections, options.seconds))
        crashed = not Path(f"/proc/{pid}").exists()
        afterwards = load(port, requests[:AFTERWARDS], 1, rounds=1)
        after = Sample.of(pid)
    refused = sum(flood.statuses[one] for one in REFUSED)
    other = flood.statuses.total() - refused - flood.statuses[200]
    result.add(f"{name}.requests", flood.statuses.total())
    result.add(f"{name}.refused", refused)
    result.add(f"{name}.neither_answered_nor_refused", other, better="lower", goal=0)
    result.add(f"{name}.refused_without_retry_after", flood.silent, better="lower", goal=0)
    result.add(f"{name}.crashed", crashed, better="lower", goal=0)
    result.add(f"{name}.calm_rps", calm.rps, unit="1/s")
    result.add(f"{name}.answered_rps", flood.statuses[200] / options.seconds, unit="1/s")
    result.add(f"{name}.answered_p99_ms", float(np.quantile(flood.seconds, 0.99)) * 1000, unit="ms", better="lower")
    result.add(f"{name}.rss_before_mb", before.rss_mb, unit="MB", better="lower")
    result.add(f"{name}.rss_peak_mb", flood.peak_mb, unit="MB", better="lower")
    result.add(f"{name}.rss_after_mb", after.rss_mb, unit="MB", better="lower")
    result.add(f"{name}.failed_afterwards", afterwards.failed, better="lower", goal=0)
    result.add(f"{name}.calm_p50_ms", calm.p50_ms, unit="ms", better="lower")
    result.add(f"{name}.p50_afterwards_ms", afterwards.p50_ms, unit="ms", better="lower")
