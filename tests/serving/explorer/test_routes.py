import hashlib
import shutil
from pathlib import Path

import httpx2
import numpy as np
import pytest

from graphrec.projection.projection import Projection
from graphrec.retrieval.bundle import Bundle
from graphrec.store import Store
from tests.retrieval.world import AS_OF, NUM_FLITS, planted, topic_of
from tests.serving.explorer.world import NO_PICTURE, WITH_IMAGE, picture
from tests.serving.world import Running, bearer, serving


@pytest.fixture(scope="module")
def bundle(shown: Running) -> Bundle:
    return planted()


def row_of(flit: str) -> int:
    return int(flit[1:])


def known(shown: Running, user: str) -> bool:
    """Return whether a user has not asked to be forgotten by another test."""
    return shown.ask("GET", f"/v1/users/{user}/actions").status_code == 200


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_users_to_begin_with_have_interests_and_ask_not_to_be_forgotten(shown: Running, bundle: Bundle) -> None:
    found = shown.ask("GET", "/v1/users").json()["users"]
    counts = dict(zip(bundle.ids["user"].series, np.diff(bundle.interests.indptr).tolist(), strict=True))
    assert {one["id"]: one["interests"] for one in found}.items() <= counts.items()
    assert [one["interests"] for one in found] == sorted((one["interests"] for one in found), reverse=True)
    assert len(found) >= 4
    assert shown.ask("DELETE", "/v1/users/u7").status_code == 200
    assert "u7" not in [one["id"] for one in shown.ask("GET", "/v1/users").json()["users"]]


def test_actions_come_newest_first_with_their_interest(shown: Running, bundle: Bundle) -> None:
    found = shown.ask("GET", "/v1/users/u1/actions").json()["actions"]
    done = bundle.history.of(1)
    assert done.time_s is not None
    assert [one["flit"] for one in found] == [f"f{row}" for row in done.rows[::-1]]
    assert [one["time_s"] for one in found] == done.time_s[::-1].tolist()
    # Topics are planted far apart, so an action and its interest's medoid are of one topic.
    assert all(topic_of(row_of(one["flit"])) == topic_of(row_of(one["interest"])) for one in found)


def test_what_was_told_since_the_version_comes_before(shown: Running) -> None:
    event = {"event_id": "e1", "user": "u2", "flit": "f30", "kind": "like", "time_s": AS_OF + 9}
    assert shown.post("/v1/events", events=[event]).json()["stored"] == 1
    first = shown.ask("GET", "/v1/users/u2/actions").json()["actions"][0]
    assert first == {"flit": "f30", "time_s": AS_OF + 9, "kind": "like", "interest": None}


def test_somebody_unknown_or_forgotten_did_nothing(shown: Running) -> None:
    assert shown.ask("GET", "/v1/users/nobody/actions").status_code == 404
    shown.ask("DELETE", "/v1/users/u5")
    assert shown.ask("GET", "/v1/users/u5/actions").status_code == 404


def test_flits_are_described_in_the_order_asked_for(shown: Running, bundle: Bundle) -> None:
    found = shown.post("/v1/flits", ids=["f8", "unheard", "f3", "f50"]).json()["flits"]
    assert [one["id"] for one in found] == ["f8", "f3", "f50"]
    first = found[0]
    assert (first["text"], first["author"], first["created_s"]) == ("flit 8", "u1", AS_OF - 8 * 86_400)
    assert first["columns"] == {"unsafe": False}  # language is null, the rest has places of its own
    assert first["actions"] == len(set(bundle.history.users[bundle.history.rows == 8].tolist()))
    assert [one["image"] for one in found] == [sha(picture(8)), sha(picture(3)), None]


def test_a_forgotten_author_is_not_named(shown: Running) -> None:
    assert shown.post("/v1/flits", ids=["f10"]).json()["flits"][0]["author"] == "u3"
    shown.ask("DELETE", "/v1/users/u3")
    assert shown.post("/v1/flits", ids=["f10"]).json()["flits"][0]["author"] is None


