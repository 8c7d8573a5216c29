import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hnswlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import FloatMatrix
from graphrec.errors import ArtifactError, ShapeError
from graphrec.index import ExactIndex, HnswIndex, IndexConfig, measure_recall
from graphrec.index.config import Space
from graphrec.index.traverse import Marks
from tests.index.conftest import CONFIG, random_vectors


@pytest.mark.parametrize("space", ["cosine", "inner_product"])
def test_it_finds_what_exact_search_finds(space: Space) -> None:
    vectors, queries = random_vectors(800), random_vectors(100, seed=1)
    config = IndexConfig(space=space)
    index, exact = HnswIndex.build(vectors, config), ExactIndex.build(vectors, config)
    assert measure_recall(index, exact, queries, 10) > 0.99
    found, truth = index.query(queries, 10), exact.query(queries, 10)
    assert (found.rows == truth.rows).mean() > 0.99
    np.testing.assert_allclose(found.scores, truth.scores, atol=1e-5)
    assert found.rows.dtype == np.int32
    assert found.scores.dtype == np.float32


@given(count=st.integers(0, 30), k=st.integers(1, 40))
@settings(max_examples=40)
def test_small_indexes_answer_all_they_hold(count: int, k: int) -> None:
    vectors = random_vectors(count, 4, seed=count)
    found = HnswIndex.build(vectors, CONFIG).query(random_vectors(2, 4, seed=k), k)
    truth = ExactIndex.build(vectors, CONFIG).query(random_vectors(2, 4, seed=k), k)
    np.testing.assert_array_equal(found.rows, truth.rows)
    np.testing.assert_allclose(found.scores, truth.scores, atol=1e-6)


def test_one_query_answers_as_in_a_batch(index: HnswIndex) -> None:
    queries = random_vectors(30, seed=2)
    batch = index.query(queries, 12)
    for number in range(30):
        single = index.query(queries[number : number + 1], 12)
        np.testing.assert_array_equal(single.rows[0], batch.rows[number])
        np.testing.assert_array_equal(single.scores[0], batch.scores[number])


def test_threads_may_query_at_once(index: HnswIndex) -> None:
    queries = random_vectors(40, seed=3)
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda k: (k, index.query(queries, k)), [5, 300, 17, 600, 1] * 4):
            np.testing.assert_array_equal(answer[1].rows, index.query(queries, answer[0]).rows)


def test_rows_left_out_are_never_answered(vectors: FloatMatrix) -> None:
    spoilt = vectors.copy()
    spoilt[::3] = np.nan
    valid = np.arange(len(vectors)) % 3 != 0
    index = HnswIndex.build(spoilt, CONFIG, valid)
    found = index.query(vectors[1:2], 600).rows[0]
    assert len(index) == valid.sum() == 400
    assert sorted(found[found >= 0].tolist()) == np.flatnonzero(valid).tolist()
    with pytest.raises(ShapeError, match=r"got 200 of 600 rows with NaN.*pass valid= to leave those rows out"):
        HnswIndex.build(spoilt, CONFIG)


def test_equal_inputs_give_equal_bytes(tmp_path: Path, vectors: FloatMatrix) -> None:
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        HnswIndex.build(vectors, CONFIG).save(tmp_path / name)
        contents.append([(tmp_path / name / file).read_bytes() for file in ("index.hnsw", "index.json")])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("space", ["cosine", "inner_product"])
def test_it_answers_the_same_after_a_restart(tmp_path: Path, vectors: FloatMatrix, space: Space) -> None:
    index = HnswIndex.build(vectors, CONFIG.model_copy(update={"space": space}))
    index.save(tmp_path)
    opened = HnswIndex.open(tmp_path)
    assert (len(opened), opened.dim, opened.space, opened.recall) == (600, 16, space, index.recall)
    ours, theirs = index.query(vectors, 20), opened.query(vectors, 20)
    np.testing.assert_array_equal(ours.rows, theirs.rows)
    np.testing.assert_array_equal(ours.scores, theirs.scores)


def loaded(folder: Path, dim: int, space: Space) -> hnswlib.Index:
    """Return the saved file as bare hnswlib reads it."""
    bare = hnswlib.Index(space="cosine" if space == "cosine" else "ip", dim=dim)
    bare.load_index(str(folder / "index.hnsw"))
    return bare


@pytest.mark.parametrize("space", ["cosine", "inner_product"])
@pytest.mark.parametrize(("effort", "k"), [(1, 1), (10, 3), (60, 60), (200, 10), (20, 150)])
def test_it_answers_as_hnswlib_does_from_the_same_file(tmp_path: Path, space: Space, effort: int, k: int) -> None:
    vectors, queries = random_vectors(3000, 20), random_vectors(200, 20, seed=9)
    config = IndexConfig(space=space, max_links=4, ef_construction=20, ef_search=effort, min_recall=0)
    index = HnswIndex.build(vectors, config)
    index.save(tmp_path)
    bare = loaded(tmp_path, 20, space)
    bare.set_ef(max(effort, k))
    labels, distances = bare.knn_query(queries, k, num_threads=1)
    for one in (index, HnswIndex.open(tmp_path)):
        found = one.query(queries, k)
        assert (found.rows == labels).mean() > 0.999  # sums are rounded in another order
        np.testing.assert_allclose(1.0 - distances, found.scores, atol=1e-5)


