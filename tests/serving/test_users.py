import time
from urllib.parse import quote

import pytest

from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from tests.retrieval.world import topic_of
from tests.serving.world import Running


def interests(server: Running, user: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = server.ask("GET", f"/v1/users/{user}/interests").json()["interests"]
    return found


def wish(server: Running, user: str, **factors: float) -> list[dict[str, object]]:
    body = {"interests": [{"flit": flit, "factor": factor} for flit, factor in factors.items()]}
    found = server.ask("PATCH", f"/v1/users/{user}/interests", body)
    assert found.status_code == 200, found.text
    told: list[dict[str, object]] = found.json()["wishes"]
    return told


def test_interests_are_the_retrievers(server: Running) -> None:
    expected = Retriever.open(server.config.store).interests("u1").to_dicts()
    assert interests(server, "u1") == [{**one, "factor": 1.0} for one in expected]


def test_a_muted_interest_is_silent_until_it_is_taken_back(server: Running) -> None:
    first = str(interests(server, "u2")[0]["medoid"])
    before, topic = server.candidates("u2"), topic_of(int(first[1:]))
    assert wish(server, "u2", **{first: 0}) == [{"flit": first, "factor": 0.0}]
    muted = server.candidates("u2")
    assert muted == Retriever.open(server.config.store).recommend("u2", 10, Request(muted=[first])).ids
    assert all(topic_of(int(one[1:])) != topic for one in muted)
    silent = interests(server, "u2")[0]
    assert (silent["factor"], silent["feed_share"]) == (0.0, 0.0)
    assert wish(server, "u2", **{first: 1}) == []
    assert interests(server, "u2")[0]["feed_share"] > 0  # type: ignore[operator]
    assert server.candidates("u2") == before


def test_a_boost_changes_the_weights(server: Running) -> None:
    last = str(interests(server, "u1")[-1]["medoid"])
    wish(server, "u1", **{last: 50})
    expected = Retriever.open(server.config.store).recommend("u1", 10, Request(boosted={last: 50.0}))
    assert server.candidates("u1") == expected.ids
    wish(server, "u1", **{last: 1})


def test_somebody_new_may_wish_and_unknown_flits_may_not_be_meant(server: Running) -> None:
    assert wish(server, "somebody-new", f7=2) == [{"flit": "f7", "factor": 2.0}]
    body = {"interests": [{"flit": "unheard", "factor": 0}]}
    assert server.ask("PATCH", "/v1/users/u1/interests", body).status_code == 404


def test_the_forgotten_are_answered_like_the_unknown(server: Running) -> None:
    events = [{"event_id": "gone-1", "user": "u7", "flit": "f8", "kind": "like"}]
    server.post("/v1/events", events=events)
    assert server.ask("DELETE", "/v1/users/u7").json() == {"version": "v0001", "forgotten": True}
    told = server.post("/v1/recommend", user="u7", k=5).json()
    unknown = server.post("/v1/recommend", user="never", k=5).json()
    assert told["candidates"] == unknown["candidates"]
    assert told["reason"] == unknown["reason"].replace("never", "u7")
    assert server.ask("GET", "/v1/users/u7/interests").status_code == 404
    body = {"interests": [{"flit": "f7", "factor": 0}]}
    assert server.ask("PATCH", "/v1/users/u7/interests", body).status_code == 404
    kept = server.post("/v1/events", events=[{**events[0], "event_id": "gone-2"}]).json()
    assert kept == {"version": "v0001", "stored": 0, "repeated": 0, "forgotten": 1}


def test_telling_twice_counts_once(server: Running) -> None:
    events = [{"event_id": f"twice-{place}", "user": "t", "flit": "f8", "kind": "like"} for place in (1, 2, 2)]
    counts = [server.post("/v1/events", events=events).json() for _ in range(2)]
    assert [(one["stored"], one["repeated"]) for one in counts] == [(2, 1), (0, 3)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user": 7}, "events.0.user"),
        ({"flit": 7}, "events.0.flit"),
        ({"time_s": time.time_ns() // 10**9 + 10**6}, "events.0.time_s"),
        ({"time_s": -1}, "events.0.time_s"),
        ({"event_id": ""}, "events.0.event_id"),
    ],
)
def test_a_bad_event_keeps_none(server: Running, change: dict[str, object], field: str) -> None:
    good = {"event_id": "mixed", "user": "t", "flit": "f8", "kind": "like"}
    found = server.post("/v1/events", events=[{**good, **change}, good])
    assert found.status_code == 422
    assert field in [one["field"] for one in found.json()["rules"]]
    assert server.post("/v1/events", events=[{**good, "user": "t2"}]).json()["stored"] in (0, 1)


HOSTILE = [
    "../../etc/passwd", "a/b", "%2e%2e", "x" * 256, "' OR 1=1 --", "\x00", "a\nb", "ü😀", "<script>", "${jndi:x}",
    "u0\n", " u0", "-1", "1e5", "NaN", "null", "*", "?", "#",
]  # fmt: skip


@pytest.mark.parametrize("user", HOSTILE)
def test_hostile_ids_are_ids_like_any_other(server: Running, user: str) -> None:
    path = f"/v1/users/{quote(user, safe='')}"
    assert server.ask("GET", f"{path}/interests").status_code == 404
    assert server.post("/v1/recommend", user=user, k=3).json()["reason"].startswith("recent popularity")
    body = {"interests": [{"flit": "f7", "factor": 2}]}
    assert server.ask("PATCH", f"{path}/interests", body).json()["wishes"] == body["interests"]
    told = {"event_id": f"hostile-{user[:50]}", "user": user, "flit": "f8", "kind": "like"}
    assert server.post("/v1/events", events=[told]).json()["stored"] == 1
    assert server.post("/v1/recommend", user=user, k=3).json()["reason"] == "interests"
    assert server.ask("DELETE", path).status_code == 200
    assert server.post("/v1/events", events=[{**told, "event_id": "again"}]).json()["forgotten"] == 1


def test_an_id_means_nobody_else(server: Running) -> None:
    """Neither a line break at its end nor what follows a slash is cut off."""
    for sent, status in (("u0%0A", 200), ("u0/interests", 404), ("u0%2Finterests", 200), ("%ff", 422), ("", 422)):
        assert server.ask("DELETE", f"/v1/users/{sent}").status_code == status, sent
    assert server.post("/v1/recommend", user="u0", k=3).json()["reason"] == "interests"


def test_an_id_that_is_too_long_is_refused(server: Running) -> None:
    assert server.post("/v1/recommend", user="x" * 257).status_code == 422
    assert server.ask("GET", f"/v1/users/{'x' * 257}/interests").status_code == 422
