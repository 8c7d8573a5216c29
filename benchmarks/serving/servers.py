"""Servers in processes of their own."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from benchmarks.echo import SIZE

START_S = 120.0
"""Longest time a server may take to start."""
STOP_S = 60.0


@contextmanager
def service(store: str, *options: str) -> Iterator[tuple[int, float, int]]:
    """Run ``graphrec serve`` on a fresh state and yield its port, the seconds until it was ready, and its pid."""
    code = "from graphrec.cli import main; main()"
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        args = ["serve", "--store", store, "--port", str(port), "--state", str(Path(folder) / "state.sqlite"), *options]
        with running([sys.executable, "-c", code, *args], port) as (ready_s, pid):
            yield port, ready_s, pid


@contextmanager
def echo(size: int) -> Iterator[int]:
    """Run the echo under the same server with the same settings and yield its port."""
    port = free_port()
    code = (
        "import uvicorn; uvicorn.run('benchmarks.echo:echo', factory=True, "
        f"port={port}, log_config=None, access_log=False, server_header=False)"
    )
    with running([sys.executable, "-c", code], port, {SIZE: str(size)}):
        yield port


@contextmanager
def running(
    command: Sequence[str], port: int, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[float, int]]:
    """Run a server and yield the seconds until it was ready, and its pid.

    Args:
        command: To run.
        port: Where it listens; ``/readyz`` says whether it is ready.
        variables: Of its environment, besides this one's.
    """
    started = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **(variables or {})}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:  # noqa: S603
        try:
            while not ready(f"http://127.0.0.1:{port}"):
                if process.poll() is not None or time.perf_counter() - started > START_S:
                    raise SystemExit(f"server must start (got exit code {process.poll()}): {' '.join(command)}")
                time.sleep(0.02)
            yield time.perf_counter() - started, process.pid
        finally:
            process.terminate()
            process.wait(STOP_S)


def ready(url: str) -> bool:
    """Return whether a server is ready; a proxy may answer earlier than what it stands for."""
    try:
        return httpx2.get(f"{url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def worker_pids(pid: int) -> list[int]:
    """Return the worker processes below uvicorn's supervisor."""
    return [one for one in children(pid) if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def children(pid: int) -> list[int]:
    """Return the processes that any thread of a process started."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for file in files for one in file.read_text().split()]


def memory_mb(pid: int, kind: str) -> float:
    """Return a process's memory; ``Pss`` counts a shared page once in all."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(f"{kind}:"))
