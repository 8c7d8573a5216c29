"""A store of versions with planted answers, and a real server over it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import uvicorn

from graphrec.features import TextConfig
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.lists import lists_of, save_lists
from graphrec.retrieval.retriever import Retriever
from graphrec.serving.application import create_app
from graphrec.serving.config import ServingConfig
from graphrec.serving.protocol import BoundedProtocol
from graphrec.store import Artifact, Store, fingerprint
from graphrec.training.content import Block
from tests.retrieval.test_query import write_model
from tests.retrieval.world import NUM_FLITS, planted, with_prior

TOKENS = {"read": "read-token-0123456789", "write": "write-token-0123456789", "admin": "admin-token-0123456789"}
USER = "u0"


def bearer(scope: str | None) -> dict[str, str]:
    """Return the headers of a caller."""
    return {} if scope is None else {"Authorization": f"Bearer {TOKENS.get(scope, scope)}"}


def publish(store: Store, number: int, bundle: Bundle | None = None, *, list_k: int = 0) -> str:
    """Publish a version; its prior rises from flit to flit, starting at flit ``number``; above 0 it keeps lists."""
    prior = (np.arange(NUM_FLITS) - number) % NUM_FLITS / NUM_FLITS
    made = with_prior(planted(), prior) if bundle is None else bundle

    def write_text_model(folder: Path) -> None:
        write_model(folder, TextConfig(encoder="tfidf"), [Block("image", (0.0,) * 416, 1.0)])

    stages: dict[str, Artifact] = {
        "bundle": store.publish("bundle", _key("bundle", number), lambda folder: made.save(folder)),
        "model": store.publish("model", _key("model", 0), write_text_model),
    }
    if list_k:
        stages["lists"] = publish_lists(store, stages["bundle"], made, list_k)
    version = store.add_version(stages, {"number": number})
    store.set_alias("latest", version)
    return version.name


def publish_lists(store: Store, artifact: Artifact, bundle: Bundle, k: int) -> Artifact:
    """Publish the lists of a bundle, for a version to name beside it."""

    def write(folder: Path) -> None:
        rows = range(len(bundle.ids[bundle.settings.user_type]))
        save_lists(folder, [lists_of(Retriever(bundle), rows, k)], k)

    return store.publish("lists", _key(f"lists{artifact.digest}", k), write, inputs={"bundle": artifact.digest})


def _key(stage: str, number: int) -> str:
    return fingerprint(stage=stage, stage_version=1, config={"number": number}, inputs={})


@dataclass(frozen=True)
class Running:
    """A server."""

    url: str
    config: ServingConfig

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(self, method: str, path: str, body: Any = None, scope: str | None = "admin") -> httpx2.Response:
        with httpx2.Client(base_url=self.url, headers=bearer(scope)) as client:
            return client.request(method, path, json=body)

    def post(self, path: str, scope: str | None = "admin", **body: Any) -> httpx2.Response:
        return self.ask("POST", path, body, scope)

    def candidates(self, user: Any = USER, k: int = 10, **body: Any) -> list[Any]:
        found = self.post("/v1/recommend", user=user, k=k, **body)
        assert found.status_code == 200, found.text
        return [one["id"] for one in found.json()["candidates"]]

    def raw(self, data: bytes, most: int = 1 << 16) -> bytes:
        """Send bytes as they are and return what comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            return connection.recv(most)


@contextmanager
def serving(store: Path, folder: Path, **settings: Any) -> Iterator[Running]:
    """Serve a store, on a thread of this process, on a free port."""
    tokens = folder / "tokens"
    tokens.write_text("# who may what\n" + "".join(f"{scope} {token}\n" for scope, token in TOKENS.items()))
    given = {"store": str(store), "state": str(folder / "state.sqlite"), "tokens": str(tokens), "poll_s": 0.05}
    config = ServingConfig.parse(given | settings)
    app = create_app(config)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=BoundedProtocol, log_config=None, timeout_graceful_shutdown=5)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Running(f"http://127.0.0.1:{port}", config)
    finally:
        server.should_exit = True
        thread.join()


def until(holds: Any, seconds: float = 30.0) -> None:
    """Wait for something that another thread or process does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
