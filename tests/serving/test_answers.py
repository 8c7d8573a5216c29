import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphrec.retrieval.newest import Action
from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Store
from tests.retrieval.test_kinds import with_kinds
from tests.retrieval.world import AS_OF
from tests.serving.world import Running, publish, serving


@pytest.fixture(scope="module")
def retriever(server: Running) -> Retriever:
    """The same version, asked directly."""
    return Retriever.open(server.config.store)


def liked(server: Running, user: str, flit: str, kind: str = "like", time_s: int = AS_OF + 60) -> None:
    events = [{"event_id": f"{user}-{flit}-{kind}", "user": user, "flit": flit, "kind": kind, "time_s": time_s}]
    assert server.post("/v1/events", events=events).json()["stored"] == 1


def test_an_answer_is_the_retrievers(server: Running, retriever: Retriever) -> None:
    found = server.post("/v1/recommend", user="u1", k=7)
    expected = retriever.recommend("u1", 7)
    body = found.json()
    assert [one["id"] for one in body["candidates"]] == expected.ids
    assert [one["interest"] for one in body["candidates"]] == expected.interests
    assert [one["score"] for one in body["candidates"]] == pytest.approx(expected.scores.tolist(), abs=1e-6)
    assert (body["version"], body["reason"]) == ("v0001", "interests")
    assert found.headers["x-graphrec-version"] == "v0001"
    assert len(found.headers["x-request-id"]) == 16
    assert found.headers["server-timing"].startswith("wait;dur=")


def test_the_callers_request_id_is_kept_where_it_is_a_word(server: Running) -> None:
    import httpx2

    for given, kept in (("abc-1.2_3", True), ("a b", False), ("x" * 65, False)):
        found = httpx2.get(f"{server.url}/healthz", headers={"x-request-id": given})
        assert (found.headers["x-request-id"] == given) is kept


def test_wishes_reach_the_retriever(server: Running, retriever: Retriever) -> None:
    medoid = retriever.interests("u2")["medoid"][0]
    wishes = {"muted": [medoid], "where": {"language": ["en"]}, "safe": True, "per_author": 2, "diversity": 0.3}
    expected = retriever.recommend("u2", 10, Request.parse(wishes))
    assert server.candidates("u2", wishes=wishes) == expected.ids
    boosted = retriever.recommend("u2", 10, Request(boosted={medoid: 0.1}))
    assert server.candidates("u2", wishes={"boosted": [{"flit": medoid, "factor": 0.1}]}) == boosted.ids


def test_explanations_and_trace_come_when_asked_for(server: Running, retriever: Retriever) -> None:
    body = server.post("/v1/recommend", user="u1", k=2, explain=True, trace=True).json()
    found = retriever.recommend("u1", 2)
    assert body["candidates"][0]["why"]["nearest_action"] == pytest.approx(found.explain(0)["nearest_action"])
    assert [one["step"] for one in body["trace"]] == found.trace()["step"].to_list()
    assert "trace" not in server.post("/v1/recommend", user="u1", k=2).json()


def test_somebody_unknown_gets_what_is_popular(server: Running, retriever: Retriever) -> None:
    assert server.candidates("nobody", 5) == retriever.recommend("nobody", 5).ids


def test_somebody_new_is_answered_by_his_actions(server: Running, retriever: Retriever) -> None:
    body = server.post("/v1/recommend-from", flits=["f7", "f13"], k=5).json()
    assert [one["id"] for one in body["candidates"]] == retriever.recommend_from(["f7", "f13"], 5).ids


def test_accounts_and_shops_are_recommended_and_who_is_forgotten_is_not_named(tmp_path: Path) -> None:
    bundle = with_kinds()
    publish(Store(tmp_path / "store"), 0, bundle)
    direct = Retriever(bundle)
    with serving(tmp_path / "store", tmp_path) as server:
        assert server.candidates("u1", 5, kind="shop") == direct.recommend("u1", 5, kind="shop").ids
        assert server.candidates("u1", 5, kind="flit") == direct.recommend("u1", 5).ids
        assert server.post("/v1/recommend", user="u1", kind="cheese").status_code == 422
        found = server.candidates("u1", 5, kind="user")
        assert found == direct.recommend("u1", 5, kind="user").ids
        near = [one["id"] for one in server.post("/v1/similar", id="u1", type="user", k=5).json()["found"]]
        server.ask("DELETE", f"/v1/users/{found[0]}")
        server.ask("DELETE", f"/v1/users/{near[0]}")
        assert server.candidates("u1", 5, kind="user") == [one for one in found if one not in (found[0], near[0])]
        left = [one["id"] for one in server.post("/v1/similar", id="u1", type="user", k=5).json()["found"]]
        assert left == [one for one in near if one not in (found[0], near[0])]
        assert server.post("/v1/similar", id=found[0], type="user").status_code == 404
        traced = server.post("/v1/recommend", user="u1", k=1, kind="user", trace=True).json()["trace"]
        named = {one for step in traced for one in step["removed"]}
        assert named
        assert not named & {found[0], near[0]}
        assert server.candidates(found[0], 3, kind="shop") == direct.recommend_unknown("?", 3, kind="shop").ids