def test_neighbours_are_the_heaviest_edges_without_who_is_forgotten(shown: Running, bundle: Bundle) -> None:
    flit = int(np.bincount(bundle.history.rows).argmax())
    users = bundle.history.users[bundle.history.rows == flit]
    body = shown.post("/v1/neighbours", id=f"f{flit}", k=50).json()
    (only,) = body["relations"]
    assert (body["type"], only["relation"], only["incoming"], only["type"]) == ("flit", "likes", True, "user")
    assert only["count"] == len(users)
    weights = [one["weight"] for one in only["edges"]]
    assert weights == sorted(weights, reverse=True)
    assert {one["id"] for one in only["edges"]} == {f"u{user}" for user in users if known(shown, f"u{user}")}
    left = only["edges"][0]["id"]
    shown.ask("DELETE", f"/v1/users/{left}")
    after = shown.post("/v1/neighbours", id=f"f{flit}", k=50).json()["relations"][0]
    assert after["count"] == len(users)
    assert [one["id"] for one in after["edges"]] == [one["id"] for one in only["edges"] if one["id"] != left]
    assert len(shown.post("/v1/neighbours", id="u1", type="user", k=1).json()["relations"][0]["edges"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [({"id": "unheard"}, 404), ({"id": "f8", "type": "cheese"}, 422), ({"id": "f8", "k": 101}, 422), ({}, 422)],
)
def test_neighbours_of_nothing(shown: Running, body: dict[str, object], status: int) -> None:
    assert shown.ask("POST", "/v1/neighbours", body).status_code == status


def test_a_forgotten_user_has_no_neighbours(shown: Running) -> None:
    shown.ask("DELETE", "/v1/users/u6")
    assert shown.post("/v1/neighbours", id="u6", type="user").status_code == 404


def test_an_image_is_named_by_its_content_and_kept_by_its_reader(shown: Running) -> None:
    found = shown.ask("GET", f"/v1/images/{sha(picture(4))}", scope="read")
    assert found.content == picture(4)
    assert found.headers["content-type"] == "image/png"
    assert found.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert found.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "status"), [("00" * 32, 404), (sha(NO_PICTURE), 404), ("zz", 422), ("ab" * 31, 422), ("../secret", 404)]
)
def test_what_is_no_picture_is_not_sent(shown: Running, name: str, status: int) -> None:
    assert shown.ask("GET", f"/v1/images/{name}").status_code == status


def test_the_map_is_the_projection(shown: Running) -> None:
    body = shown.ask("GET", "/v1/projection").json()
    store = Store(shown.config.store)
    made = Projection.open(store.artifact("latest", "projection").path)
    store.close()
    assert body["ids"] == [f"f{row}" for row in made.rows]
    np.testing.assert_allclose(np.column_stack([body["x"], body["y"]]), made.points, atol=1e-4)
    by_name = {one["name"]: one for one in body["colourings"]}
    assert by_name["topic"]["codes"] == made.cluster.tolist()
    assert set(by_name) == {"topic", "unsafe", "language", "met by"}
    language = by_name["language"]
    told = [None if code < 0 else language["values"][code] for code in language["codes"]]
    assert told == [("en", "de", None)[row % 3] for row in made.rows]
    assert len(body["labels"]) == len(made.names)


def test_a_version_without_map_graph_and_images_says_so(server: Running) -> None:
    assert server.ask("GET", "/v1/projection").status_code == 404
    assert "no projection" in server.ask("GET", "/v1/projection").json()["title"]
    assert server.post("/v1/neighbours", id="f8").status_code == 404
    assert server.ask("GET", f"/v1/images/{'00' * 32}").status_code == 404
    assert server.post("/v1/flits", ids=["f8"]).json()["flits"][0]["image"] is None


def test_a_damaged_map_stays_closed_and_the_rest_answers(whole_store: Path, tmp_path: Path) -> None:
    shutil.copytree(whole_store, tmp_path / "copy")
    points = next((tmp_path / "copy" / "artifacts" / "projection").rglob("*.npy"))
    points.write_bytes(points.read_bytes()[:-1])
    with serving(tmp_path / "copy", tmp_path) as served:
        told = served.ask("GET", "/v1/projection")
        assert (told.status_code, "projection is damaged" in told.json()["title"]) == (404, True)
        assert str(tmp_path) not in told.text
        assert served.candidates("u1")


@pytest.mark.parametrize("path", ["/v1/users", "/v1/users/u1/actions", "/v1/projection", f"/v1/images/{'00' * 32}"])
def test_looking_needs_a_token(shown: Running, path: str) -> None:
    with httpx2.Client(base_url=shown.url) as client:
        assert client.get(path).status_code == 401
        assert client.get(path, headers=bearer("wrong-token-0123456789")).status_code == 401
        assert client.get(path, headers=bearer("read")).status_code in (200, 404)


def test_every_flit_with_an_image_names_it(shown: Running, tmp_path: Path) -> None:
    ids = [f"f{row}" for row in range(NUM_FLITS)]
    found = [one for start in (0, 60) for one in shown.post("/v1/flits", ids=ids[start : start + 60]).json()["flits"]]
    assert [one["id"] for one in found if one["image"]] == ids[:WITH_IMAGE]
