"""The same application as a Ray Serve deployment."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2
import pytest
import yaml

from graphrec.errors import ConfigError
from graphrec.serving.config import ServingConfig
from tests.ports import free_port
from tests.serving.world import TOKENS

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_a_cluster_needs_tokens(tmp_path: Path) -> None:
    pytest.importorskip("ray.serve")
    from graphrec.serving import app

    with pytest.raises(ConfigError, match="tokens must be given on a cluster"):
        app(ServingConfig(store=str(tmp_path)))


def test_the_shipped_manifest_gives_settings_that_exist() -> None:
    service = yaml.safe_load((DEPLOY / "kuberay" / "rayservice.yaml").read_text())
    (application,) = yaml.safe_load(service["spec"]["serveConfigV2"])["applications"]
    assert application["import_path"] == "graphrec.serving:app"
    config = ServingConfig.parse(application["args"])
    volumes = service["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]
    mounted = [one["mountPath"] for one in volumes["volumeMounts"]]
    for path in (config.store, str(config.state_path), str(config.tokens)):
        assert any(path.startswith(f"{one}/") for one in mounted)


@pytest.mark.slow
def test_a_replica_answers_as_a_worker_does(planted_store: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray.serve")
    import graphrec as gr
    from graphrec.retrieval.retriever import Retriever

    (tmp_path / "tokens").write_text(f"admin {TOKENS['admin']}\n")
    settings = {"store": str(planted_store), "state": str(tmp_path / "s"), "tokens": str(tmp_path / "tokens")}
    with replicas(settings, tmp_path) as url, gr.Client(url, TOKENS["admin"]) as client:
        expected = Retriever.open(planted_store).recommend("u1", 5).ids
        assert [one.id for one in client.recommend("u1", 5).candidates] == expected
        assert client.act("u1", expected[0], "like").stored == 1
        assert expected[0] not in [one.id for one in client.recommend("u1", 5).candidates]
        assert client.forget("a/b").forgotten
        assert client.act("a/b", expected[0], "like").forgotten == 1


@contextmanager
def replicas(settings: dict[str, str], folder: Path) -> Iterator[str]:
    """Run what a roll-out runs, ``serve run`` over a file of settings, on a Ray of its own; yields its address."""
    port = free_port()
    application = {"name": "graphrec", "import_path": "graphrec.serving:app", "args": settings}
    written = {"http_options": {"port": port}, "applications": [application]}
    (folder / "serve.yaml").write_text(yaml.safe_dump(written))
    with (folder / "log").open("w") as log:
        process = _started(f"http://127.0.0.1:{port}", folder, log)
        try:
            yield f"http://127.0.0.1:{port}"
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
