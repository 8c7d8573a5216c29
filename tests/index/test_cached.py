from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError, ShapeError
from graphrec.index import CachedIndex, ExactIndex, IndexConfig, Neighbours, open_index


def vectors(count: int = 30) -> FloatMatrix:
    return np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)


class Counted(ExactIndex):
    """Counts the queries it is asked."""

    asked = 0

    def query(self, queries: FloatMatrix, k: int) -> Neighbours:
        self.asked += len(queries)
        return super().query(queries, k)


@given(asked=st.lists(st.tuples(st.lists(st.integers(0, 29), max_size=5), st.integers(1, 40)), max_size=12))
@settings(max_examples=60)
def test_answers_are_those_of_the_index(asked: list[tuple[list[int], int]]) -> None:
    plain = ExactIndex.build(vectors(), IndexConfig())
    cached = CachedIndex(plain, entries=4)
    for rows, k in asked:
        found = cached.query(vectors()[rows], k)
        assert found.rows.shape == found.scores.shape == (len(rows), k)
        for row, near, scores in zip(rows, found.rows, found.scores, strict=True):
            one = plain.query(vectors()[row : row + 1], k)
            np.testing.assert_array_equal(one.rows[0], near)
            np.testing.assert_array_equal(one.scores[0], scores)


def test_nobody_can_write_into_what_is_remembered() -> None:
    cached = CachedIndex(ExactIndex.build(vectors(), IndexConfig()))
    for part in cached.query(vectors()[:1], 5):
        with pytest.raises(ValueError, match="read-only"):
            part[0, 0] = 7


def test_what_was_asked_is_not_asked_again() -> None:
    counted = Counted.build(vectors(), IndexConfig())
    cached = CachedIndex(counted)
    cached.query(vectors()[[1, 2, 1]], 5)
    first = counted.asked
    cached.query(vectors()[[2, 1]], 5)
    assert counted.asked == first
    cached.query(vectors()[[2, 3]], 5)
    assert counted.asked == first + 1
    cached.query(vectors()[[2]], 256)
    assert counted.asked == first + 1
    cached.query(vectors()[[2]], 257)
    assert counted.asked == first + 2
    cached.query(vectors()[[2]], 300)
    assert counted.asked == first + 2


@pytest.mark.parametrize(
    ("k", "size"), [(1, 256), (64, 256), (256, 256), (257, 384), (384, 384), (385, 512), (513, 768)]
)
def test_sizes_are_few(k: int, size: int) -> None:
    sizes = []

    class Told(ExactIndex):
        def query(self, queries: FloatMatrix, k: int) -> Neighbours:
            sizes.append(k)
            return super().query(queries, k)

    assert CachedIndex(Told.build(vectors(), IndexConfig())).query(vectors()[:1], k).rows.shape == (1, k)
    assert sizes == [size]


def test_an_answer_may_be_written_to_without_harm() -> None:
    cached = CachedIndex(ExactIndex.build(vectors(), IndexConfig()))
    first = cached.query(vectors()[:2], 5)
    kept = first.rows.copy()
    first.rows[:] = -7
    np.testing.assert_array_equal(cached.query(vectors()[:2], 5).rows, kept)


def test_the_oldest_answers_go() -> None:
    cached = CachedIndex(ExactIndex.build(vectors(), IndexConfig()), entries=3)
    for row in range(10):
        cached.query(vectors()[row : row + 1], 2)
    assert len(cached._known) == 3


def test_threads_share_it() -> None:
    def asked(row: int) -> FloatMatrix:
        return vectors()[row % 30 : row % 30 + 1]

    plain = ExactIndex.build(vectors(), IndexConfig())
    cached = CachedIndex(plain, entries=5)
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda row: cached.query(vectors()[row % 30 : row % 30 + 1], 4).rows[0].tolist(), range(400))
        )
    assert found == [plain.query(vectors()[row % 30 : row % 30 + 1], 4).rows[0].tolist() for row in range(400)]


def test_bad_queries_are_refused_as_by_the_index() -> None:
    cached = CachedIndex(ExactIndex.build(vectors(), IndexConfig()))
    with pytest.raises(ShapeError, match="queries must have dim 4"):
        cached.query(np.ones((1, 3), np.float32), 2)
    with pytest.raises(ShapeError, match="queries must be float32"):
        cached.query(np.ones(4, np.float32), 2)
    with pytest.raises(ConfigError, match="k must be from 1"):
        cached.query(vectors()[:1], 0)
    assert len(cached.query(vectors()[:0], 3).rows) == 0
    assert (cached.dim, cached.space, len(cached)) == (4, "cosine", 30)


def test_what_is_saved_is_the_index(tmp_path: Path) -> None:
    CachedIndex(ExactIndex.build(vectors(), IndexConfig())).save(tmp_path)
    assert len(open_index(tmp_path)) == 30
