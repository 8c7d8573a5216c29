"""Wishes: what is muted, blocked or filtered never comes; caps and diversity hold; the trace adds up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import ConfigError, UnknownIdError
from graphrec.ids import Id
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import candidates_of
from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.shelf import MOST_REACH, Query
from tests.retrieval.world import AS_OF, DAY, NUM_FLITS, planted, topic_of, with_factors


@pytest.fixture(scope="module")
def retriever() -> Retriever:
    return Retriever(with_factors(planted(), 0.1))


def column(bundle: Bundle, name: str, ids: Sequence[Id]) -> list[Any]:
    known = dict(zip(bundle.catalogue["id"], bundle.catalogue[name], strict=True))
    return [known[one] for one in ids]


REQUESTS = st.builds(
    lambda safe, languages, age, blocked, cap, diversity: Request(
        safe=safe, where={"language": languages} if languages else {}, max_age_days=age,
        blocked_authors=blocked, per_author=cap, diversity=diversity,
    ),
    st.booleans(), st.sampled_from([(), ("en",), ("en", "de")]), st.sampled_from([None, 30.0, 90.5]),
    st.sampled_from([(), ("u1",), ("u1", "u4", "nobody")]), st.sampled_from([None, 1, 2]),
    st.sampled_from([0.0, 0.3, 1.0]),
)  # fmt: skip


@given(user=st.sampled_from(["u0", "u3", "u5", "u6", "u7", "stranger"]), k=st.integers(1, 200), asked=REQUESTS)
@settings(max_examples=120)
def test_every_wish_is_kept(retriever: Retriever, user: str, k: int, asked: Request) -> None:
    found, bundle = retriever.recommend(user, k, asked), retriever.bundle
    assert len(set(found.ids)) == len(found) <= k
    if asked.safe:
        assert not any(column(bundle, "unsafe", found.ids))
    if asked.where:
        assert set(column(bundle, "language", found.ids)) <= set(asked.where["language"])
    if asked.max_age_days is not None:
        assert all(at >= AS_OF - asked.max_age_days * DAY for at in column(bundle, "created_s", found.ids))
    authors = Counter(column(bundle, "author_id", found.ids))
    assert not set(authors) & set(asked.blocked_authors)
    if asked.per_author is not None:
        assert max((count for author, count in authors.items() if author is not None), default=0) <= asked.per_author
    if user in ("u0", "u3", "u5", "u6"):
        rows = bundle.ids["flit"].rows(found.ids)
        assert not np.isin(rows, bundle.excluded(int(user[1:]))).any()
    assert bundle.allowed[bundle.ids["flit"].rows(found.ids)].all()


@given(user=st.integers(0, 5), k=st.integers(1, 100))
@settings(max_examples=40)
def test_filters_leave_the_order_of_what_stays(retriever: Retriever, user: int, k: int) -> None:
    """A filtered answer is the whole ranking without what is forbidden: nothing is lost to the filter."""
    bundle = replace(retriever.bundle, settings=replace(retriever.bundle.settings, budget=2 * NUM_FLITS))
    one = Retriever(bundle)
    whole = [i for i in one.recommend(f"u{user}", NUM_FLITS).ids if column(bundle, "language", [i]) == ["en"]]
    assert one.recommend(f"u{user}", k, Request(where={"language": ("en",)})).ids == whole[:k]


def test_no_wish_changes_nothing(retriever: Retriever) -> None:
    for user in ("u1", "u6", "stranger"):
        plain, asked = retriever.recommend(user, 30), retriever.recommend(user, 30, Request())
        assert plain.ids == asked.ids
        np.testing.assert_array_equal(plain.scores, asked.scores)


@pytest.mark.parametrize("user", range(4))
def test_a_muted_interest_brings_nothing(retriever: Retriever, user: int) -> None:
    """Users below 4 have two topics; muting the medoid of the first leaves the second alone."""
    known = retriever.interests(f"u{user}")
    silent = known["medoid"][0]
    topic = int(topic_of(retriever.bundle.ids["flit"].row(silent)))
    found = retriever.recommend(f"u{user}", 40, Request(muted=(silent,)))
    assert found.reason == "interests"
    assert silent not in found.interests
    rows = retriever.bundle.ids["flit"].rows(found.ids)
    assert not (topic_of(rows) == topic).any()


def test_a_flit_mutes_the_interest_it_lies_nearest_to(retriever: Retriever) -> None:
    medoid = retriever.interests("u1")["medoid"][0]
    row = retriever.bundle.ids["flit"].row(medoid)
    other = f"f{(row + 6) % NUM_FLITS}"  # of the same topic
    by_medoid = retriever.recommend("u1", 20, Request(muted=(medoid,)))
    by_flit = retriever.recommend("u1", 20, Request(muted=(other,)))
    assert set(by_flit.interests) == set(by_medoid.interests)
    vectors = retriever.bundle.flit_vectors
    rows = retriever.bundle.ids["flit"].rows(by_flit.ids)
    cut = retriever.bundle.settings.interests.merge_cosine
    assert (vectors[rows] @ vectors[row] < cut).all()  # near the medoid, though perhaps not near what was named


def test_all_interests_muted_is_said(retriever: Retriever) -> None:
    every = tuple(retriever.interests("u2")["medoid"])
    found = retriever.recommend("u2", 10, Request(muted=every))
    assert found.reason == "recent popularity: every interest is muted"
    assert found.interests == [None] * 10
    rows = retriever.bundle.ids["flit"].rows(found.ids)
    topics = {int(topic_of(retriever.bundle.ids["flit"].row(one))) for one in every}
    assert not topics & set(topic_of(rows).tolist())


def test_many_boosts_of_one_interest_stay_a_number() -> None:
    retriever = Retriever(planted())
    same = [flit for flit in range(6, NUM_FLITS) if topic_of(flit) == 0]
    found = retriever.recommend("u0", 5, Request(boosted={f"f{flit}": 1000.0 for flit in same}))
    assert len(found) == 5
    assert np.isfinite(found.scores).all()


def test_a_boost_brings_an_interest_forward() -> None:
    bundle = planted(interests={"served": 1})
    retriever = Retriever(bundle)
    first, second = retriever.interests("u0")["medoid"][:2]
    assert set(retriever.recommend("u0", 5).interests) == {first}
    assert set(retriever.recommend("u0", 5, Request(boosted={second: 100.0})).interests) == {second}
    assert set(retriever.recommend("u0", 5, Request(boosted={first: 0.001})).interests) == {second}


def test_a_flit_far_from_every_interest_mutes_nothing(retriever: Retriever) -> None:
    """User 5 has one topic; a flit of another means none of his interests, but what lies round it stays out."""
    away = next(f"f{row}" for row in range(6, NUM_FLITS) if topic_of(row) == 2)
    found = retriever.recommend("u5", 20, Request(muted=(away,)))
    assert found.reason == "interests"
    rows = retriever.bundle.ids["flit"].rows(found.ids)
    assert not (topic_of(rows) == 2).any()


def test_unknown_flits_are_refused(retriever: Retriever) -> None:
    for asked in (Request(muted=("f999",)), Request(boosted={"f999": 2.0})):
        with pytest.raises(UnknownIdError, match="f999"):
            retriever.recommend("u1", 5, asked)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"per_author": 0}, "Request.per_author must be greater than or equal to 1"),
        ({"diversity": 1.5}, "Request.diversity must be less than or equal to 1"),
        ({"boosted": {"f1": 0.0}}, "Request.boosted.f1 must be greater than 0"),
        ({"max_age_days": -1.0}, "Request.max_age_days must be greater than 0"),
    ],
)
def test_wishes_that_cannot_be_kept_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Request.parse(values)


@pytest.mark.parametrize(
    ("asked", "settings", "dropped", "message"),
    [
        (Request(where={"mood": ("good",)}), {}, [], r"Request.where must name columns .* \(got 'mood', have text,"),
        (Request(safe=True), {"flags": ()}, [], "Request.safe must go by flags"),
        (Request(max_age_days=3), {"as_of_s": None}, [], "Request.max_age_days must go by the time"),
        (Request(max_age_days=3), {}, ["created_s"], "Request.max_age_days must go by the time"),
        (Request(blocked_authors=("u1",)), {"author": None}, [], "must go by an author"),
        (Request(per_author=1), {}, ["author_id"], "must go by an author"),
    ],
)
def test_what_a_version_cannot_go_by_is_said(
    asked: Request, settings: dict[str, Any], dropped: list[str], message: str
) -> None:
    bundle = planted(**settings)
    retriever = Retriever(replace(bundle, catalogue=bundle.catalogue.drop(dropped)))
    with pytest.raises(ConfigError, match=message):
        retriever.recommend("u1", 5, asked)


def test_numbers_and_truths_filter_too() -> None:
    bundle = planted()
    years = pl.Series("year", [2000 + row % 5 for row in range(NUM_FLITS)])
    retriever = Retriever(replace(bundle, catalogue=bundle.catalogue.with_columns(years)))
    found = retriever.recommend("u1", 10, Request(where={"year": (2001, 2003), "unsafe": (False,)}))
    assert set(retriever.bundle.ids["flit"].rows(found.ids) % 5) <= {1, 3}
    assert not any(column(bundle, "unsafe", found.ids))


def test_nothing_left_is_an_empty_list(retriever: Retriever) -> None:
    found = retriever.recommend("u1", 10, Request(where={"language": ("fr",)}))
    assert found.ids == []
    assert len(found.trace()) > 0


def test_diversity_spreads_the_list(retriever: Retriever) -> None:
    def nearness(ids: Sequence[Id]) -> float:
        own = retriever.bundle.flit_vectors[retriever.bundle.ids["flit"].rows(ids)]
        cosine = own @ own.T
        return float(cosine[np.triu_indices(len(ids), 1)].mean())

    lists = [retriever.recommend("u2", 12, Request(diversity=one)).ids for one in (0.0, 0.4, 0.9)]
    assert nearness(lists[0]) > nearness(lists[1]) > nearness(lists[2])
    assert lists[0][0] == lists[1][0] == lists[2][0]


def test_the_trace_adds_up(retriever: Retriever) -> None:
    found = retriever.recommend("u0", 8, Request(safe=True, per_author=1))
    trace = found.trace()
    assert trace.columns == ["step", "left", "removed", "why"]
    steps = dict(zip(trace["why"], trace.iter_rows(named=True), strict=True))
    assert any(why.startswith("flagged unsafe: 11 of the catalogue") for why in steps)
    seen = steps["acted on or hidden before"]["removed"]
    assert set(retriever.bundle.ids["flit"].rows(seen)) <= set(retriever.bundle.excluded(0))
    capped = steps["at most 1 of one author"]["removed"]
    assert capped
    assert not set(capped) & set(found.ids)
    assert trace["left"][-1] == len(found) == 8
    assert found.explain(0, trace=True)["trace"] == trace.to_dicts()


def test_a_strangers_trace_says_why_popularity_answers(retriever: Retriever) -> None:
    assert "no interest to go by" in retriever.recommend("stranger", 3).trace()["why"].to_list()


def test_recommend_from_keeps_wishes_too(retriever: Retriever) -> None:
    found = retriever.recommend_from(["f10", "f16", "f22"], 10, Request(where={"language": ("en",)}))
    assert set(column(retriever.bundle, "language", found.ids)) == {"en"}


def test_many_permitted_flits_are_drawn_from_the_index_and_more_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec.retrieval.shelf.EXACT_BELOW", 10)
    bundle = planted(budget=12)
    permitted = np.arange(NUM_FLITS) % 4 == 0
    shelf = bundle.shelf.narrowed(permitted)
    assert shelf.index is bundle.shelf.index
    assert shelf.reach == pytest.approx(bundle.allowed.sum() / (bundle.allowed & permitted).sum())
    query: Query = bundle.query_of(2)
    found = candidates_of(query, shelf, 6)
    assert permitted[found.rows].all()
    assert (found.interest >= 0).all()
    assert bundle.shelf.narrowed(np.arange(NUM_FLITS) < 17).reach == pytest.approx(114 / 11)
    twice = shelf.narrowed(np.arange(NUM_FLITS) % 8 == 0)
    assert twice.reach == pytest.approx(bundle.allowed.sum() / twice.allowed.sum())
    assert MOST_REACH == 20


def test_shelves_of_the_same_filters_are_kept(retriever: Retriever) -> None:
    one, two = (Request(where={"language": ("de",)}, per_author=cap) for cap in (1, 2))
    wishes = retriever._wishes
    assert wishes._narrowed(one)[0] is wishes._narrowed(two)[0]
    for number in range(40):
        wishes._narrowed(Request(max_age_days=number + 1.0))
    assert len(wishes._kept) <= 32
