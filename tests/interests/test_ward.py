import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage

from graphrec.arrays import FloatMatrix, IntVector
from graphrec.interests.ward import WHOLE, cut_tree, merge_tree, squared_cut, squared_distances
from tests.interests.worlds import planted, scipy_labels, unit_vectors


def ward(vectors: FloatMatrix, alpha: float) -> tuple[IntVector, FloatMatrix]:
    """Return labels under the cut, and the heights of all merges up to it."""
    n = len(vectors)
    distance = np.empty((n, n), dtype=np.float32)
    keeps, goes, labels = (np.empty(n, dtype=np.int32) for _ in range(3))
    heights = np.empty(n, dtype=np.float32)
    squared_distances(vectors, distance)
    count = merge_tree(distance, n, np.float32(alpha), keeps, goes, heights)
    cut_tree(n, keeps, goes, heights, count, np.float32(alpha), labels)
    return labels.astype(np.int64), heights[:count]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 33])
def test_squared_distances_equal_the_loop(count: int) -> None:
    vectors = unit_vectors(np.random.default_rng(count), count, 13)
    out = np.empty((count, count), dtype=np.float32)
    squared_distances(vectors, out)
    off = ~np.eye(count, dtype=bool)
    slow = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(out[off], slow[off], atol=1e-6)
    assert (out[~off] > 1e20).all()


@pytest.mark.parametrize("seed", range(40))
def test_labels_equal_scipy_on_random_directions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit_vectors(rng, int(rng.integers(1, 90)), int(rng.choice([2, 8, 128])))
    cosine = float(rng.uniform(-0.9, 0.95))
    np.testing.assert_array_equal(ward(vectors, squared_cut(cosine))[0], scipy_labels(vectors, cosine))


@pytest.mark.parametrize("cosine", [0.9, 0.6, 0.3])
def test_labels_equal_scipy_on_clusters(cosine: float) -> None:
    world = planted(np.random.default_rng(1), cosine=cosine, num_users=40)
    for lo, hi in zip(world.history.indptr[:-1], world.history.indptr[1:], strict=True):
        vectors = world.embeddings[lo:hi]
        for cut in (0.8, 0.4, 0.0):
            np.testing.assert_array_equal(ward(vectors, squared_cut(cut))[0], scipy_labels(vectors, cut))


@pytest.mark.parametrize("seed", range(10))
def test_labels_equal_scipy_with_duplicate_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit_vectors(rng, 12, 16)[rng.integers(0, 12, 60)]
    np.testing.assert_array_equal(ward(vectors, squared_cut(0.5))[0], scipy_labels(vectors, 0.5))


def test_duplicates_alone_merge_at_cosine_one() -> None:
    vectors = unit_vectors(np.random.default_rng(0), 5, 128)[[0, 1, 2, 1, 3, 4, 0, 0]]
    assert ward(vectors, squared_cut(1.0))[0].tolist() == [0, 1, 2, 1, 3, 4, 0, 0]


@pytest.mark.parametrize("seed", range(20))
def test_all_heights_equal_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit_vectors(rng, int(rng.integers(2, 120)), 32)
    heights = np.sqrt(np.sort(ward(vectors, float(WHOLE))[1]))
    np.testing.assert_allclose(heights, linkage(vectors.astype(np.float64), method="ward")[:, 2], rtol=1e-4)


def test_heights_equal_scipy_where_everything_ties() -> None:
    # The corners of a cube: scipy may pair other corners, but at the same heights.
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T / np.sqrt(3)
    vectors = corners.astype(np.float32)
    heights = np.sqrt(np.sort(ward(vectors, float(WHOLE))[1]))
    np.testing.assert_allclose(heights, linkage(corners, method="ward")[:, 2], rtol=1e-6)


def test_two_flits_merge_exactly_at_their_cosine() -> None:
    vectors = np.array([[1.0, 0.0], [0.8, 0.6]], dtype=np.float32)
    assert ward(vectors, squared_cut(0.8))[0].tolist() == [0, 0]
    assert ward(vectors, squared_cut(0.801))[0].tolist() == [0, 1]


def test_hand_worked_heights() -> None:
    # On a line: 0 and 1 merge at 1, 5 and 7 at 4; then Lance and Williams give 2 * 2 * 2 / 4 * 5.5^2 = 60.5.
    line = np.array([[0.0], [1.0], [5.0], [7.0]], dtype=np.float32)
    labels, heights = ward(line, 60.5)
    assert np.sort(heights).tolist() == [1.0, 4.0, 60.5]
    assert labels.tolist() == [0, 0, 0, 0]
    assert ward(line, 60.4)[0].tolist() == [0, 0, 1, 1]
    assert ward(line, 3.9)[0].tolist() == [0, 0, 1, 2]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 40), cosine=st.floats(-1, 1))
def test_early_end_equals_cutting_the_whole_tree(seed: int, count: int, cosine: float) -> None:
    vectors = unit_vectors(np.random.default_rng(seed), count, 6)
    distance = np.empty((count, count), dtype=np.float32)
    keeps, goes, labels = (np.empty(count, dtype=np.int32) for _ in range(3))
    heights = np.empty(count, dtype=np.float32)
    squared_distances(vectors, distance)
    merges = merge_tree(distance, count, WHOLE, keeps, goes, heights)
    assert merges == count - 1
    number = cut_tree(count, keeps, goes, heights, merges, np.float32(squared_cut(cosine)), labels)
    early = ward(vectors, squared_cut(cosine))[0]
    assert early.tolist() == labels.tolist()
    assert number == early.max() + 1
