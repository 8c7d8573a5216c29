import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.arrays import FloatMatrix, normalise_rows
from graphrec.errors import ArtifactError, ConfigError, ShapeError
from graphrec.index import ExactIndex, HnswIndex, IndexConfig, IvfIndex, build_index, open_index
from graphrec.index.centroids import around, lists_for, nearest
from graphrec.index.config import Space
from tests.index.conftest import random_vectors

CONFIG = IndexConfig(kind="ivf")


def clustered(count: int = 3000, dim: int = 16) -> FloatMatrix:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, dim))
    lengths = rng.uniform(0.5, 2.0, (count, 1))
    return (lengths * (centres[rng.integers(0, 40, count)] + 0.3 * rng.normal(size=(count, dim)))).astype(np.float32)


@given(count=st.integers(0, 60), k=st.integers(1, 80), space=st.sampled_from(["cosine", "inner_product"]))
def test_scanning_every_list_is_exact_search(count: int, k: int, space: Space) -> None:
    vectors = random_vectors(max(count, 1), 5, seed=count)
    config, valid = IndexConfig(space=space, probe_recall=1.0), np.arange(max(count, 1)) < count
    ours, exact = IvfIndex.build(vectors, config, valid), ExactIndex.build(vectors, config, valid)
    ours = IvfIndex(ours._arrays, replace(ours._stored, probes=lists_for(max(count, 1))))
    queries = random_vectors(3, 5, seed=k + 99)
    found, truth = ours.query(queries, k), exact.query(queries, k)
    np.testing.assert_array_equal(found.rows, truth.rows)
    np.testing.assert_allclose(found.scores, truth.scores, atol=1e-5)


@pytest.mark.parametrize("space", ["cosine", "inner_product"])
def test_a_few_lists_hold_most_neighbours(space: Space) -> None:
    vectors = clustered()
    index = IvfIndex.build(vectors, IndexConfig(space=space))
    assert index.recall >= 0.98
    assert 1 <= index._stored.probes < lists_for(len(vectors)) // 2


def test_never_fewer_than_there_are_and_ties_go_to_the_lower_row() -> None:
    index = IvfIndex.build(clustered(), CONFIG)
    assert (index.query(clustered()[:2], 2999).rows >= 0).all()
    same = IvfIndex.build(np.ones((50, 3), np.float32), CONFIG)
    assert same.query(np.ones((1, 3), np.float32), 50).rows.tolist() == [list(range(50))]


def test_rows_left_out_are_never_answered() -> None:
    vectors = clustered()
    valid = np.arange(len(vectors)) % 3 == 0
    found = IvfIndex.build(vectors, CONFIG, valid).query(vectors[:50], 40).rows
    assert valid[found].all()


def test_equal_inputs_give_equal_files_and_it_answers_the_same_after_a_restart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        index = build_index(clustered(), CONFIG)
        index.save(tmp_path / name)
    assert (tmp_path / "one" / "index.json").read_bytes() == (tmp_path / "two" / "index.json").read_bytes()
    opened = open_index(tmp_path / "one")
    assert isinstance(opened, IvfIndex)
    ours, theirs = index.query(clustered()[:9], 30), opened.query(clustered()[:9], 30)
    np.testing.assert_array_equal(ours.rows, theirs.rows)
    np.testing.assert_array_equal(ours.scores, theirs.scores)


def test_threads_may_query_at_once() -> None:
    index, queries = IvfIndex.build(clustered(), CONFIG), clustered()[:64]
    alone = [index.query(queries[place : place + 1], 20).rows for place in range(64)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda place: index.query(queries[place : place + 1], 20).rows, range(64)))
    np.testing.assert_array_equal(np.stack(alone), np.stack(together))


def test_a_build_below_the_recall_floor_is_refused() -> None:
    vectors = random_vectors(4000, 64)
    with pytest.raises(ArtifactError, match=r"index.recall must be at least 0\.999"):
        IvfIndex.build(vectors, IndexConfig(min_recall=0.999, probe_recall=0.01))


def test_bad_queries_are_refused() -> None:
    index = IvfIndex.build(clustered(), CONFIG)
    with pytest.raises(ShapeError, match="dim 16"):
        index.query(np.ones((1, 3), np.float32), 5)
    with pytest.raises(ConfigError, match="k must be from 1"):
        index.query(clustered()[:1], 0)


def test_flipped_bytes_and_other_kinds_are_refused(tmp_path: Path) -> None:
    IvfIndex.build(random_vectors(20, 3), CONFIG).save(tmp_path)
    with pytest.raises(ArtifactError, match="must be 'hnsw'"):
        HnswIndex.open(tmp_path)
    path = tmp_path / "index.npz"
    intact = path.read_bytes()
    for place in range(0, len(intact), 61):
        path.write_bytes(intact[:place] + bytes([intact[place] ^ 1]) + intact[place + 1 :])
        with pytest.raises(ArtifactError, match="sha256"):
            open_index(tmp_path)


def test_a_kind_of_a_later_release_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphrec.index import kinds

    IvfIndex.build(random_vectors(20, 3), CONFIG).save(tmp_path)
    assert json.loads((tmp_path / "index.json").read_text())["kind"] == "ivf"
    monkeypatch.setattr(kinds, "KINDS", {"exact": ExactIndex, "hnsw": HnswIndex})
    with pytest.raises(ArtifactError, match=r"index\.kind must be one of exact, hnsw \(got 'ivf'"):
        open_index(tmp_path)


def test_centroids_are_unit_vectors_each_nearest_to_some() -> None:
    unit = normalise_rows(clustered())
    centroids, of = around(unit, 60, seed=3)
    np.testing.assert_allclose(np.linalg.norm(centroids, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(of, (unit @ centroids.T).argmax(axis=1))
    np.testing.assert_array_equal(of, nearest(unit, centroids)[0])
    assert len(np.unique(of)) > 50
