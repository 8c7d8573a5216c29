import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import graphrec as gr
from graphrec.retrieval.retriever import Retriever
from graphrec.serving import messages as m
from graphrec.serving.client import ServiceError
from tests.serving.world import TOKENS, Running, serving


@pytest.fixture
def client(planted_store: Path, tmp_path: Path) -> Iterator[gr.Client]:
    with serving(planted_store, tmp_path) as running, gr.Client(running.url, TOKENS["admin"]) as client:
        yield client


def test_every_route_has_its_method(client: gr.Client, planted_store: Path) -> None:
    direct = Retriever.open(planted_store)
    assert [one.id for one in client.recommend("u1", 5).candidates] == direct.recommend("u1", 5).ids
    assert client.recommend("u1", 5, explain=True).candidates[0].why is not None
    english = client.recommend("u1", 5, where={"language": ["en"]}).candidates
    assert all(int(str(one.id)[1:]) % 3 == 0 for one in english)
    assert [one.id for one in client.recommend_from(["f7"], 5).candidates] == direct.recommend_from(["f7"], 5).ids
    assert [one.id for one in client.similar("f7", 3).found] == direct.similar("f7", 3)["id"].to_list()
    assert client.version().flits == 120
    medoid = client.interests("u1").interests[0].medoid
    assert client.wish("u1", {medoid: 0}).interests[0].factor == 0
    assert client.act("u1", "f7", "like", event_id="once").stored == 1
    assert client.act("u1", "f7", "like", event_id="once").repeated == 1
    assert client.add_events([m.NewEvent(event_id="b", user="u2", flit="f7", kind="like")]).stored == 1
    assert client.forget("u1").forgotten
    assert client.recommend("u1", 5).reason.startswith("recent popularity")


@pytest.mark.parametrize("user", ["..", ".", "a/b", "x?y#z", "ü 😀", "%41"])
def test_any_id_finds_its_way(client: gr.Client, user: str) -> None:
    assert client.wish(user, {"f7": 2.0}).wishes == [m.Boost(flit="f7", factor=2.0)]
    assert client.forget(user).forgotten
    assert client.act(user, "f7", "like").forgotten == 1


def test_refusals_are_told_in_words(client: gr.Client, server: Running) -> None:
    with pytest.raises(ServiceError, match=r"k: Input should be greater than or equal to 1") as told:
        client.recommend("u1", 0)
    assert told.value.status == 422
    with pytest.raises(ServiceError, match="an id is not known"):
        client.interests("nobody")
    with gr.Client(server.url) as stranger, pytest.raises(ServiceError, match="a bearer token is needed"):
        stranger.version()


class Flaky(BaseHTTPRequestHandler):
    """Fails in another way each time, then answers."""

    seen: list[bytes]

    def do_POST(self) -> None:
        self.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        if len(self.seen) == 1:
            self.connection.close()
            return
        self.answer({2: 503, 3: 500}.get(len(self.seen), 200), "text/plain")

    def answer(self, status: int, kind: str) -> None:
        body = json.dumps({"version": "v1", "stored": 1, "repeated": 0, "forgotten": 0}).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class Broken(Flaky):
    """Says each time that it failed, as the service itself does."""

    def do_POST(self) -> None:
        self.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(500, m.PROBLEM)


@pytest.fixture
def flaky() -> Iterator[tuple[str, list[bytes]]]:
    with answering(Flaky) as served:
        yield served


@contextmanager
def answering(kind: type[Flaky]) -> Iterator[tuple[str, list[bytes]]]:
    seen: list[bytes] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (kind,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_is_sent_again_the_same(flaky: tuple[str, list[bytes]]) -> None:
    url, seen = flaky
    with gr.Client(url) as client:
        assert client.act("u1", "f7", "like").stored == 1
    assert len(seen) == 4
    assert len(set(seen)) == 1


def test_a_failure_of_the_service_itself_is_told_at_once() -> None:
    with answering(Broken) as (url, seen), gr.Client(url) as client, pytest.raises(ServiceError, match="500"):
        client.act("u1", "f7", "like")
    assert len(seen) == 1


def test_it_gives_up_after_the_retries(flaky: tuple[str, list[bytes]]) -> None:
    with gr.Client(flaky[0], retries=1) as client, pytest.raises(ServiceError, match=r"got 503"):
        client.act("u1", "f7", "like")
    with (
        gr.Client("http://127.0.0.1:9", retries=1) as client,
        pytest.raises(ServiceError, match="ConnectError 2 times"),
    ):
        client.version()
