from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import ArtifactError, ConfigError, UnknownIdError
from graphrec.history import History
from graphrec.interests import build_interests
from graphrec.retrieval.batch import recommend_batch
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.shelf import Weights
from tests.retrieval.world import AS_OF, NUM_FLITS, NUM_USERS, naive_scores, planted, topic_of, with_prior


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return planted()


@pytest.fixture(scope="module")
def retriever(bundle: Bundle) -> Retriever:
    return Retriever(bundle)


def rows(ids: Sequence[object]) -> list[int]:
    return [int(str(one).removeprefix("f")) for one in ids]


@pytest.mark.parametrize("user", range(6))
def test_recommend_equals_the_naive_twin(retriever: Retriever, user: int) -> None:
    found = retriever.recommend(f"u{user}", 15)
    exact = naive_scores(planted(budget=600), user)
    best = sorted(exact, key=lambda row: -exact[row])[:15]
    assert rows(found.ids) == best
    assert found.scores.tolist() == pytest.approx([exact[row] for row in best], abs=1e-5)
    assert found.reason == "interests"


@pytest.mark.parametrize("user", range(6))
def test_recommend_stays_within_the_users_topics(user: int) -> None:
    found = Retriever(planted(weights=Weights(0.0, 0.0))).recommend(f"u{user}", 8)
    assert set(topic_of(rows(found.ids)).tolist()) <= {user, (user + 1) % 6} if user < 4 else {user}


@given(
    user=st.integers(0, NUM_USERS - 1), k=st.integers(1, 300), seed=st.integers(0, 5),
    cold_share=st.sampled_from([0.0, 0.25, 0.9]),
)  # fmt: skip
@settings(max_examples=80)
def test_seen_hidden_and_barred_flits_never_come_back(user: int, k: int, seed: int, cold_share: float) -> None:
    bundle = planted(seed=seed, cold_share=cold_share)
    found = rows(Retriever(bundle).recommend(f"u{user}", k).ids)
    out = set(bundle.excluded(user).tolist()) | set(range(6))
    assert not out & set(found)
    assert len(found) == len(set(found)) == min(k, NUM_FLITS - len(out))


def test_an_unknown_user_gets_recent_popularity_and_is_told(retriever: Retriever, bundle: Bundle) -> None:
    found = retriever.recommend("stranger", 10)
    best = [row for row in np.argsort(-bundle.prior, kind="stable") if bundle.allowed[row]][:10]
    assert rows(found.ids) == best
    assert found.reason == "recent popularity: user 'stranger' is unknown"
    assert found.interests == [None] * 10
    assert set(found.explain(0)) == {"id", "text", "score", "reason", "prior"}


@pytest.mark.parametrize("user", ["u6", "u7"])
def test_a_user_without_recent_actions_gets_popularity_less_what_he_saw(
    retriever: Retriever, bundle: Bundle, user: str
) -> None:
    found = retriever.recommend(user, 10)
    assert found.reason == "recent popularity: no action in the window"
    assert not set(rows(found.ids)) & set(bundle.excluded(int(user[1:])).tolist())


def test_recommend_from_equals_a_user_with_the_same_history(bundle: Bundle) -> None:
    asked = [10, 16, 22, 11, 10]
    times = np.full(5, AS_OF - 1, dtype=np.int64)
    history = History.from_edges(np.zeros(5, np.int32), np.array(asked, np.int32), times, None, NUM_USERS)
    twin = Bundle(
        settings=bundle.settings, ids=bundle.ids, embeddings=bundle.embeddings, indexes=bundle.indexes,
        interests=build_interests(history, bundle.flit_vectors, bundle.settings.interests, as_of_s=AS_OF),
        history=history, hidden=history.where(np.zeros(5, np.bool_)), prior=bundle.prior, allowed=bundle.allowed,
        catalogue=bundle.catalogue,
    )  # fmt: skip
    one = Retriever(bundle).recommend_from([f"f{row}" for row in asked], 20)
    other = Retriever(twin).recommend("u0", 20)
    assert one.ids == other.ids
    assert one.interests == other.interests
    np.testing.assert_array_equal(one.scores, other.scores)
    assert one.reason == other.reason == "interests"


def test_recommend_from_nothing_is_recent_popularity(retriever: Retriever) -> None:
    found = retriever.recommend_from([], 5)
    assert found.ids == retriever.recommend("stranger", 5).ids
    assert found.reason.startswith("recent popularity")


def test_recommend_from_an_unknown_flit_raises(retriever: Retriever) -> None:
    with pytest.raises(UnknownIdError, match=r"ids must be known ids \(got 1 unknown, first 'f999'\)"):
        retriever.recommend_from(["f1", "f999"])