def test_similar(server: Running, retriever: Retriever) -> None:
    body = server.post("/v1/similar", id="f7", k=3).json()
    assert [one["id"] for one in body["found"]] == retriever.similar("f7", 3)["id"].to_list()
    assert server.post("/v1/similar", id="u1", type="user", k=3).json()["type"] == "user"
    assert server.post("/v1/similar", id="f7", type="cheese").status_code == 422
    assert server.post("/v1/similar", id="unheard").status_code == 404


def test_a_version_without_a_text_encoder_cannot_search(server: Running) -> None:
    found = server.post("/v1/search", text="nest")
    assert found.status_code == 422
    assert "features.text.encoder 'transformer'" in found.json()["title"]
    assert server.post("/v1/search", text="  ").status_code == 422


def test_an_image_is_embedded(server: Running, retriever: Retriever) -> None:
    file = io.BytesIO()
    Image.fromarray(np.arange(3072, dtype=np.uint8).reshape(32, 32, 3)).save(file, "png")
    image = base64.b64encode(file.getvalue()).decode()
    vector = np.array(server.post("/v1/embed", image=image).json()["vector"])
    np.testing.assert_allclose(vector, retriever.embed(image=file.getvalue())[0], atol=1e-5)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("body", [{}, {"image": "bm8gcGljdHVyZQ=="}, {"image": "~~~"}])
def test_what_is_no_content_is_refused(server: Running, body: dict[str, str]) -> None:
    assert server.post("/v1/embed", **body).status_code == 422


def test_what_a_user_did_counts_at_once(server: Running, retriever: Retriever) -> None:
    before = server.candidates("u3")
    liked(server, "u3", before[0])
    after = server.candidates("u3")
    assert after == retriever.recommend("u3", 10, newest=[Action(before[0], AS_OF + 60)]).ids
    assert before[0] not in after


def test_an_event_of_before_the_version_is_seen_but_not_counted_twice(server: Running, retriever: Retriever) -> None:
    before = server.candidates("u4")
    liked(server, "u4", before[0], time_s=AS_OF - 60)
    assert server.candidates("u4") == retriever.recommend("u4", 10, hidden=[before[0]]).ids


def test_what_is_hidden_stays_away_and_other_kinds_change_nothing(server: Running, retriever: Retriever) -> None:
    before = server.candidates("u5")
    liked(server, "u5", before[0], "view")
    assert server.candidates("u5") == before
    liked(server, "u5", before[0], "hide", AS_OF)
    liked(server, "u5", "not in this version")
    hide = Action(before[0], AS_OF, -1)
    assert server.candidates("u5") == retriever.recommend("u5", 10, newest=[hide]).ids
    told = server.ask("GET", "/v1/users/u5/interests").json()["interests"]
    expected = retriever.interests("u5", [hide])["importance"].to_list()
    assert [one["importance"] for one in told] == pytest.approx(expected, rel=1e-3)
    assert sum(expected) < retriever.interests("u5")["importance"].sum()


def test_somebody_unknown_is_known_by_his_first_action(server: Running, retriever: Retriever) -> None:
    liked(server, "newcomer", "f7")
    assert server.candidates("newcomer") == retriever.recommend_from(["f7"], 10).ids


def test_equal_questions_are_answered_from_memory_until_something_changes(server: Running) -> None:
    def timing() -> str:
        return str(server.post("/v1/recommend", user="u6", k=9).headers["server-timing"])

    assert timing() != "remembered"
    assert timing() == "remembered"
    liked(server, "u6", "f8")
    assert timing() != "remembered"
