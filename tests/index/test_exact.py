from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.arrays import FloatMatrix
from graphrec.errors import ArtifactError
from graphrec.index import ExactIndex, IndexConfig, exact
from graphrec.index.config import Space
from tests.index.conftest import random_vectors


def naive(vectors: FloatMatrix, query: FloatMatrix, space: Space, k: int) -> list[int]:
    """Score one by one in double precision."""
    scores = []
    for row, vector in enumerate(vectors.astype(float)):
        scale = np.linalg.norm(vector) * np.linalg.norm(query.astype(float)) if space == "cosine" else 1.0
        scores.append((-float(vector @ query.astype(float)) / scale, row))
    return [row for _, row in sorted(scores)[:k]]


@given(count=st.integers(1, 40), k=st.integers(1, 50), space=st.sampled_from(["cosine", "inner_product"]))
def test_it_finds_what_the_naive_loop_finds(count: int, k: int, space: Space) -> None:
    vectors, queries = random_vectors(count, 5, seed=count), random_vectors(3, 5, seed=k + 99)
    found = ExactIndex.build(vectors, IndexConfig(space=space)).query(queries, k)
    assert found.rows.shape == found.scores.shape == (3, k)
    for number, query in enumerate(queries):
        kept = found.rows[number][found.rows[number] >= 0]
        assert kept.tolist() == naive(vectors, query, space, k)
        assert found.rows[number][len(kept) :].tolist() == [-1] * (k - len(kept))


def test_hand_worked_scores() -> None:
    vectors = np.array([[3, 4], [1, 0], [-2, 0]], np.float32)
    query = np.array([[2, 0]], np.float32)
    cosine = ExactIndex.build(vectors, IndexConfig()).query(query, 3)
    assert cosine.rows.tolist() == [[1, 0, 2]]
    np.testing.assert_allclose(cosine.scores, [[1.0, 0.6, -1.0]], rtol=1e-6)
    inner = ExactIndex.build(vectors, IndexConfig(space="inner_product")).query(query, 4)
    assert inner.rows.tolist() == [[0, 1, 2, -1]]
    assert inner.scores.tolist() == [[6.0, 2.0, -4.0, -np.inf]]


def test_ties_go_to_the_lower_row() -> None:
    index = ExactIndex.build(np.ones((50, 3), np.float32), IndexConfig())
    assert index.query(np.ones((1, 3), np.float32), 50).rows.tolist() == [list(range(50))]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    index = ExactIndex.build(random_vectors(60), IndexConfig())
    whole = index.query(random_vectors(23, seed=1), 7)
    monkeypatch.setattr(exact, "_BLOCK_SCORES", 130)
    parts = index.query(random_vectors(23, seed=1), 7)
    np.testing.assert_array_equal(whole.rows, parts.rows)
    np.testing.assert_allclose(whole.scores, parts.scores, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 30])
def test_it_comes_back_from_disk(tmp_path: Path, count: int) -> None:
    index = ExactIndex.build(random_vectors(30), IndexConfig(), valid=np.arange(30) >= 30 - count)
    index.save(tmp_path)
    opened = ExactIndex.open(tmp_path)
    assert (len(opened), opened.dim, opened.space) == (count, 16, "cosine")
    ours, theirs = index.query(random_vectors(4), 9), opened.query(random_vectors(4), 9)
    np.testing.assert_array_equal(ours.rows, theirs.rows)
    np.testing.assert_array_equal(ours.scores, theirs.scores)


def test_every_flipped_byte_is_refused(tmp_path: Path) -> None:
    ExactIndex.build(random_vectors(5, 3), IndexConfig()).save(tmp_path)
    path = tmp_path / "index.npz"
    intact = path.read_bytes()
    for place in range(0, len(intact), 7):
        path.write_bytes(intact[:place] + bytes([intact[place] ^ 16]) + intact[place + 1 :])
        with pytest.raises(ArtifactError, match="must have the size and sha256"):
            ExactIndex.open(tmp_path)
