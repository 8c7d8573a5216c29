"""``serve run``: the service and the echo as Ray Serve deployments of one replica each, on a Ray of their own."""

import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from benchmarks.common import Result
from benchmarks.load import Load, load
from benchmarks.serving.questions import COMPUTED, CONNECTIONS, Questions, compare, flags
from benchmarks.serving.servers import START_S, children, free_port, memory_mb, running, service
from graphrec.serving.deployment import NAME

PROXIES: Mapping[str, Mapping[str, str]] = {
    "proxy": {},
    "haproxy": {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0"},
}
"""What stands before the replicas, to the variables that ask for it: ``proxy`` is Ray as it starts, ``haproxy``
is as docs/serving.md says. The echo runs with the same."""
REPLICA = f"ray::ServeReplica:{NAME}:".encode()
ROOT = Path(__file__).parents[2]


def ray(result: Result, asked: Questions) -> None:
    """Compare one replica with the echo behind each proxy; tell start and memory."""
    with service(asked.store, *flags(COMPUTED)) as (port, _, _):
        size = load(port, asked.recommend(), 1, 1.0).answer_bytes
    for proxy, variables in PROXIES.items():
        name = f"ray.{proxy}"
        before = _echo(asked, size, variables)
        found = {way: _service(result, name, asked, way, variables) for way in asked.ways()}
        after = _echo(asked, size, variables)
        for way, loops in found.items():
            for number in CONNECTIONS:
                compare(result, f"{name}.{way}.c{number}", loops[number], (before[number], after[number]))


def _echo(asked: Questions, size: int, variables: Mapping[str, str]) -> dict[int, Load]:
    with deployed("benchmarks.serving.ray_echo:app", {"size": size}, variables) as (port, _, _):
        return _loops(port, asked.recommend(), asked.seconds)


def _service(result: Result, name: str, asked: Questions, way: str, variables: Mapping[str, str]) -> dict[int, Load]:
    """Run the loops of one kind of answer; those that are computed also tell start and memory."""
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder) / "tokens"
        tokens.write_text(f"read {token}\n")
        files = {"state": str(Path(folder) / "state.sqlite"), "tokens": str(tokens)}
        args = {"store": str(Path(asked.store).resolve()), **files, **asked.ways()[way]}
        questions = asked.recommend(token)
        with deployed("graphrec.serving:app", args, variables) as (port, ready_s, pid):
            loops = _loops(port, questions, asked.seconds)
            if way == "computed":
                result.add(f"{name}.start_to_ready_s", ready_s, unit="s", better="lower")
                _memory(result, name, below(pid))
    return loops


def _loops(port: int, questions: list[bytes], seconds: float) -> dict[int, Load]:
    """Run the loops once every question has been answered: a connection may break while a proxy starts."""
    deadline = time.monotonic() + START_S
    while load(port, questions, 1, rounds=1).failed and time.monotonic() < deadline:
        pass
    return {connections: load(port, questions, connections, seconds) for connections in CONNECTIONS}


def _memory(result: Result, name: str, pids: list[int]) -> None:
    """Tell what the replica takes, and what all of Ray takes with it."""
    (replica,) = (one for one in pids if Path(f"/proc/{one}/cmdline").read_bytes().startswith(REPLICA))
    for kind in ("Rss", "Pss"):
        result.add(f"{name}.worker_{kind.lower()}_mb", memory_mb(replica, kind), unit="MB", better="lower")
    whole = sum(memory_mb(one, "Pss") for one in pids)
    result.add(f"{name}.all_processes_pss_mb", whole, unit="MB", better="lower")


def below(pid: int) -> list[int]:
    """Return a process and all that it started, directly or not."""
    return [pid, *(far for near in children(pid) for far in below(near))]


@contextmanager
def deployed(
    import_path: str, args: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[tuple[int, float, int]]:
    """Deploy one replica on a Ray that starts for it; yields the port, the seconds until it was ready, and a pid.

    Args:
        import_path: Of the function that returns the Serve application.
        args: Its arguments.
        variables: Of Ray's environment.
    """
    port = free_port()
    deployment = {"name": NAME, "num_replicas": 1}
    application = {"name": NAME, "import_path": import_path, "args": dict(args), "deployments": [deployment]}
    quiet = {"log_level": "WARNING", "enable_access_log": False}
    config = {
        "http_options": {"host": "127.0.0.1", "port": port},
        "logging_config": quiet,
        "applications": [application],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "serve.yaml"
        file.write_text(yaml.safe_dump(config))
        command = [str(Path(sys.executable).with_name("serve")), "run", str(file), "--address", "local"]
        paths = {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}
        with running(command, port, {**paths, **variables}) as (ready_s, pid):
            yield port, ready_s, pid
