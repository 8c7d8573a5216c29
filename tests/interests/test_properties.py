"""Interests as a whole against scipy and plain loops, over many random histories."""

import os

import numba
import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from sklearn.metrics import adjusted_rand_score

from graphrec.arrays import FloatMatrix, IntVector, normalise_rows
from graphrec.history import History
from graphrec.interests import InterestConfig, build_interests
from graphrec.interests.ward import squared_cut
from tests.interests.worlds import DAY_S, assert_same, labels_of, scipy_labels, unit_vectors


def vectors_of(rng: np.random.Generator, kind: str, count: int) -> FloatMatrix:
    if kind == "random":
        return unit_vectors(rng, count, 8)
    if kind == "clustered":
        centres = unit_vectors(rng, 5, 8)
        return normalise_rows(
            (centres[rng.integers(5, size=count)] + 0.1 * rng.normal(size=(count, 8))).astype(np.float32)
        )
    return unit_vectors(rng, count // 3, 8)[rng.integers(count // 3, size=count)]


def history_of(rng: np.random.Generator, num_users: int, num_flits: int, actions: int) -> History:
    users = rng.integers(num_users, size=actions).astype(np.int32)
    flits = rng.integers(num_flits, size=actions).astype(np.int32)
    return History.from_edges(users, flits, -rng.integers(1, 80 * DAY_S, actions), None, num_users)


def near_the_cut(vectors: FloatMatrix, cosine: float) -> bool:
    """Whether some merge is so near the cut that float32 and float64 may differ."""
    if len(vectors) < 2:
        return False
    heights = linkage(vectors.astype(np.float64), method="ward")[:, 2] ** 2
    return bool(np.abs(heights - squared_cut(cosine)).min() < 1e-4)


@pytest.mark.parametrize("kind", ["random", "clustered", "duplicates"])
@pytest.mark.parametrize("cosine", [-0.4, 0.0, 0.3, 0.6, 0.9])
def test_clusters_medoids_and_importance_equal_scipy_and_loops(kind: str, cosine: float) -> None:
    rng = np.random.default_rng(int(100 * (cosine + 1)))
    vectors, history = vectors_of(rng, kind, 60), history_of(rng, 40, 60, 900)
    interests = build_interests(history, vectors, InterestConfig(merge_cosine=cosine), as_of_s=0)
    compared = 0
    for user in range(40):
        rows, times, _ = history.of(user)
        assert times is not None
        flits = np.unique(rows)
        if near_the_cut(vectors[flits], cosine):
            continue
        compared += 1
        expected = scipy_labels(vectors[flits], cosine)[np.searchsorted(flits, rows)]
        part = slice(int(interests.action_indptr[user]), int(interests.action_indptr[user + 1]))
        found = interests.action_interest[part]
        assert adjusted_rand_score(expected, found) == 1.0
        for number, (medoid, importance, size) in enumerate(zip(*interests.of(user), strict=True)):
            mine = found == number
            weight = np.exp(0.01 * times[mine] / DAY_S)
            assert float(importance) == pytest.approx(weight.sum(), rel=1e-5)
            assert size == mine.sum()
            cost = ((vectors[rows[mine]][:, None] - vectors[rows[mine]][None]) ** 2).sum(axis=2) @ weight
            assert medoid in rows[mine]
            assert cost[rows[mine] == medoid][0] == pytest.approx(cost.min(), abs=1e-5)
    assert compared > 30


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(1)
    vectors, history = vectors_of(rng, "clustered", 3000), history_of(rng, 400, 3000, 30_000)
    config = InterestConfig(merge_cosine=0.5)
    before = numba.get_num_threads()
    found = []
    for threads in sorted({1, min(2, (os.cpu_count() or 1))}):
        numba.set_num_threads(threads)
        found.append(build_interests(history, vectors, config, as_of_s=0))
    numba.set_num_threads(before)
    assert_same(found[0], found[-1])


def mixture(rng: np.random.Generator, noise: float) -> tuple[FloatMatrix, IntVector, History]:
    """Plant 12 topics over 600 flits that several users share; each of 60 users acts on 30 flits of three topics."""
    topic = np.arange(600) % 12
    vectors = normalise_rows(
        (unit_vectors(rng, 12, 16)[topic] + noise * rng.normal(size=(600, 16)) / 4).astype(np.float32)
    )
    own = [rng.choice(np.flatnonzero(np.isin(topic, rng.choice(12, 3, replace=False))), 30) for _ in range(60)]
    users = np.repeat(np.arange(60, dtype=np.int32), 30)
    history = History.from_edges(users, np.concatenate(own).astype(np.int32), -np.arange(1, 1801), None, 60)
    return vectors, topic, history


@pytest.mark.parametrize("noise", [0.3, 0.6, 0.9])
def test_auto_cuts_nearly_as_well_as_the_best_number(noise: float) -> None:
    vectors, topic, history = mixture(np.random.default_rng(2), noise)

    def agreement(config: InterestConfig) -> float:
        found = build_interests(history, vectors, config, as_of_s=0)
        return float(
            np.mean([adjusted_rand_score(topic[history.of(user).rows], labels_of(found, user)) for user in range(60)])
        )

    best = max(agreement(InterestConfig(merge_cosine=float(one))) for one in np.arange(-0.3, 0.95, 0.05))
    assert best > 0.85
    assert agreement(InterestConfig()) >= best - 0.05
