import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from graphrec.arrays import FloatMatrix, IntVector
from graphrec.history import History
from graphrec.interests import InterestConfig, build_interests, calibrate_merge_cosine, resolve_interest_config
from graphrec.interests.calibrate import DEFAULT_COSINE, FACTORS, _chosen_users
from tests.interests.worlds import Planted, labels_of, one_user, planted, scipy_labels, unit_vectors

CONFIG = InterestConfig()


def mean_ari(world: Planted, merge_cosine: float) -> float:
    config = InterestConfig(merge_cosine=merge_cosine)
    interests = build_interests(world.history, world.embeddings, config, as_of_s=None)
    users = range(world.history.num_users)
    return float(
        np.mean([adjusted_rand_score(world.topic[world.history.of(u).rows], labels_of(interests, u)) for u in users])
    )


@pytest.mark.parametrize(
    ("cosine", "most_topics", "shared"),
    [(0.9, 6, 0.0), (0.7, 6, 0.0), (0.5, 6, 0.0), (0.35, 6, 0.0), (0.7, 2, 0.0), (0.6, 1, 0.0), (0.8, 6, 1.0),
     (0.9, 6, 3.0)],
)  # fmt: skip
def test_calibrated_cut_is_nearly_the_best(cosine: float, most_topics: int, shared: float) -> None:
    rng = np.random.default_rng(8)
    world = planted(rng, cosine=cosine, num_users=70, most_topics=most_topics, shared=shared)
    found = calibrate_merge_cosine(world.history, world.embeddings, CONFIG, as_of_s=None)
    grid = np.arange(-1.0, 1.0, 0.1) if shared < 2 else np.arange(0.5, 1.0, 0.05)
    best = max(mean_ari(world, float(one)) for one in grid)
    assert mean_ari(world, found) > best - 0.03


def naive_silhouette(vectors: FloatMatrix, labels: IntVector, strangers: FloatMatrix) -> float:
    """Rousseeuw's silhouette of squared distances, all other users' actions being one more cluster."""
    squared, away = cdist(vectors, vectors, "sqeuclidean"), cdist(vectors, strangers, "sqeuclidean").mean(axis=1)
    total = 0.0
    for i, label in enumerate(labels):
        mates = np.flatnonzero((labels == label) & (np.arange(len(labels)) != i))
        if len(mates):
            own = squared[i, mates].mean()
            others = [squared[i, labels == other].mean() for other in set(labels.tolist()) - {label}]
            near = min([away[i], *others])
            total += (near - own) / max(near, own)
    return total / len(labels)


def test_the_cut_is_the_naive_twins() -> None:
    world = planted(np.random.default_rng(9), cosine=0.6, num_users=12)
    parts = [world.embeddings[world.history.of(user).rows] for user in range(12)]
    others = [np.concatenate(parts[:user] + parts[user + 1 :]) for user in range(12)]
    spread = np.concatenate(
        [cdist(one, two, "sqeuclidean").mean(axis=1) for one, two in zip(parts, others, strict=True)]
    )
    cosines = 1.0 - FACTORS * spread.mean() / 2.0
    scores = np.array(
        [
            [naive_silhouette(a, scipy_labels(a, cosine), b) for a, b in zip(parts, others, strict=True)]
            for cosine in cosines
        ]
    )
    behind = scores[scores.mean(axis=1).argmax()] - scores
    as_good = behind.mean(axis=1) <= behind.std(axis=1) / np.sqrt(12)
    found = calibrate_merge_cosine(world.history, world.embeddings, CONFIG, as_of_s=None)
    assert found == pytest.approx(cosines[as_good].max(), abs=1e-3)


def test_calibration_reads_no_other_actions_than_clustering_does() -> None:
    world = planted(np.random.default_rng(10), cosine=0.7, num_users=20)
    history = world.history
    times = np.full(history.num_actions, -1000, dtype=np.int64)
    dated = History(history.indptr, history.rows, times, history.weight)
    whole = calibrate_merge_cosine(dated, world.embeddings, CONFIG, as_of_s=0)
    assert whole == calibrate_merge_cosine(history, world.embeddings, CONFIG, as_of_s=None)
    later = 91 * 86_400
    assert calibrate_merge_cosine(dated, world.embeddings, CONFIG, as_of_s=later) == DEFAULT_COSINE


@pytest.mark.parametrize("rows", [[], [0], list(range(30))])
def test_nobody_to_compare_with_gives_the_default(rows: list[int]) -> None:
    embeddings = unit_vectors(np.random.default_rng(0), 30, 4)
    assert calibrate_merge_cosine(one_user(rows), embeddings, CONFIG, as_of_s=None) == DEFAULT_COSINE


def test_identical_embeddings_are_one_interest() -> None:
    history = History(np.arange(11) * 5, np.arange(50, dtype=np.int32), None, np.ones(50, np.float32))
    embeddings = np.tile(unit_vectors(np.random.default_rng(0), 1, 16), (50, 1))
    interests = build_interests(history, embeddings, CONFIG, as_of_s=None)
    assert interests.size.tolist() == [5] * 10


def test_resolve_replaces_auto_alone() -> None:
    world = planted(np.random.default_rng(11), cosine=0.7, num_users=20)
    auto = resolve_interest_config(world.history, world.embeddings, InterestConfig(served=5), as_of_s=None)
    assert auto.served == 5
    assert auto.merge_cosine == calibrate_merge_cosine(world.history, world.embeddings, CONFIG, as_of_s=None)
    fixed = InterestConfig(merge_cosine=0.7)
    assert resolve_interest_config(world.history, world.embeddings, fixed, as_of_s=None) is fixed


def test_many_users_are_thinned_evenly() -> None:
    assert _chosen_users(np.array([3, 4, 0, 9])).tolist() == [1, 3]
    many = _chosen_users(np.full(10_000, 10))
    assert len(many) == 2000
    assert many[-1] >= 9_995
    assert len(_chosen_users(np.full(2_000, 500))) == 80
