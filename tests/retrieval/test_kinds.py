"""Accounts and advertisers: near the interests, never whom one is linked to, popular ones to strangers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import normalise_rows
from graphrec.errors import ConfigError
from graphrec.history import History
from graphrec.index import IndexConfig, build_index
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.kinds import Kind
from graphrec.retrieval.newest import Action
from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.tune import PRIOR_WEIGHTS
from graphrec.retrieval.tune_kinds import link_recalls, tune_kinds
from graphrec.vectors import Embeddings
from tests.retrieval.world import NUM_USERS, TOPICS, planted

NUM_SHOPS = 36


def with_kinds(*, prior_weight: float = 0.0, seed: int = 0) -> Bundle:
    """User u follows u + 1 and stands near his topic; shop s sells topic s % 6, and user 2 knows shops 2 and 8."""
    bundle, rng = planted(), np.random.default_rng(seed)
    around = np.eye(TOPICS, 8)
    users, shops = (
        normalise_rows((around[np.arange(size) % TOPICS] + 0.1 * rng.normal(size=(size, 8))).astype(np.float32))
        for size in (NUM_USERS, NUM_SHOPS)
    )
    vectors = {
        **bundle.embeddings.vectors,
        "user": users,
        "shop": shops,
    }
    everyone = np.arange(NUM_USERS, dtype=np.int32)
    followed = History.from_edges(
        np.concatenate([everyone, everyone]), np.concatenate([everyone, (everyone + 1) % NUM_USERS]), None, None,
        NUM_USERS,
    )  # fmt: skip
    met = History.from_edges(np.array([2, 2], np.int32), np.array([2, 8], np.int32), None, None, NUM_USERS)
    popular = np.arange(NUM_SHOPS, dtype=np.float32) / np.float32(NUM_SHOPS)
    kinds = {
        "user": Kind(followed, np.zeros(NUM_USERS, np.float32), pl.Series([None] * NUM_USERS, dtype=pl.String), 0.0),
        "shop": Kind(met, popular, pl.Series([f"shop {row}" for row in range(NUM_SHOPS)]), prior_weight),
    }
    ids = {**bundle.ids, "shop": type(bundle.ids["flit"])([f"s{row}" for row in range(NUM_SHOPS)])}
    indexes = {**bundle.indexes, **{name: build_index(vectors[name], IndexConfig()) for name in ("user", "shop")}}
    return replace(bundle, embeddings=Embeddings(vectors), kinds=kinds, ids=ids, indexes=indexes)


@pytest.fixture(scope="module")
def retriever() -> Retriever:
    return Retriever(with_kinds())


def test_shops_of_the_users_topics_come_first(retriever: Retriever) -> None:
    found = retriever.recommend("u5", 5, kind="shop")
    assert [int(str(one)[1:]) % TOPICS for one in found.ids] == [5] * 5
    assert found.kind == "shop"
    assert found.reason == "interests"
    assert set(found.interests) <= set(retriever.interests("u5")["medoid"])


def test_the_score_is_the_best_cosine_to_an_interest_seen_from_the_user() -> None:
    bundle = with_kinds(prior_weight=0.2)
    found = Retriever(bundle).recommend("u1", NUM_SHOPS, kind="shop")
    medoids, importance, _ = bundle.settings.served(bundle.interests.of(1), 1)
    own, shops = bundle.embeddings.vectors["user"][1], np.asarray(bundle.embeddings.vectors["shop"])
    for place, row in enumerate(bundle.ids["shop"].rows(found.ids)):
        parts = [
            float(shops[row] @ (mixed / np.linalg.norm(mixed)))
            + bundle.settings.weights.importance * float(np.log(share / importance.sum()))
            for mixed, share in zip(bundle.flit_vectors[medoids] + own, importance, strict=True)
        ]
        assert found.scores[place] == pytest.approx(max(parts) + 0.2 * row / NUM_SHOPS, abs=1e-5)
    assert (np.diff(found.scores) <= 0).all()


@given(user=st.integers(0, NUM_USERS - 1), k=st.integers(1, 50), kind=st.sampled_from(["user", "shop"]))
@settings(max_examples=60)
def test_oneself_and_whom_one_is_linked_to_never_come(retriever: Retriever, user: int, k: int, kind: str) -> None:
    found = retriever.recommend(f"u{user}", k, kind=kind)
    known = retriever.bundle.kinds[kind].known.of(user).rows
    rows = retriever.bundle.ids[kind].rows(found.ids)
    assert not np.isin(rows, known).any()
    assert len(set(rows.tolist())) == len(rows) == min(k, len(retriever.bundle.ids[kind]) - len(known))


def test_blocked_accounts_stay_out_and_unknown_ones_harm_nothing(retriever: Retriever) -> None:
    found = retriever.recommend("u0", 10, Request(blocked_authors=("u4", "nobody")), kind="user")
    assert set(found.ids) == {f"u{row}" for row in range(NUM_USERS)} - {"u0", "u1", "u4"}


def test_a_stranger_gets_the_popular_ones_and_is_told(retriever: Retriever) -> None:
    found = retriever.recommend("stranger", 3, kind="shop")
    assert found.ids == ["s35", "s34", "s33"]
    assert found.reason == "recent popularity: user 'stranger' is unknown"
    assert set(found.explain(0)) == {"id", "text", "score", "reason", "prior"}


def test_a_stranger_with_actions_is_answered_by_them(retriever: Retriever) -> None:
    found = retriever.recommend("stranger", 3, newest=[Action("f10"), Action("f16")], kind="shop")
    assert found.reason == "interests"
    assert {int(str(one)[1:]) % TOPICS for one in found.ids} == {4}


def test_a_user_without_interests_is_answered_from_where_he_stands(retriever: Retriever) -> None:
    found = retriever.recommend("u7", 3, kind="shop")
    assert found.reason == "the graph: no action in the window"
    assert {int(str(one)[1:]) % TOPICS for one in found.ids} == {7 % TOPICS}
    assert found.interests == [None] * 3
    assert "interest" not in found.explain(0)


def test_an_explanation_names_the_node_and_the_interest(retriever: Retriever) -> None:
    found = retriever.recommend("u2", 3, kind="shop")
    told = found.explain(0, trace=True)
    assert told["text"] == f"shop {int(str(told['id'])[1:])}"
    assert told["interest"]["id"] == found.interests[0]
    assert told["nearest_action"]["id"].startswith("f")
    assert "factors" not in told
    removed = {one["why"]: one["removed"] for one in told["trace"]}
    assert removed["linked already, or blocked"] == ["s2", "s8"]


def test_muting_silences_an_interest_here_too(retriever: Retriever) -> None:
    silent = retriever.interests("u0")["medoid"][0]
    assert silent not in retriever.recommend("u0", 10, Request(muted=(silent,)), kind="shop").interests


@pytest.mark.parametrize(
    ("request_", "kind", "message"),
    [
        (Request(), "movie", r"kind must be one of flit, user, shop \(got 'movie'\)"),
        (Request(safe=True), "user", r"Request.safe must be left out where kind is 'user' \(got True\)"),
        (Request(blocked_authors=("u1",)), "shop", "Request.blocked_authors must be left out where kind is 'shop'"),
    ],
)
def test_what_a_kind_cannot_meet_is_refused(retriever: Retriever, request_: Request, kind: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        retriever.recommend("u0", 3, request_, kind=kind)


def test_a_saved_bundle_keeps_its_kinds(retriever: Retriever, tmp_path: Path) -> None:
    retriever.bundle.save(tmp_path)
    back = Retriever(Bundle.open(tmp_path))
    for user in ("u0", "u7", "stranger"):
        before, after = (one.recommend(user, 9, kind="shop") for one in (retriever, back))
        assert before.ids == after.ids
        assert before.to_polars().equals(after.to_polars())


def test_the_prior_is_weighed_by_what_held_out_links_reward() -> None:
    """Where users turn to the most popular shops whatever they sell, popularity gets its weight; else none."""
    bundle = with_kinds()
    popular = np.arange(NUM_SHOPS - 8, NUM_SHOPS, dtype=np.int32)
    weights, trials = tune_kinds(bundle, {"shop": {user: popular for user in range(6)}})
    assert weights["shop"] > 0.1
    assert weights["user"] == bundle.settings.weights.prior
    assert len(trials) == len(PRIOR_WEIGHTS)
    own = {user: np.arange(user, NUM_SHOPS, TOPICS, dtype=np.int32)[:3] for user in range(6)}
    assert tune_kinds(bundle, {"shop": own})[0]["shop"] == 0.0
    assert link_recalls(bundle, "shop", own, 0.0).mean() > link_recalls(bundle, "shop", own, 5.0).mean()
