"""Ads: only of running campaigns, relevant, not too often, in their places, and told apart from the rest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.ids import IdMap
from graphrec.index import IndexConfig, build_index
from graphrec.retrieval.ads import EVER, AdRules, Campaigns
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from graphrec.vectors import Embeddings
from tests.retrieval.world import AS_OF, DAY, NUM_FLITS, TOPICS, planted, topic_of

RULES = AdRules("shop", every=5, min_similarity=0.7, cap=2)
SHOPS = 4


def with_ads(rules: AdRules = RULES) -> Bundle:
    """Every flit from 60 on is promoted: by shop row % 4, of every other row of a topic only until yesterday."""
    bundle = planted()
    flit = np.arange(60, NUM_FLITS, dtype=np.int32)
    end = np.where(flit // TOPICS % 2 == 1, AS_OF - DAY, EVER)
    start = np.full(len(flit), AS_OF - 20 * DAY)
    shops = np.eye(SHOPS, 8, dtype=np.float32)
    return replace(
        bundle,
        ids={**bundle.ids, "shop": IdMap([f"s{row}" for row in range(SHOPS)])},
        embeddings=Embeddings({**bundle.embeddings.vectors, "shop": shops}),
        indexes={**bundle.indexes, "shop": build_index(shops, IndexConfig())},
        campaigns=Campaigns((flit % SHOPS).astype(np.int32), flit, start, end, rules),
    )


@pytest.fixture(scope="module")
def retriever() -> Retriever:
    return Retriever(with_ads())


def row(id_: object) -> int:
    return int(str(id_)[1:])


@given(
    user=st.integers(0, 5), k=st.integers(1, 60), every=st.integers(2, 12), floor=st.floats(-1, 1),
    safe=st.booleans(), seen=st.dictionaries(st.sampled_from([f"f{one}" for one in range(60, 120)]), st.integers(0, 4)),
)  # fmt: skip
@settings(max_examples=80)
def test_the_laws_of_ads(user: int, k: int, every: int, floor: float, safe: bool, seen: dict[str, int]) -> None:
    bundle = with_ads(AdRules("shop", every, floor, 2))
    found = Retriever(bundle).recommend(f"u{user}", k, Request(ads_shown=seen, safe=safe))
    plain = Retriever(bundle).recommend(f"u{user}", k, Request(safe=safe, ads=False))
    places = [place for place, one in enumerate(found.ads) if one is not None]
    sold = [found.ids[place] for place in places]
    assert len(set(found.ids)) == len(found.ids) <= k
    assert all((place + 1) % every == 0 for place in places)
    assert [one for one in found.ids if one not in sold] == [one for one in plain.ids if one not in sold][
        : len(found) - len(sold)
    ]
    shops = [one for one in found.ads if one is not None]
    assert len(set(shops)) == len(shops)
    medoids = bundle.settings.served(bundle.interests.of(user), user).medoid
    for place in places:
        flit = row(found.ids[place])
        assert found.ads[place] == f"s{flit % SHOPS}"
        assert flit >= 60
        assert flit // TOPICS % 2 == 0
        assert seen.get(f"f{flit}", 0) < 2
        assert flit not in bundle.excluded(user)
        assert not (safe and flit % 11 == 3)
        assert float((bundle.flit_vectors[flit] @ bundle.flit_vectors[medoids].T).max()) >= floor - 1e-6
    assert plain.ads == [None] * len(plain)


def test_an_answer_says_which_are_ads_and_for_whom(retriever: Retriever) -> None:
    found = retriever.recommend("u0", 10)
    place = next(place for place, one in enumerate(found.ads) if one)
    assert place == 4
    assert topic_of(row(found.ids[place])) in (0, 1)
    told = found.explain(place)
    assert told["ad"] == found.ads[place] == f"s{row(told['id']) % SHOPS}"
    assert "ad" not in found.explain(0)
    assert found.to_polars()["ad"].to_list() == found.ads


def test_campaigns_run_by_the_now_of_the_request(retriever: Retriever) -> None:
    early = retriever.recommend("u0", 10, Request(now_s=AS_OF - 2 * DAY))
    none = retriever.recommend("u0", 10, Request(now_s=AS_OF - 30 * DAY))
    assert any(ad for ad in early.ads)
    assert none.ads == [None] * 10


def test_a_cap_holds_one_ad_back_and_lets_the_next_come(retriever: Retriever) -> None:
    before = retriever.recommend("u0", 5)
    sold = before.ids[4]
    once, twice = (retriever.recommend("u0", 5, Request(ads_shown={sold: times})) for times in (1, 2))
    assert once.ids == before.ids
    assert sold not in [one for one, ad in zip(twice.ids, twice.ads, strict=True) if ad]


def test_the_trace_counts_what_each_rule_took_out(retriever: Retriever) -> None:
    found = retriever.recommend("u5", 10, Request(ads_shown={"f65": 2, "f71": 2, "f64": 2}))
    steps = {one["step"]: one for one in found.explain(0, trace=True)["trace"]}
    promoted, running = steps["source ads"]["left"], steps["filter campaign"]
    assert (promoted, running["left"], len(running["removed"])) == (60, 30, 30)
    assert set(steps["filter cap"]["removed"]) == {"f64", "f65"} - set(steps["filter seen"]["removed"])
    assert steps["filter relevance"]["removed"]
    assert all(topic_of(row(one)) != 5 for one in steps["filter relevance"]["removed"])
    assert steps["blend"]["why"].startswith(f"{sum(ad is not None for ad in found.ads)} ads in every 5th place")


def test_nothing_is_relevant_to_a_stranger(retriever: Retriever) -> None:
    found = retriever.recommend("stranger", 10)
    assert found.ads == [None] * 10
    assert found.to_polars()["ad"].null_count() == 10


def test_a_saved_bundle_keeps_its_campaigns(retriever: Retriever, tmp_path: Path) -> None:
    retriever.bundle.save(tmp_path)
    back = Retriever(Bundle.open(tmp_path))
    assert back.recommend("u5", 20).ads == retriever.recommend("u5", 20).ads
    assert back.bundle.campaigns is not None
    assert back.bundle.campaigns.rules == RULES


def test_two_who_promote_one_flit_are_told_apart_by_the_running_one() -> None:
    bundle = with_ads()
    campaigns = Campaigns(
        np.array([1, 2], np.int32), np.array([65, 65], np.int32), np.array([0, 0]), np.array([AS_OF - 1, EVER]),
        AdRules("shop", 2, -1.0, 1),
    )  # fmt: skip
    found = Retriever(replace(bundle, campaigns=campaigns)).recommend("u0", 4)
    assert {one for one in found.ads if one} == {"s2"}
