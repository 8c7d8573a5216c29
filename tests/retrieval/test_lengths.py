import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import normalise_rows
from graphrec.index import EXACT_BELOW, IndexConfig
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.lengths import build_scaled, by_inner_product, scale_of
from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.settings import Settings
from tests.retrieval.world import NUM_FLITS, NUM_USERS, naive_scores, planted, with_lengths


def rows(ids: Sequence[object]) -> list[int]:
    return [int(str(one).removeprefix("f")) for one in ids]


def test_scale_by_hand() -> None:
    lengths = np.array([1.0, 4.0, 16.0], np.float32)
    assert scale_of(lengths, 0.5).tolist() == [0.5, 1.0, 2.0]
    assert scale_of(lengths, 1.0).tolist() == [0.25, 1.0, 4.0]
    assert scale_of(lengths, 0.0).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("exponent", [0.25, 1.0])
@pytest.mark.parametrize("user", [0, 5])
def test_answers_equal_the_naive_inner_product(exponent: float, user: int) -> None:
    bundle = with_lengths(planted(budget=600), exponent)
    found = Retriever(bundle).recommend(f"u{user}", 15)
    exact = naive_scores(bundle, user)
    assert rows(found.ids) == sorted(exact, key=lambda row: -exact[row])[:15]
    assert found.scores.tolist() == pytest.approx([exact[row] for row in rows(found.ids)], abs=1e-5)


@given(seed=st.integers(0, 20), exponent=st.floats(0.1, 1.0), user=st.integers(0, NUM_USERS - 1))
@settings(max_examples=20)
def test_what_is_drawn_is_nearest_by_inner_product(seed: int, exponent: float, user: int) -> None:
    bundle = with_lengths(planted(), exponent, seed=seed)
    assert bundle.scale is not None
    medoids = bundle.query_of(user).medoids
    if not len(medoids):
        return
    found = bundle.shelf.index.query(medoids, 10)
    products = (bundle.flit_vectors * bundle.scale[:, None]) @ medoids.T
    best = -np.sort(-np.where(bundle.allowed[:, None], products, -np.inf), axis=0)[:10]
    np.testing.assert_allclose(found.scores, best.T, atol=1e-5)


def test_many_vectors_of_very_different_lengths_are_still_found() -> None:
    """Short vectors are nobody's neighbours: links between neighbours would lose them."""
    rng = np.random.default_rng(0)
    vectors = normalise_rows(rng.normal(size=(EXACT_BELOW + 500, 16)).astype(np.float32))
    scale = scale_of(np.exp(rng.normal(size=len(vectors))).astype(np.float32), 1.0)
    valid = np.arange(len(vectors)) % 20 != 3
    index = build_scaled(vectors, scale, IndexConfig(), valid)
    products = np.where(valid[:, None], (vectors * scale[:, None]) @ vectors[:50].T, -np.inf)
    best = np.argsort(-products, axis=0, kind="stable")[:100].T
    found = index.query(vectors[:50], 100).rows
    assert np.mean([np.isin(one, rows).mean() for one, rows in zip(best, found, strict=True)]) > 0.95


def test_a_kind_that_is_named_is_kept() -> None:
    named = by_inner_product(IndexConfig(kind="hnsw"), 10)
    assert (named.kind, named.space) == ("hnsw", "inner_product")
    assert [by_inner_product(IndexConfig(), count).kind for count in (10, EXACT_BELOW)] == ["exact", "ivf"]


def test_an_exponent_of_0_changes_nothing() -> None:
    plain, longer = planted(), with_lengths(planted(), 0.0)
    assert longer.scale is None
    for user in range(NUM_USERS):
        before, after = (Retriever(one).recommend(f"u{user}", 20) for one in (plain, longer))
        assert after.ids == before.ids
        np.testing.assert_array_equal(after.scores, before.scores)


def test_similar_and_the_similarity_told_stay_cosines() -> None:
    bundle = with_lengths(planted(), 1.0)
    assert bundle.scale is not None
    retriever = Retriever(bundle)
    assert retriever.similar("f9", 5).equals(Retriever(planted()).similar("f9", 5))
    found = retriever.recommend("u0", 5)
    why = found.explain(0)
    row, medoid = (int(str(one).removeprefix("f")) for one in (why["id"], why["interest"]["id"]))
    cosine = float(bundle.flit_vectors[row] @ bundle.flit_vectors[medoid])
    assert why["similarity"] == pytest.approx(cosine, abs=1e-6)
    assert why["length"] == pytest.approx(float(bundle.scale[row]))
    assert "length" not in Retriever(planted()).recommend("u0", 5).explain(0)


def test_a_narrow_filter_searches_by_inner_product_too() -> None:
    bundle = with_lengths(planted(budget=600), 1.0)
    found = Retriever(bundle).recommend("u0", 40, Request(where={"language": ["en"]}))
    exact = {row: score for row, score in naive_scores(bundle, 0).items() if row % 3 == 0}
    assert rows(found.ids)[: len(exact)] == sorted(exact, key=lambda row: -exact[row])[:40]


def test_cold_places_go_by_inner_product() -> None:
    bundle = with_lengths(planted(budget=NUM_FLITS * 3, cold_share=0.5), 1.0)
    assert bundle.scale is not None
    query = bundle.query_of(0)
    found = bundle.shelf.cold_index.query(query.medoids, 5)
    products = (bundle.flit_vectors * bundle.scale[:, None]) @ query.medoids.T
    barred = ~(bundle.allowed & bundle.cold)
    best = -np.sort(-np.where(barred[:, None], -np.inf, products), axis=0)[:5]
    np.testing.assert_allclose(found.scores, best.T, atol=1e-5)


def test_a_saved_bundle_answers_as_before(tmp_path: Path) -> None:
    bundle = with_lengths(planted(), 0.5)
    bundle.save(tmp_path)
    opened = Bundle.open(tmp_path)
    assert Settings.from_dict(json.loads((tmp_path / "settings.json").read_text())).length_exponent == 0.5
    for user in range(NUM_USERS):
        before, after = (Retriever(one).recommend(f"u{user}", 20) for one in (bundle, opened))
        assert after.ids == before.ids
        np.testing.assert_array_equal(after.scores, before.scores)