@pytest.mark.parametrize("user", range(6))
def test_the_parts_of_an_explanation_add_up_to_the_score(retriever: Retriever, bundle: Bundle, user: int) -> None:
    weights = bundle.settings.weights
    found = retriever.recommend(f"u{user}", 10)
    for place in range(10):
        told = found.explain(place)
        parts = (
            told["similarity"] + weights.prior * told["prior"] + weights.importance * np.log(told["importance_share"])
        )
        assert told["score"] == pytest.approx(parts, abs=1e-5)
        assert told["id"] == found.ids[place]
        assert told["interest"]["id"] == found.interests[place]
        row, medoid = rows([told["id"]])[0], rows([told["interest"]["id"]])[0]
        assert told["similarity"] == pytest.approx(
            float(bundle.flit_vectors[row] @ bundle.flit_vectors[medoid]), abs=1e-5
        )
        own = bundle.history.of(user).rows
        cosines = bundle.flit_vectors[own] @ bundle.flit_vectors[row]
        assert told["nearest_action"]["similarity"] == pytest.approx(float(cosines.max()), abs=1e-5)
        assert rows([told["nearest_action"]["id"]])[0] in own


def test_places_kept_for_flits_nobody_met_hold_such_flits_and_explain_themselves() -> None:
    bundle = planted(cold_share=0.25)
    weights = bundle.settings.weights
    met = set(bundle.history.rows.tolist())
    for user in range(6):
        found = Retriever(bundle).recommend(f"u{user}", 12)
        kept = rows(found.ids)[3::4]
        assert not met & set(kept)
        told = found.explain(3)
        parts = told["similarity"] + weights.importance * np.log(told["importance_share"])
        assert told["score"] == pytest.approx(parts + weights.prior * told["prior"], abs=1e-5)


def test_explain_beyond_the_list_raises(retriever: Retriever) -> None:
    found = retriever.recommend("u0", 3)
    for place in (-1, 3):
        with pytest.raises(ConfigError, match=rf"place must be from 0 to 2 \(got {place}\)"):
            found.explain(place)


def test_candidates_as_a_frame(retriever: Retriever) -> None:
    """Three interests of one topic draw much the same flits: popularity fills the list."""
    found = Retriever(planted(interests={"merge_cosine": 0.99})).recommend("u5", 60)
    frame = found.to_polars()
    assert frame.columns == ["id", "score", "interest", "propensity", "similarity", "factors", "prior", "ad"]
    assert frame["id"].to_list() == found.ids
    assert frame.height == len(found)
    filled = frame.filter(pl.col("interest").is_null())
    assert filled.height
    assert filled["similarity"].null_count() == filled["propensity"].null_count() == filled.height
    assert set(frame["propensity"].drop_nulls()) == {1.0}
    assert retriever.recommend("stranger", 5).to_polars()["interest"].null_count() == 5


def test_rows_for_evaluation_are_those_of_recommend(retriever: Retriever) -> None:
    for user in range(NUM_USERS):
        assert retriever.recommend_rows(user, 12).tolist() == rows(retriever.recommend(f"u{user}", 12).ids)


def test_sampled_interests_answer_where_the_mode_says_so() -> None:
    config = {"served": 1, "mode": "sampled"}
    days = [Retriever(planted(interests=config, as_of_s=AS_OF + day * 86_400)) for day in range(25)]
    answers = {one.recommend("u0", 1).interests[0] for one in days}
    assert len(answers) > 1


def test_similar_are_the_nearest_without_the_flit_itself(retriever: Retriever, bundle: Bundle) -> None:
    found = retriever.similar("f20", 7)
    cosines = bundle.flit_vectors @ bundle.flit_vectors[20]
    best = [row for row in np.argsort(-cosines) if row != 20 and bundle.allowed[row]][:7]
    assert rows(found["id"].to_list()) == best
    assert found["similarity"].to_list() == pytest.approx(cosines[best].tolist(), abs=1e-5)


def test_similar_to_a_barred_flit_and_beyond_the_catalogue(retriever: Retriever) -> None:
    assert retriever.similar("f2", 7).height == 7
    assert retriever.similar("f20", 5000).height == NUM_FLITS - 6 - 1
    assert retriever.similar("u1", 3, node_type="user").height == 3


