"""A version's lists answer as computing does, and only who asks for nothing special and did nothing since."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import to_json

from graphrec.errors import ArtifactError
from graphrec.serving.answers import listed, recommend
from graphrec.serving.client import Client
from graphrec.serving.config import ServingConfig
from graphrec.serving.endpoint import Asked
from graphrec.serving.messages import Recommend
from graphrec.serving.served import Served
from graphrec.serving.service import Service
from graphrec.store import Store
from tests.retrieval.world import planted
from tests.serving.test_answers import liked
from tests.serving.test_swap import metric, version_of
from tests.serving.world import TOKENS, Running, publish, publish_lists, serving, until

K = 10


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("lists"))
    publish(store, 0, list_k=K)
    return store


@pytest.fixture(scope="module")
def lists(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(Path(store.root), tmp_path_factory.mktemp("state"), poll_s=0.05) as running:
        yield running


def way(running: Running, **body: Any) -> str:
    """Return how an answer came to be: ``listed``, ``remembered`` or ``computed``."""
    found = running.post("/v1/recommend", **body)
    assert found.status_code == 200, found.text
    timing = str(found.headers["server-timing"])
    return timing if timing in ("listed", "remembered") else "computed"


def test_a_list_is_the_computed_answer_to_the_byte(lists: Running) -> None:
    before = metric(lists, "graphrec_listed_answers_total")
    kept = lists.post("/v1/recommend", user="u1", k=K)
    computed = lists.post("/v1/recommend", user="u1", k=K, wishes={"safe": False})
    assert kept.headers["server-timing"] == "listed"
    assert computed.headers["server-timing"].startswith("wait;dur=")
    assert kept.content == computed.content
    assert metric(lists, "graphrec_listed_answers_total") == before + 1


@pytest.mark.parametrize("defaults", [{"explain": False, "wishes": {}}, {"trace": False, "kind": None}])
def test_defaults_may_be_written_out(lists: Running, defaults: dict[str, Any]) -> None:
    assert way(lists, user="u1", k=K, **defaults) == "listed"


def test_the_client_asks_for_lists(lists: Running) -> None:
    before = metric(lists, "graphrec_listed_answers_total")
    with Client(lists.url, TOKENS["read"]) as client:
        found = client.recommend("u1", K)
    assert [one.id for one in found.candidates] == lists.candidates("u1", K)
    assert metric(lists, "graphrec_listed_answers_total") == before + 2


@pytest.mark.parametrize(
    "body",
    [
        {"user": "u1", "k": K - 1},
        {"user": "u1"},
        {"user": "u1", "k": K, "wishes": {"diversity": 0.5}},
        {"user": "u1", "k": K, "trace": True},
        {"user": "nobody", "k": K},
        {"user": "u1", "k": float(K)},
    ],
)
def test_whoever_asks_for_something_else_has_it_computed(lists: Running, body: dict[str, Any]) -> None:
    assert way(lists, **body) == "computed"


def test_what_a_user_does_ends_his_list(lists: Running) -> None:
    assert way(lists, user="u5", k=K) == "listed"
    liked(lists, "u5", "f9")
    assert way(lists, user="u5", k=K) == "computed"
    assert way(lists, user="u5", k=K) == "remembered"
    assert "f9" not in lists.candidates("u5", K)


def test_a_wish_ends_it_until_it_is_taken_back(lists: Running) -> None:
    flit = lists.ask("GET", "/v1/users/u2/interests").json()["interests"][0]["medoid"]
    for factor, expected in ((0, "computed"), (1, "listed")):
        lists.ask("PATCH", "/v1/users/u2/interests", {"interests": [{"flit": flit, "factor": factor}]})
        assert way(lists, user="u2", k=K) == expected


def test_who_is_forgotten_has_no_list(lists: Running) -> None:
    assert way(lists, user="u7", k=K) == "listed"
    assert lists.ask("DELETE", "/v1/users/u7").status_code == 200
    found = lists.post("/v1/recommend", user="u7", k=K)
    assert found.headers["server-timing"] != "listed"
    assert found.json()["reason"].endswith("is unknown")


def test_the_next_version_answers_from_its_own(store: Store, lists: Running) -> None:
    assert way(lists, user="u2", k=K) == "listed"
    name = publish(store, 5, list_k=K)
    until(lambda: version_of(lists) == name)
    found = lists.post("/v1/recommend", user="u2", k=K)
    assert (found.headers["server-timing"], found.json()["version"]) == ("listed", name)
    store.set_alias("latest", "v0001")
    until(lambda: version_of(lists) == "v0001")


def test_lists_can_be_left_unread(store: Store, tmp_path: Path) -> None:
    with serving(Path(store.root), tmp_path, version="v0001", lists=False) as running:
        assert way(running, user="u1", k=K) == "computed"


def test_lists_of_another_bundle_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, 0)
    name = publish(store, 1)
    stages = {stage: store.artifact(name, stage) for stage in ("bundle", "model")}
    other = store.artifact("v0001", "bundle")
    store.add_version({**stages, "lists": publish_lists(store, other, planted(), K)}, {})
    with pytest.raises(ArtifactError, match="must keep lists of its own bundle"):
        Served.open(str(tmp_path), "v0003")
    Served.open(str(tmp_path), "v0003", lists=False).store.close()


USERS = st.sampled_from(["u1", "u2", "nobody", "", 1, 1.0, True, None, ["u1"], {"u1": 1}])
LENGTHS = st.sampled_from([K, float(K), str(K), K + 1, 0, True, None, -(2**70)])
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "user": USERS,
        "k": LENGTHS,
        "explain": st.sampled_from([False, True, 0, 0.0, "false", None]),
        "wishes": st.sampled_from([{}, {"safe": False}, {"diversity": 0.5}, None]),
        "kind": st.sampled_from([None, "flit", "user", 1]),
        "x": st.just(1),
    },
)


@pytest.fixture(scope="module")
def inside(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Service:
    state = tmp_path_factory.mktemp("inside") / "state.sqlite"
    service = Service.build(ServingConfig(store=str(store.root), version="v0001", state=str(state)))
    service.current.open()
    return service


def told(service: Service, body: bytes) -> bytes | None:
    """Return what the lists say to a body, asked on a loop as requests are."""

    async def asked() -> bytes | None:
        return listed(service, service.served(), body)

    return asyncio.run(asked())


@settings(max_examples=100)
@given(body=BODIES)
def test_a_list_is_told_only_where_the_model_lets_the_body_in(inside: Service, body: dict[str, Any]) -> None:
    kept = told(inside, json.dumps(body).encode())
    try:
        message = Recommend.model_validate_json(json.dumps(body))
    except ValidationError:
        assert kept is None
        return
    if kept is not None:
        assert kept == to_json(recommend(Asked(inside, inside.served(), message, "")))
    else:
        special = body.get("explain") is not False or body.get("wishes") != {} or body.get("kind")
        assert body.get("k") is not K or body["user"] not in ("u1", "u2") or (len(body) > 2 and special)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"u1"', b"\xff", b"[" * 10_000, b'{"user": NaN}'])
def test_what_is_no_body_is_left_to_the_model(inside: Service, body: bytes) -> None:
    assert told(inside, body) is None
