"""Several workers of one machine, as `graphrec serve` runs them: killed, they lose nothing that was acknowledged."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

import graphrec as gr
from graphrec.serving import messages as m
from graphrec.state import SqliteState
from tests.ports import free_port
from tests.serving.world import TOKENS, bearer, until


@pytest.fixture(scope="module")
def served(
    planted_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, subprocess.Popen[bytes], Path]]:
    """Two workers in processes of their own."""
    tmp_path = tmp_path_factory.mktemp("workers")
    (tmp_path / "tokens").write_text(f"admin {TOKENS['admin']}\n")
    state, port = tmp_path / "state.sqlite", free_port()
    args = [
        "serve",
        "--store",
        planted_store,
        "--port",
        port,
        "--workers",
        2,
        "--state",
        state,
        "--tokens",
        tmp_path / "tokens",
    ]
    code = "from graphrec.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(url), 60)
        yield url, process, state
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM)


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the processes below a process that hold the port: its children, less multiprocessing's own helper."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, command in commands.items() if b"spawn_main" in command]


def workers_counted(url: str) -> float:
    text = httpx2.get(f"{url}/metrics", headers=bearer("admin")).text
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith("graphrec_version{"))


@pytest.mark.slow
def test_workers_add_up_their_counts(served: tuple[str, subprocess.Popen[bytes], Path]) -> None:
    url, _, _ = served
    for _ in range(20):  # a connection each, so that both workers get some
        httpx2.post(f"{url}/v1/recommend", json={"user": "u1", "k": 3}, headers=bearer("admin"))
    text = httpx2.get(f"{url}/metrics", headers=bearer("admin")).text
    assert 'graphrec_requests_total{route="/v1/recommend",status="200"} 20.0' in text


@pytest.mark.slow
def test_killed_workers_lose_nothing_acknowledged_and_the_client_no_request(
    served: tuple[str, subprocess.Popen[bytes], Path],
) -> None:
    url, process, state = served
    kept: list[str] = []
    stop = threading.Event()

    def tell(name: str) -> None:
        with gr.Client(url, TOKENS["admin"], retries=12) as client:
            number = 0
            while not stop.is_set():
                event = m.NewEvent(event_id=f"{name}-{number}", user=name, flit="f7", kind="like")
                client.add_events([event])
                kept.append(event.event_id)
                assert client.recommend(name, 5).candidates
                number += 1

    threads = [threading.Thread(target=tell, args=(f"user{one}",)) for one in range(3)]
    for one in threads:
        one.start()
    for _ in range(3):
        before = len(kept)
        until(lambda before=before: len(kept) > before + 30, 60)
        victim = workers_of(process)[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda victim=victim: victim not in (now := workers_of(process)) and len(now) == 2, 60)
    stop.set()
    for one in threads:
        one.join()
    found = {event.event_id for _, event in SqliteState(state).since(0)}
    assert len(kept) > 90
    assert found >= set(kept)
    until(lambda: workers_counted(url) == 2, 60)  # those that were killed count no more
