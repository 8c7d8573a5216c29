"""A version gives way to the next under load; a damaged one does not get in."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from graphrec.errors import ArtifactError
from graphrec.ids import IdMap
from graphrec.retrieval import portraits
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever
from graphrec.serving.config import ServingConfig
from graphrec.serving.run import run
from graphrec.serving.served import Served
from graphrec.store import Store
from tests.retrieval.world import NUM_FLITS
from tests.serving.world import Running, bearer, publish, serving, until

VERSIONS = 6


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Six versions with different answers; ``latest`` names the first."""
    store = Store(tmp_path / "store")
    for number in range(VERSIONS):
        publish(store, number * 20)
    store.set_alias("latest", "v0001")
    return store


@pytest.fixture
def running(store: Store, tmp_path: Path) -> Iterator[Running]:
    with serving(store.root, tmp_path) as running:
        yield running


def version_of(running: Running) -> str:
    return str(running.ask("GET", "/readyz").json()["version"])


def metric(running: Running, name: str) -> float:
    lines = running.ask("GET", "/metrics").text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)


class Load(threading.Thread):
    """Asks without pause until told to stop, and keeps every answer."""

    def __init__(self, running: Running, user: str) -> None:
        super().__init__()
        self.running, self.user = running, user
        self.answers: list[tuple[int, str, Any]] = []
        self.stop = threading.Event()

    def run(self) -> None:
        with httpx2.Client(base_url=self.running.url, headers=bearer("read"), timeout=30) as client:
            while not self.stop.is_set():
                found = client.post("/v1/recommend", json={"user": self.user, "k": 10})
                self.answers.append((found.status_code, found.headers["x-graphrec-version"], found.json()))


@pytest.mark.slow
def test_swaps_under_load_lose_nothing_and_mix_nothing(store: Store, running: Running) -> None:
    names = [f"v{number:04d}" for number in range(1, VERSIONS + 1)]
    expected = {
        (name, user): Retriever.open(store.root, name).recommend(user, 10).ids
        for name in names
        for user in ("u1", "nobody")
    }
    assert len({tuple(ids) for ids in expected.values()}) > VERSIONS
    loads = [Load(running, user) for user in ("u1", "nobody")]
    for one in loads:
        one.start()
    for name in [*names[1:], names[0], names[3]]:
        store.set_alias("latest", name)
        until(lambda name=name: version_of(running) == name)
    for one in loads:
        one.stop.set()
        one.join()
    for one in loads:
        assert len(one.answers) > VERSIONS
        for status, version, body in one.answers:
            assert status == 200
            assert body["version"] == version
            assert [each["id"] for each in body["candidates"]] == expected[version, one.user]
    assert {version for one in loads for _, version, _ in one.answers} >= {names[0], names[3]}
    assert metric(running, 'graphrec_swaps_total{outcome="swapped"}') == VERSIONS + 1


def test_a_new_version_has_rehearsed_what_was_asked_last(store: Store, running: Running) -> None:
    for user in ("u1", "nobody"):
        running.candidates(user)
    store.set_alias("latest", "v0002")
    until(lambda: version_of(running) == "v0002")
    for user in ("u1", "nobody"):
        found = running.post("/v1/recommend", user=user, k=10)
        assert found.headers["server-timing"] == "remembered"
        ids = [one["id"] for one in found.json()["candidates"]]
        assert ids == Retriever.open(store.root, "v0002").recommend(user, 10).ids


def test_what_a_new_version_refuses_does_not_hold_it_up(store: Store, running: Running) -> None:
    found = running.post("/v1/recommend", user="u1", k=10, wishes={"muted": ["f7"]})
    assert found.status_code == 200
    running.candidates("u1")
    bundle = Bundle.open(store.artifact("v0001", "bundle").path)
    nameless = replace(bundle, ids={**bundle.ids, "flit": IdMap([f"new{row}" for row in range(NUM_FLITS)])})
    name = publish(store, 1000, nameless)
    until(lambda: version_of(running) == name)
    assert running.post("/v1/recommend", user="u1", k=10, wishes={"muted": ["f7"]}).status_code == 404
    assert running.post("/v1/recommend", user="u1", k=10).headers["server-timing"] == "remembered"


