import doctest

import numpy as np
import pytest

import graphrec.interests.medoids as module
from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.errors import ShapeError
from graphrec.interests import medoid


def brute_force_medoid(vectors: FloatMatrix, weights: FloatVector) -> int:
    exact = vectors.astype(np.float64)
    squared = ((exact[:, None] - exact[None]) ** 2).sum(axis=2)
    return int((squared @ weights.astype(np.float64)).argmin())


@pytest.mark.parametrize("seed", range(50))
def test_medoid_equals_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(rng.integers(1, 40), 8)).astype(np.float32)
    weights = rng.random(len(vectors)).astype(np.float32) + np.float32(0.01)
    assert medoid(vectors, weights=weights) == brute_force_medoid(vectors, weights)


def test_medoid_of_equally_far_rows_is_the_lowest() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        vectors = rng.normal(size=(2, 128)).astype(np.float32)
        assert medoid(vectors) == 0
        assert medoid(vectors[[0, 1, 1, 0]]) == 0


def test_medoid_heeds_weights() -> None:
    vectors = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)
    assert medoid(vectors) == 1
    assert medoid(vectors, weights=np.array([1.0, 1.0, 9.0])) == 2


def test_medoid_with_weights_of_zero_weighs_all_alike() -> None:
    vectors = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)
    assert medoid(vectors, weights=np.zeros(3)) == 1


@pytest.mark.parametrize("shape", [(0, 8), (8,)])
def test_medoid_without_rows_raises(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"vectors must be \[num_actions >= 1, dim\]"):
        medoid(np.zeros(shape, dtype=np.float32))


def test_medoid_with_weights_of_another_length_raises() -> None:
    with pytest.raises(ShapeError, match=r"weights must be \[3\]"):
        medoid(np.zeros((3, 2), dtype=np.float32), weights=np.ones(2))


def test_docstring_example_holds() -> None:
    assert doctest.testmod(module, extraglobs={"np": np}) == doctest.TestResults(failed=0, attempted=1)