def test_interests_of_a_user(retriever: Retriever, bundle: Bundle) -> None:
    found = retriever.interests("u0")
    assert found["medoid"].to_list() == [f"f{row}" for row in bundle.interests.of(0)[0]]
    assert found["share"].sum() == pytest.approx(1, abs=1e-6)
    assert found["actions"].sum() == 12
    assert found["share"].to_list() == sorted(found["share"], reverse=True)
    assert retriever.interests("u7").height == 0
    assert retriever.interests("u7").schema == found.schema
    for medoid, exemplars in zip(rows(found["medoid"].to_list()), found["exemplars"].to_list(), strict=True):
        assert medoid not in rows(exemplars)
        assert set(topic_of(rows(exemplars))) <= {topic_of(medoid)}
        assert set(rows(exemplars)) <= set(bundle.history.of(0).rows.tolist())


def test_interests_tell_their_share_of_the_feed(retriever: Retriever) -> None:
    found, feed = retriever.interests("u0"), retriever.recommend("u0", 50)
    for one in found.iter_rows(named=True):
        assert one["feed_share"] == pytest.approx(feed.interests.count(one["medoid"]) / len(feed.ids))
    assert 0.5 < found["feed_share"].sum() <= 1
    first, second = found["medoid"][:2]
    after = retriever.interests("u0", request=Request(muted=(first,)))
    shares = dict(after.select("medoid", "feed_share").iter_rows())
    assert shares[first] == 0
    assert shares[second] > dict(found.select("medoid", "feed_share").iter_rows())[second]
    gone = retriever.interests("u0", hidden=feed.ids)
    assert gone["medoid"].to_list() == found["medoid"].to_list()
    assert gone["feed_share"].to_list() != found["feed_share"].to_list()


def test_drawn_interests_tell_their_propensity() -> None:
    drawn = Retriever(planted(interests={"mode": "sampled", "served": 1}))
    importance = drawn.bundle.interests.of(0).importance
    found = drawn.recommend("u0", 10)
    (one,) = set(found.interests)
    place = drawn.interests("u0")["medoid"].to_list().index(one)
    expected = pytest.approx(float(importance[place] / importance.sum()), rel=1e-5)
    assert found.to_polars()["propensity"].to_list() == [expected] * 10
    assert found.explain(0)["propensity"] == expected
    batch = recommend_batch(drawn, [0], 10)
    assert batch["propensity"].to_list() == found.to_polars()["propensity"].to_list()


def test_a_flit_without_text_is_described_by_its_id(retriever: Retriever) -> None:
    near = retriever.recommend("u5", 200)
    told = near.explain(near.ids.index("f7"))
    assert (told["id"], told["text"]) == ("f7", "")


def test_bad_questions_raise(retriever: Retriever) -> None:
    for ask in (retriever.recommend, retriever.similar, retriever.search):
        with pytest.raises(ConfigError, match=r"k must be at least 1 \(got 0\)"):
            ask("u0", 0)
    with pytest.raises(ConfigError, match="k must be at least 1"):
        retriever.recommend_from(["f1"], 0)
    with pytest.raises(UnknownIdError, match="id must be a known id"):
        retriever.similar("nothing")
    with pytest.raises(ConfigError, match=r"node_type must be one of user, flit \(got 'advert'\)"):
        retriever.similar("f1", node_type="advert")
    with pytest.raises(UnknownIdError, match=r"user_id must be a known user \(got 'who'\)"):
        retriever.interests("who")
    with pytest.raises(ConfigError, match="text must not be blank"):
        retriever.search("  ")
    with pytest.raises(ConfigError, match=r"open the retriever with Retriever\.open"):
        retriever.search("birds")


def test_opening_an_empty_store_says_to_run_first(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="run graphrec run CONFIG first"):
        Retriever.open(tmp_path / "store")


def test_everything_seen_gives_an_empty_answer() -> None:
    bundle = planted()
    every = History.from_edges(
        np.zeros(NUM_FLITS, np.int32), np.arange(NUM_FLITS, dtype=np.int32), np.full(NUM_FLITS, AS_OF - 5), None, 8
    )
    found = Retriever(replace(bundle, history=every)).recommend("u0", 10)
    assert len(found) == 0
    assert found.to_polars().height == 0


def test_the_prior_moves_what_is_popular_up(bundle: Bundle) -> None:
    target = rows(Retriever(bundle).recommend("u5", 30).ids)[-1]
    loved = with_prior(bundle, np.where(np.arange(NUM_FLITS) == target, 50.0, bundle.prior))
    assert rows(Retriever(loved).recommend("u5", 1).ids) == [target]


def test_candidates_show_themselves_in_one_line() -> None:
    found = Retriever(planted()).recommend("u0", 5)
    assert repr(found) == f"Candidates(5 by interests: {', '.join(map(str, found.ids[:3]))}, …)"