@pytest.mark.parametrize("wanted", [True, False])
def test_the_encoder_may_be_loaded_before_a_version_answers(
    store: Store, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(Retriever, "embed", lambda _, text: asked.append(text))
    Served.open(str(store.root), "v0001", encoder=wanted).store.close()
    assert len(asked) == wanted


def test_a_version_without_texts_opens_with_the_encoder_wanted(store: Store) -> None:
    Served.open(str(store.root), "v0001", encoder=True).store.close()


def test_nothing_is_left_to_build_on_the_first_question(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Served.open(str(store.root), "v0001")

    def build(*_: object) -> None:
        raise AssertionError("keywords must be there already")

    monkeypatch.setattr(portraits, "Keywords", build)
    assert len(opened.retriever.interests("u1"))
    opened.store.close()


def damaged_index(store: Store, version: str) -> Path:
    path = store.artifact(version, "bundle").path
    return next(path.glob("index_flit/*.npy"), next(iter(path.glob("index_flit/*"))))


def test_a_damaged_version_is_refused_and_the_old_one_goes_on(store: Store, running: Running, tmp_path: Path) -> None:
    before = running.candidates("u1")
    shutil.copytree(store.root, tmp_path / "other")  # a copy: this process has read the store's own files through
    broken = damaged_index(Store(tmp_path / "other"), "v0002")
    broken.write_bytes(broken.read_bytes()[:-7] + b"garbage")
    with serving(tmp_path / "other", tmp_path) as served:
        Store(tmp_path / "other").set_alias("latest", "v0002")
        until(lambda: served.ask("GET", "/readyz").json()["refused"] == ["v0002"])
        assert served.ask("GET", "/readyz").json()["ready"]
        assert served.candidates("u1") == before
        assert metric(served, 'graphrec_swaps_total{outcome="refused"}') == 1
        Store(tmp_path / "other").set_alias("latest", "v0003")
        until(lambda: version_of(served) == "v0003")
        assert served.ask("GET", "/readyz").json()["refused"] == []


def test_a_version_damaged_since_it_last_answered_is_refused(store: Store, running: Running) -> None:
    store.set_alias("latest", "v0002")
    until(lambda: version_of(running) == "v0002")
    before = running.candidates("u1")
    prior = store.artifact("v0001", "bundle").file("settings.json")
    intact = prior.read_bytes()
    prior.write_bytes(intact.replace(b"{", b"[", 1))
    store.set_alias("latest", "v0001")
    until(lambda: running.ask("GET", "/readyz").json()["refused"] == ["v0001"])
    assert running.candidates("u1") == before
    prior.write_bytes(intact)


def test_a_store_out_of_reach_is_no_reason_to_stop(store: Store, running: Running) -> None:
    before = running.candidates("u1")
    alias = store.root / "aliases" / "latest.json"
    kept = alias.read_bytes()
    alias.write_bytes(b"{")
    until(lambda: metric(running, 'graphrec_swaps_total{outcome="unreachable"}') > 0)
    assert running.candidates("u1") == before
    alias.write_bytes(kept)
    store.set_alias("latest", "v0002")
    until(lambda: version_of(running) == "v0002")


def test_what_users_did_outlives_a_swap(store: Store, running: Running) -> None:
    taken = running.candidates("u1")[0]
    running.post("/v1/events", events=[{"event_id": "1", "user": "u1", "flit": taken, "kind": "hide"}])
    running.ask("DELETE", "/v1/users/u2")
    store.set_alias("latest", "v0002")
    until(lambda: version_of(running) == "v0002")
    assert taken not in running.candidates("u1", 100)
    assert running.post("/v1/recommend", user="u2").json()["reason"].startswith("recent popularity")


def test_an_empty_store_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="Store must hold a version"):
        run(ServingConfig(store=str(tmp_path / "empty")))
