"""Workers killed (SIGKILL) while clients ask and tell of events: what was acknowledged is on disk, whoever died.

Two workers. Threads with ``graphrec.Client``, as it comes, tell of an event and ask for candidates in turn; plain
connections do the same and never send anything twice. A worker chosen by chance is killed at a random time, about as
long after the last as a worker takes to start: some die while another is not back yet. At the end the state is read.
"""

import asyncio
import os
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import graphrec as gr
from benchmarks.common import Result
from benchmarks.reliability.caller import Caller, question
from benchmarks.reliability.options import Options
from benchmarks.serving.servers import service, worker_pids
from graphrec.ids import Id
from graphrec.retrieval.retriever import Retriever
from graphrec.serving.client import ServiceError
from graphrec.serving.messages import NewEvent
from graphrec.state import SqliteState

CALLERS = 4
"""Threads with the client, and as many plain connections."""
KIND = "like"


@dataclass
class Told:
    """What callers of one kind saw; each appends alone, which is one step in Python.

    Attributes:
        seconds: Of each request.
        acknowledged: Events that were acknowledged.
        lost: Requests without an answer, or with a refusal.
    """

    seconds: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    lost: list[ServiceError] = field(default_factory=list)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Note one request, and whether it was lost."""
        started = time.perf_counter()
        try:
            yield
        except ServiceError as error:
            self.lost.append(error)
        self.seconds.append(time.perf_counter() - started)


@dataclass(frozen=True)
class World:
    """What callers share: where the service listens, who may be asked for, a flit, and when to stop."""

    port: int
    users: Sequence[Id]
    flit: Id
    stop: threading.Event


def run(result: Result, options: Options) -> None:
    """Measure."""
    bundle = Retriever.open(options.store).bundle
    users, flits = (bundle.ids[one].series.to_list() for one in (bundle.settings.user_type, bundle.settings.flit_type))
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "kept.sqlite"
        with service(options.store, "--workers", "2", "--state", str(state)) as (port, ready_s, pid):
            world = World(port, users, flits[0], threading.Event())
            by_client, by_plain = Told(), Told()
            threads = [threading.Thread(target=use_client, args=(world, n, by_client)) for n in range(CALLERS)]
            threads += [threading.Thread(target=lambda: asyncio.run(use_plain(world, by_plain)))]
            for one in threads:
                one.start()
            result.add("kills.start_to_ready_s", ready_s, unit="s", better="lower")
            kill(pid, options.count, ready_s, np.random.default_rng(options.seed))
            world.stop.set()
            for one in threads:
                one.join()
        tell(result, options, (by_client, by_plain), state)


def use_client(world: World, number: int, told: Told) -> None:
    """Tell of an event and ask, in turn, through ``graphrec.Client``."""
    with gr.Client(f"http://127.0.0.1:{world.port}") as client:
        turn = 0
        while not world.stop.is_set():
            turn += 1
            user, name = world.users[turn % len(world.users)], f"client-{number}-{turn}"
            event = NewEvent(event_id=name, user=user, flit=world.flit, kind=KIND)
            with told.timed():
                client.add_events([event])
                told.acknowledged.append(name)
            with told.timed():
                client.recommend(user)


async def use_plain(world: World, told: Told) -> None:
    """Do the same over plain connections."""
    await asyncio.gather(*(_use_one(world, number, told) for number in range(CALLERS)))


async def _use_one(world: World, number: int, told: Told) -> None:
    caller, turn = Caller(world.port), 0
    while not world.stop.is_set():
        turn += 1
        user, name = world.users[turn % len(world.users)], f"plain-{number}-{turn}"
        event = {"event_id": name, "user": user, "flit": world.flit, "kind": KIND}
        for sent in (question("/v1/events", {"events": [event]}), question("/v1/recommend", {"user": user})):
            with told.timed():
                reply = await caller.ask(sent)
                if reply.status != 200:
                    raise ServiceError("an answer must come", reply.status)
                if b'"stored":1' in reply.body:
                    told.acknowledged.append(name)
    caller.close()


def kill(supervisor: int, count: int, ready_s: float, rng: np.random.Generator) -> None:
    """Kill workers, one after the other, then wait until all are back."""
    for _ in range(count):
        time.sleep(ready_s * rng.uniform(0.5, 1.5))
        while not (alive := worker_pids(supervisor)):
            time.sleep(0.01)
        os.kill(int(rng.choice(alive)), signal.SIGKILL)
    time.sleep(2 * ready_s)


def tell(result: Result, options: Options, told: tuple[Told, Told], state: Path) -> None:
    """Add what was acknowledged, and what of it is there."""
    with closing(SqliteState(state)) as opened:
        kept = {event.event_id for _, event in opened.since(0)}
    with closing(sqlite3.connect(state)) as opened_again:
        sound = opened_again.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    acknowledged = {name for one in told for name in one.acknowledged}
    result.add("kills.kills", options.count)
    result.add("kills.events_acknowledged", len(acknowledged))
    result.add("kills.events_lost", len(acknowledged - kept), better="lower", goal=0)
    result.add("kills.state_damaged", not sound, better="lower", goal=0)
    for name, one, goal in zip(("client", "plain"), told, (0, None), strict=True):
        result.add(f"kills.{name}_requests", len(one.seconds))
        result.add(f"kills.{name}_lost", len(one.lost), better="lower", goal=goal)
        result.add(f"kills.{name}_longest_ms", max(one.seconds) * 1000, unit="ms", better="lower")
    result.add("kills.plain_lost_per_kill", len(told[1].lost) / options.count, better="lower")
