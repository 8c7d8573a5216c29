"""Several replicas behind Ray's proxy: what one was told all of them know; killed, they lose nothing acknowledged."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest
import yaml

import graphrec as gr
from graphrec.retrieval.retriever import Retriever
from graphrec.serving import messages as m
from graphrec.state import SqliteState
from graphrec.store import Store
from tests.ports import free_port
from tests.serving.world import TOKENS, bearer, publish, until

pytest.importorskip("ray.serve")
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Cluster:
    """Two replicas on a Ray of their own."""

    url: str
    pid: int
    store: Store
    state: Path

    def replicas(self) -> list[int]:
        """Return the replicas' processes."""
        name = b"ray::ServeReplica:graphrec:"
        return [one for one in below(self.pid) if Path(f"/proc/{one}/cmdline").read_bytes().startswith(name)]

    def metric(self, name: str) -> float:
        """Return a sample of /metrics by its name and labels; 0 where there is none."""
        text = httpx2.get(f"{self.url}/metrics", headers=bearer("read")).text
        return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)), 0.0)

    def each(self, user: str, asked: int = 12) -> list[list[Any]]:
        """Ask so often, over new connections, that both replicas answer; return the lists."""
        lists = []
        for _ in range(asked):
            with gr.Client(self.url, TOKENS["read"]) as client:
                lists.append([one.id for one in client.recommend(user, 5).candidates])
        return lists


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    store = Store(folder / "store")
    publish(store, 0)
    (folder / "tokens").write_text("".join(f"{scope} {token}\n" for scope, token in TOKENS.items()))
    settings = {"store": str(store.root), "state": str(folder / "state.sqlite"), "tokens": str(folder / "tokens")}
    with replicas(settings, folder) as (url, pid):
        yield Cluster(url, pid, store, folder / "state.sqlite")


def test_every_replica_answers_as_a_worker_does(cluster: Cluster) -> None:
    expected = Retriever.open(cluster.store.root).recommend("u1", 5).ids
    assert all(one == expected for one in cluster.each("u1"))
    page = httpx2.get(cluster.url, follow_redirects=True)
    assert page.status_code == 200
    assert "/explorer/" in str(page.url)
    assert httpx2.get(f"{cluster.url}/docs").status_code == 404


@pytest.mark.parametrize("given", [{}, {"x-request-id": "mine-1"}])
def test_an_answer_names_its_request_once(cluster: Cluster, given: dict[str, str]) -> None:
    for path in ("/healthz", "/version", "/nowhere"):
        found = httpx2.get(f"{cluster.url}{path}", headers=given)
        (name,) = found.headers.get_list("x-request-id")
        assert name == given.get("x-request-id", name)
        assert found.status_code == 200 or found.json()["request_id"] == name


def test_every_replica_knows_at_once_what_one_was_told(cluster: Cluster) -> None:
    before = cluster.each("u2")[0]
    with gr.Client(cluster.url, TOKENS["admin"]) as client:
        assert client.act("u2", before[0], "like").stored == 1
        assert all(before[0] not in one for one in cluster.each("u2"))
        medoid = client.interests("u3").interests[0].medoid
        client.wish("u3", {medoid: 0})
        assert len({tuple(one) for one in cluster.each("u3")}) == 1
        assert client.forget("a/b").forgotten
        assert all(client.act("a/b", "f7", "like").forgotten == 1 for _ in range(12))


def test_replicas_add_up_their_counts(cluster: Cluster) -> None:
    answered = 'graphrec_requests_total{route="/v1/recommend",status="200"}'
    before = cluster.metric(answered)
    cluster.each("u4", 20)
    assert cluster.metric(answered) == before + 20
    assert cluster.metric('graphrec_version{version="v0001"}') == 2


def test_every_replica_moves_where_the_alias_points(cluster: Cluster) -> None:
    name = publish(cluster.store, 20)
    until(lambda: cluster.metric(f'graphrec_version{{version="{name}"}}') == 2)
    expected = Retriever.open(cluster.store.root).recommend("u5", 5).ids
    assert all(one == expected for one in cluster.each("u5"))


def test_a_killed_replica_loses_nothing_acknowledged_and_the_client_no_request(cluster: Cluster) -> None:
    kept: list[str] = []
    stop = threading.Event()

    def tell(name: str) -> None:
        with gr.Client(cluster.url, TOKENS["write"], retries=12) as client:
            while not stop.is_set():
                event = m.NewEvent(event_id=f"{name}-{len(kept)}", user=name, flit="f7", kind="like")
                client.add_events([event])
                kept.append(event.event_id)

    threads = [threading.Thread(target=tell, args=(f"user{one}",)) for one in range(2)]
    for one in threads:
        one.start()
    until(lambda: len(kept) > 30, 60)
    os.kill(cluster.replicas()[0], signal.SIGKILL)
    killed = len(kept)
    until(lambda: len(kept) > killed + 100, 60)
    stop.set()
    for one in threads:
        one.join()
    found = {event.event_id for _, event in SqliteState(cluster.state).since(0)}
    assert found >= set(kept)


def below(pid: int) -> Iterator[int]:
    """Yield the processes that a process started, directly or not."""
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            yield child
            yield from below(child)


@contextmanager
def replicas(settings: dict[str, str], folder: Path) -> Iterator[tuple[str, int]]:
    """Run what a roll-out runs, ``serve run`` over a file of settings, on a Ray of its own; yields address and pid."""
    port = free_port()
    deployment = {"name": "graphrec", "num_replicas": 2, "ray_actor_options": {"num_cpus": 0.1}}
    application = {"name": "graphrec", "import_path": "graphrec.serving:app", "args": settings}
    written = {
        "http_options": {"host": "127.0.0.1", "port": port},
        "applications": [{**application, "deployments": [deployment]}],
    }
    (folder / "serve.yaml").write_text(yaml.safe_dump(written))
    with (folder / "log").open("w") as log:
        process = _started(f"http://127.0.0.1:{port}", folder, log)
        try:
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _started(url: str, folder: Path, log: IO[str], attempts: int = 3) -> "subprocess.Popen[bytes]":
    """Return the process once it answers; on a busy machine, a Ray that just starts may end its driver."""
    command = [str(Path(sys.executable).with_name("serve")), "run", "serve.yaml", "--address", "local"]
    for _ in range(attempts):
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        if _ready(url, process):
            return process
        process.kill()
    pytest.fail(f"no replica was ready:\n{(folder / 'log').read_text()[-4000:]}")


def _ready(url: str, process: "subprocess.Popen[bytes]", within_s: float = 120) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return True
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    return False