def test_an_empty_index_answers_nothing(tmp_path: Path) -> None:
    index = HnswIndex.build(random_vectors(4), CONFIG, np.zeros(4, np.bool_))
    index.save(tmp_path)
    for one in (index, HnswIndex.open(tmp_path)):
        assert len(one) == 0
        found = one.query(random_vectors(2), 3)
        assert (found.rows == -1).all()
        assert (found.scores == -np.inf).all()


def test_no_queries_have_no_answers(index: HnswIndex) -> None:
    assert index.query(random_vectors(0), 3).rows.shape == (0, 3)


def test_a_query_of_another_dim_is_refused(index: HnswIndex) -> None:
    for dim in (1, 8, 15, 17, 64):
        with pytest.raises(ShapeError, match=rf"must have dim 16 .* \(got {dim}\)"):
            index.query(random_vectors(1, dim), 3)


def test_what_the_graph_cannot_reach_is_left_out(tmp_path: Path) -> None:
    """Repeated vectors link only to each other, so that a search reaches fewer than k, and hnswlib refuses."""
    vectors = np.repeat(random_vectors(3, 8), 400, axis=0)
    index = HnswIndex.build(vectors, IndexConfig(min_recall=0.0))
    index.save(tmp_path)
    with pytest.raises(RuntimeError, match="contiguous 2D array"):
        loaded(tmp_path, 8, "cosine").knn_query(vectors[:1], 1200)
    found = index.query(vectors[::400], 1200)
    for number in range(3):
        reached = found.rows[number][found.rows[number] >= 0]
        assert 0 < len(reached) == len(set(reached.tolist())) < 1200
        assert (found.rows[number][len(reached) :] == -1).all()
        assert (np.diff(found.scores[number][: len(reached)]) <= 0).all()


def test_marks_are_wiped_before_a_number_comes_back() -> None:
    marks = Marks(3)
    for size in (1, 32, 65_502, 32, 65_535, 65_535):
        first = marks.take(size)
        assert 1 <= first <= first + size - 1 <= 65_535
        assert not np.isin(marks.of, np.arange(first, first + size)).any()
        marks.of[:] = first + size - 1


def test_queries_of_any_layout_are_answered_alike(index: HnswIndex) -> None:
    queries = random_vectors(40, seed=5)
    truth = index.query(queries, 7)
    fixed = queries.copy()
    fixed.flags.writeable = False
    for one in (fixed, np.asfortranarray(queries), np.repeat(queries, 2, axis=0)[::2]):
        found = index.query(one[:3], 7)
        np.testing.assert_array_equal(found.rows, truth.rows[:3])
        np.testing.assert_array_equal(found.scores, truth.scores[:3])


@pytest.mark.parametrize("count", [1, 40])
def test_a_query_that_is_no_direction_is_refused(index: HnswIndex, count: int) -> None:
    for value in (np.nan, np.inf, 0.0, 3e38):
        queries = random_vectors(count)
        queries[-1] = value
        with pytest.raises(ShapeError, match=r"queries must be finite and not zero \(got [01] of"):
            index.query(queries, 3)


def test_long_queries_score_like_short_ones(index: HnswIndex) -> None:
    queries = random_vectors(5, seed=6)
    found, longer = index.query(queries, 9), index.query(queries * np.float32(1e6), 9)
    np.testing.assert_array_equal(found.rows, longer.rows)
    np.testing.assert_allclose(found.scores, longer.scores, rtol=1e-5)


def test_a_build_below_the_recall_floor_is_refused() -> None:
    vectors = random_vectors(3000, 32)
    weak = IndexConfig(max_links=2, ef_construction=2, ef_search=1)
    with pytest.raises(
        ArtifactError, match=r"index.recall must be at least 0.95 at k=100 \(got 0\.\d+ on 200 of its vectors\)"
    ):
        HnswIndex.build(vectors, weak)
    index = HnswIndex.build(vectors, weak.model_copy(update={"min_recall": 0.0}))
    assert index.recall < 0.95


def test_several_threads_build_a_good_index_too(vectors: FloatMatrix) -> None:
    assert HnswIndex.build(vectors, CONFIG.model_copy(update={"deterministic": False})).recall > 0.95


def test_an_index_is_not_pickled(index: HnswIndex) -> None:
    with pytest.raises(TypeError, match="save it and open its folder"):
        pickle.dumps(index)


def test_importing_the_room_does_not_load_hnswlib() -> None:
    code = "import sys, graphrec.index; sys.exit('hnswlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
