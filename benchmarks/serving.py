"""The service beside an echo of the same answer size under the same server: rates, latencies, start and memory.

Servers run in processes of their own, one worker each unless said otherwise; the load comes from this process, in
closed loops of 1, 16 and 64 connections asking for the top 50 of one user after another. ``computed``: no answer is
remembered. ``remembered``: each has been asked before. The echo runs before and after each, and its mean counts.

    make demo && python -m benchmarks.serving --store demo/store [--only rates]    # one of: rates, workers, events
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np

from benchmarks.common import Result, arguments
from benchmarks.echo import SIZE
from benchmarks.load import Load, load, request
from graphrec.retrieval.retriever import Retriever

PARTS = ("rates", "workers", "events")
CONNECTIONS = (1, 16, 64)
K = 50
USERS = 1000
"""Users asked for at most."""
HEADLINE = 16


def main() -> None:
    """Run and write the result file."""
    parser = arguments("serving", __doc__)
    parser.add_argument("--store", default="demo/store", help="store with a version to serve")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each loop")
    options = parser.parse_args()
    result = Result("serving", 0)
    retriever = Retriever.open(options.store)
    users = retriever.bundle.ids[retriever.bundle.settings.user_type].series.to_list()[:USERS]
    questions = [request("/v1/recommend", json.dumps({"user": user, "k": K}).encode()) for user in users]
    for part in PARTS if options.only is None else (options.only,):
        if part == "rates":
            rates(result, options.store, questions, options.seconds)
        elif part == "workers":
            workers(result, options.store, questions, options.seconds)
        else:
            events(result, options.store, [str(user) for user in users], retriever, options.seconds)
    result.save(options.out)


def rates(result: Result, store: str, questions: Sequence[bytes], seconds: float) -> None:
    """Compare one worker with the echo, and time its start."""
    with service(store, "--set", "answers_kept=0") as (port, ready_s, _):
        result.add("uvicorn.start_to_ready_s", ready_s, unit="s", better="lower")
        size = load(port, questions, 1, 1.0).answer_bytes
    result.add("answer_bytes", size, unit="B", better="lower")
    for name, kept in (("computed", 0), ("remembered", len(questions))):
        for connections in CONNECTIONS:
            with echo(size) as port:
                before = load(port, questions, connections, seconds)
            with service(store, "--set", f"answers_kept={kept}") as (port, _, _):
                load(port, questions, 1, rounds=1)
                found = load(port, questions, connections, seconds)
            with echo(size) as port:
                after = load(port, questions, connections, seconds)
            compare(result, f"uvicorn.{name}.c{connections}", found, (before, after))


def compare(result: Result, name: str, found: Load, echoes: Sequence[Load]) -> None:
    """Add one loop's figures and their ratios to the echo's."""
    echo_rps = float(np.mean([one.rps for one in echoes]))
    echo_p99 = float(np.mean([one.p99_ms for one in echoes]))
    result.add(f"{name}.rps", found.rps, unit="1/s")
    result.add(f"{name}.p50_ms", found.p50_ms, unit="ms", better="lower")
    result.add(f"{name}.p99_ms", found.p99_ms, unit="ms", better="lower")
    result.add(f"{name}.failed", found.failed, better="lower", goal=0)
    result.add(f"{name}.echo_rps", echo_rps, unit="1/s")
    result.add(f"{name}.echo_p99_ms", echo_p99, unit="ms", better="lower")
    result.add(f"{name}.ratio_to_echo_rps", found.rps / echo_rps, goal=0.6)
    result.add(f"{name}.ratio_to_echo_p99", found.p99_ms / echo_p99, better="lower", goal=2.0)


def workers(result: Result, store: str, questions: Sequence[bytes], seconds: float) -> None:
    """Tell what two workers answer together, and what memory each takes."""
    with service(store, "--set", "answers_kept=0", "--workers", "2") as (port, ready_s, pid):
        found = load(port, questions, HEADLINE, seconds)
        result.add("uvicorn.two_workers.start_to_ready_s", ready_s, unit="s", better="lower")
        result.add(f"uvicorn.two_workers.computed.c{HEADLINE}.rps", found.rps, unit="1/s")
        result.add(f"uvicorn.two_workers.computed.c{HEADLINE}.failed", found.failed, better="lower", goal=0)
        for kind in ("Rss", "Pss"):
            megabytes = [memory_mb(child, kind) for child in worker_pids(pid)]
            result.add(f"uvicorn.worker_{kind.lower()}_mb", max(megabytes), unit="MB", better="lower")


def events(result: Result, store: str, users: Sequence[str], retriever: Retriever, seconds: float) -> None:
    """Tell how many events a second are acknowledged, each one a request and forced to disk."""
    flit = retriever.bundle.ids[retriever.bundle.settings.flit_type].series[0]
    for connections in CONNECTIONS:
        told = [
            {"event_id": f"{connections}-{place}", "user": users[place % len(users)], "flit": flit, "kind": "like"}
            for place in range(int(20_000 * seconds))
        ]
        bodies = [request("/v1/events", json.dumps({"events": [one]}).encode()) for one in told]
        with service(store) as (port, _, _):
            found = load(port, bodies, connections, seconds)
        result.add(f"uvicorn.events.c{connections}.rps", found.rps, unit="1/s")
        result.add(f"uvicorn.events.c{connections}.p99_ms", found.p99_ms, unit="ms", better="lower")
        result.add(f"uvicorn.events.c{connections}.failed", found.failed, better="lower", goal=0)


@contextmanager
def service(store: str, *options: str) -> Iterator[tuple[int, float, int]]:
    """Run ``graphrec serve`` on a fresh state and yield its port, the seconds until it was ready, and its pid."""
    code = "from graphrec.cli import main; main()"
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        args = ["serve", "--store", store, "--port", str(port), "--state", str(Path(folder) / "state.sqlite"), *options]
        with running([sys.executable, "-c", code, *args], port, "/readyz", {}) as (ready_s, pid):
            yield port, ready_s, pid


@contextmanager
def echo(size: int) -> Iterator[int]:
    """Run the echo under the same server with the same settings and yield its port."""
    port = free_port()
    code = (
        "import uvicorn; uvicorn.run('benchmarks.echo:echo', factory=True, "
        f"port={port}, log_config=None, access_log=False, server_header=False)"
    )
    with running([sys.executable, "-c", code], port, "/", {SIZE: str(size)}):
        yield port


@contextmanager
def running(command: Sequence[str], port: int, path: str, variables: dict[str, str]) -> Iterator[tuple[float, int]]:
    """Run a server and yield the seconds until it answered, and its pid."""
    started = time.perf_counter()
    environment = os.environ | variables | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        while not answers(f"http://127.0.0.1:{port}{path}"):
            if process.poll() is not None:
                raise SystemExit(f"server must start (got exit code {process.returncode}): {' '.join(command)}")
            time.sleep(0.02)
        yield time.perf_counter() - started, process.pid
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    """Return whether a server answers at all."""
    try:
        httpx2.get(url)
    except httpx2.TransportError:
        return False
    return True


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def worker_pids(pid: int) -> list[int]:
    """Return the worker processes below uvicorn's supervisor."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def memory_mb(pid: int, kind: str) -> float:
    """Return a process's memory; ``Pss`` counts a shared page once in all."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(f"{kind}:"))


if __name__ == "__main__":
    main()
