from pathlib import Path

import numpy as np
import pytest

from graphrec.arrays import FloatMatrix, IntVector, normalise_rows
from graphrec.projection.config import ProjectionConfig
from graphrec.projection.projection import Projection, build_projection

WORDS = ("gulls", "trains", "bread")
PCA = ProjectionConfig(method="pca", clusters=3)


def clouds(each: int = 30) -> tuple[FloatMatrix, IntVector, list[str]]:
    """Return unit vectors in three clouds, the cloud of each, and texts that name it."""
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(3), each)
    vectors = normalise_rows((np.eye(3, 16)[place] + 0.1 * rng.normal(size=(3 * each, 16))).astype(np.float32))
    return vectors, place, [f"{WORDS[one]} number{number % 7}" for number, one in enumerate(place)]


def neighbours_kept(points: FloatMatrix, place: IntVector) -> float:
    """Return how often a point's nearest on the plane comes from its own cloud."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return float((place[apart.argmin(axis=1)] == place).mean())


@pytest.mark.parametrize("method", [pytest.param("umap", marks=pytest.mark.slow), "pca"])
def test_neighbours_stay_neighbours_within_the_unit_square(method: str) -> None:
    vectors, place, texts = clouds()
    made = build_projection(vectors, texts, ProjectionConfig.parse({"method": method, "clusters": 3}))
    assert made.method == method
    assert neighbours_kept(made.points, place) > 0.95
    assert made.points.min() >= 0
    assert made.points.max() <= 1
    assert np.ptp(made.points, axis=0).max() == pytest.approx(1)


def test_clusters_are_named_by_their_words() -> None:
    vectors, place, texts = clouds()
    made = build_projection(vectors, texts, PCA)
    for number, word in enumerate(WORDS):
        own = made.cluster[place == number]
        assert len(np.unique(own)) == 1
        assert made.names[own[0]].startswith(word)


def test_the_largest_cluster_is_the_first() -> None:
    vectors, place, texts = clouds()
    rows = np.flatnonzero((place != 1) | (np.arange(len(place)) % 3 == 0))
    made = build_projection(vectors[rows], [texts[row] for row in rows], PCA)
    assert (np.diff(np.bincount(made.cluster)) <= 0).all()


def test_many_flits_are_sampled_and_the_same_seed_draws_the_same() -> None:
    vectors, _, texts = clouds()
    few = ProjectionConfig(method="pca", flits=20, clusters=3)
    made, again = build_projection(vectors, texts, few), build_projection(vectors, texts, few)
    assert (np.diff(made.rows) > 0).all()
    assert len(made.rows) == len(made.points) == len(made.cluster) == 20
    np.testing.assert_array_equal(made.rows, again.rows)
    np.testing.assert_array_equal(made.points, again.points)
    assert not np.array_equal(made.rows, build_projection(vectors, texts, few, seed=1).rows)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_handful_of_flits_is_laid_out_too(number: int) -> None:
    made = build_projection(np.eye(3, 4, dtype=np.float32)[:number], [""] * number, ProjectionConfig(method="umap"))
    assert made.method == "pca"
    assert np.isfinite(made.points).all()
    assert len(made.names) == number
    assert made.names[0] == "group 1"


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    vectors, _, texts = clouds()
    made = build_projection(vectors, texts, PCA)
    made.save(tmp_path)
    found = Projection.open(tmp_path)
    np.testing.assert_array_equal(found.points, made.points)
    np.testing.assert_array_equal(found.cluster, made.cluster)
    assert (found.names, found.method) == (made.names, "pca")


def test_auto_takes_umap_where_it_is_installed() -> None:
    assert ProjectionConfig().resolved().method == "umap"
    assert ProjectionConfig(method="pca").resolved().method == "pca"


def test_auto_takes_pca_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec.projection.config.find_spec", lambda name: None)
    assert ProjectionConfig().resolved().method == "pca"
