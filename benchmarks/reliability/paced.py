"""An open loop over HTTP: requests leave at a given rate whether or not those before them were answered.

A server that stalls cannot slow such a caller down, so that what waited meanwhile is counted with all its waiting
(the closed loop of ``benchmarks.load`` would leave it out: "coordinated omission").
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from benchmarks.reliability.caller import Caller, Reply

CONNECTIONS = 16


@dataclass(frozen=True)
class Call:
    """One request, and whether an answer to it (of status 200) is right."""

    request: bytes
    right: Callable[[Reply], bool]


@dataclass
class Tally:
    """What came back.

    Attributes:
        due: When each request was due, by ``time.perf_counter``.
        seconds: From then to its answer.
        statuses: How often each came; 0: the connection broke.
        wrong: Answers of status 200 that were not right.
    """

    due: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0

    @property
    def asked(self) -> int:
        """Requests sent."""
        return self.statuses.total()

    @property
    def failed(self) -> int:
        """Requests without an answer of status 200."""
        return self.asked - self.statuses[200]

    def quantile_ms(self, share: float, windows: Sequence[tuple[float, float]] = ()) -> float:
        """Return the time that this share of the answers kept within, milliseconds.

        Args:
            share: Between 0 and 1.
            windows: Only of requests that were due in one of these spans; none: of all.
        """
        seconds, due = np.array(self.seconds), np.array(self.due)
        inside = [(due >= start) & (due <= end) for start, end in windows]
        return float(np.quantile(seconds[np.any(inside, axis=0)] if windows else seconds, share)) * 1000

    def note(self, call: Call, reply: Reply, due: float) -> None:
        """Count an answer that has just come."""
        self.due.append(due)
        self.seconds.append(time.perf_counter() - due)
        self.statuses[reply.status] += 1
        self.wrong += reply.status == 200 and not call.right(reply)


async def under_load(port: int, calls: Iterator[Call], rate: float, work: Awaitable[None]) -> Tally:
    """Ask at a rate as long as some work takes.

    Args:
        port: Of a server on this machine.
        calls: What to ask, without end.
        rate: Requests a second, evenly spaced.
        work: Runs meanwhile, in the same event loop.
    """
    tally = Tally()
    due: asyncio.Queue[tuple[Call, float]] = asyncio.Queue()
    tasks = [asyncio.create_task(_call(port, due, tally)) for _ in range(CONNECTIONS)]
    pace = asyncio.create_task(_pace(due, calls, rate))
    try:
        await work
        pace.cancel()
        await due.join()
    finally:
        for task in (pace, *tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return tally


async def _pace(due: "asyncio.Queue[tuple[Call, float]]", calls: Iterator[Call], rate: float) -> None:
    started, sent = time.perf_counter(), 0
    while True:
        now = time.perf_counter()
        while sent < (now - started) * rate:
            due.put_nowait((next(calls), now))
            sent += 1
        await asyncio.sleep(max(0.0, started + sent / rate - now))


async def _call(port: int, due: "asyncio.Queue[tuple[Call, float]]", tally: Tally) -> None:
    caller = Caller(port)
    try:
        while True:
            call, since = await due.get()
            tally.note(call, await caller.ask(call.request), since)
            due.task_done()
    finally:
        caller.close()
