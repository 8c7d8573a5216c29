import numpy as np
import pytest

from graphrec.arrays import FloatMatrix
from graphrec.index import ExactIndex, IndexConfig, Neighbours, measure_recall
from tests.index.conftest import CONFIG, random_vectors


class Forgetful(ExactIndex):
    """Finds only even rows."""

    def query(self, queries: FloatMatrix, k: int) -> Neighbours:
        found = super().query(queries, k)
        odd = found.rows % 2 == 1
        return Neighbours(np.where(odd, -1, found.rows), np.where(odd, np.float32(-np.inf), found.scores))


def test_exact_search_has_recall_one() -> None:
    exact = ExactIndex.build(random_vectors(50), CONFIG)
    assert measure_recall(exact, exact, random_vectors(10, seed=1), 20) == 1.0
    assert measure_recall(exact, exact, random_vectors(10, seed=1), 90) == 1.0


def test_a_planted_loss_is_measured() -> None:
    vectors = random_vectors(50)
    exact, forgetful = ExactIndex.build(vectors, CONFIG), Forgetful.build(vectors, CONFIG)
    assert measure_recall(forgetful, exact, random_vectors(10, seed=1), 50) == 0.5
    assert measure_recall(forgetful, exact, vectors[:4], 1) == 0.5


def test_any_of_several_equal_vectors_counts() -> None:
    exact = ExactIndex.build(np.ones((40, 3), np.float32), CONFIG)
    backwards = ExactIndex(np.ones((40, 3), np.float32), np.arange(40, dtype=np.int32)[::-1].copy(), "cosine")
    assert measure_recall(backwards, exact, np.ones((1, 3), np.float32), 10) == 1.0


@pytest.mark.parametrize("space", ["cosine", "inner_product"])
def test_nothing_to_find_is_no_loss(space: str) -> None:
    exact = ExactIndex.build(random_vectors(3), IndexConfig.parse({"space": space}), np.zeros(3, np.bool_))
    assert measure_recall(exact, exact, random_vectors(3), 5) == 1.0
