from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import FloatMatrix
from graphrec.errors import DataError, ShapeError
from graphrec.history import History
from graphrec.interests import InterestConfig, Interests, blocks, build_interests, medoid
from tests.interests.worlds import DAY_S, assert_same, labels_of, one_user, planted, scipy_labels, unit_vectors

CONFIG = InterestConfig(merge_cosine=0.5)
EYE = np.eye(4, dtype=np.float32)


def random_history(rng: np.random.Generator, num_users: int = 30, num_flits: int = 50, actions: int = 600) -> History:
    return History.from_edges(
        rng.integers(0, num_users, actions).astype(np.int32),
        rng.integers(0, num_flits, actions).astype(np.int32),
        -rng.integers(1, 100 * DAY_S, actions),
        rng.uniform(0.5, 2.0, actions).astype(np.float32),
        num_users,
    )


def naive_interests(
    history: History, embeddings: FloatMatrix, config: InterestConfig, user: int
) -> list[tuple[float, int, int]]:
    """Return importance, medoid and size of a user's interests, "now" being 0: scipy and plain loops."""
    assert isinstance(config.merge_cosine, float)
    rows, times, weights = history.of(user)
    assert times is not None
    recent = [place for place in range(len(rows)) if times[place] >= -90 * DAY_S][-config.max_actions :]
    flits = sorted({int(rows[place]) for place in recent})
    if not flits:
        return []
    labels = scipy_labels(embeddings[flits], config.merge_cosine)
    found = []
    for cluster in range(labels.max() + 1):
        members = [flit for flit, label in zip(flits, labels, strict=True) if label == cluster]
        left = {flit: 0.0 for flit in members}
        actions = [place for place in recent if rows[place] in left]
        for place in actions:
            left[int(rows[place])] += float(weights[place]) * np.exp(config.decay_per_day * times[place] / DAY_S)
        centre = medoid(embeddings[members], weights=np.array(list(left.values())))
        found.append((sum(left.values()), members[centre], len(actions)))
    return sorted(found, key=lambda one: (-one[0], one[1]))


def test_interests_equal_the_naive_twin() -> None:
    rng = np.random.default_rng(3)
    history, embeddings = random_history(rng), unit_vectors(rng, 50, 6)
    interests = build_interests(history, embeddings, CONFIG, as_of_s=0)
    for user in range(history.num_users):
        importance, medoids, sizes = zip(*naive_interests(history, embeddings, CONFIG, user), strict=True)
        found = interests.of(user)
        assert found.medoid.tolist() == list(medoids)
        assert found.size.tolist() == list(sizes)
        np.testing.assert_allclose(found.importance, importance, rtol=1e-5)


def test_clusters_equal_scipy_on_every_planted_user() -> None:
    world = planted(np.random.default_rng(5), cosine=0.6, num_users=60)
    interests = build_interests(world.history, world.embeddings, CONFIG, as_of_s=None)
    for user in range(60):
        vectors = world.embeddings[world.history.of(user).rows]
        np.testing.assert_array_equal(labels_of(interests, user), scipy_labels(vectors, 0.5))


def test_hand_worked_interests() -> None:
    embeddings = np.array([[1, 0], [0.96, 0.28], [0, 1], [0.8, 0.6]], dtype=np.float32)
    history = one_user([0, 1, 2, 3, 2], [20, 10, 5, 1, 1], [1, 1, 1, 1, 3])
    interests = build_interests(history, embeddings, InterestConfig(merge_cosine=0.75), as_of_s=0)
    found = interests.of(0)
    assert found.medoid.tolist() == [2, 1]
    assert found.size.tolist() == [2, 3]
    np.testing.assert_allclose(
        found.importance, [np.exp(-0.05) + 3 * np.exp(-0.01), np.exp(-0.2) + np.exp(-0.1) + np.exp(-0.01)], rtol=1e-6
    )
    assert interests.action_interest.tolist() == [1, 1, 0, 0, 1]
    assert history.rows[interests.action_position].tolist() == [0, 1, 2, 2, 3]


def test_equal_importance_is_ordered_by_medoid_row() -> None:
    interests = build_interests(one_user([3, 0, 2]), EYE, CONFIG, as_of_s=None)
    assert interests.medoid.tolist() == [0, 2, 3]


def test_user_without_action_has_no_interest() -> None:
    history = History.from_edges(np.array([1], np.int32), np.array([2], np.int32), None, None, 3)
    interests = build_interests(history, EYE, CONFIG, as_of_s=None)
    assert interests.indptr.tolist() == [0, 0, 1, 1]
    assert len(interests.of(0).medoid) == 0


@pytest.mark.parametrize("num_users", [0, 4])
def test_nobody_acts(num_users: int) -> None:
    nothing = np.zeros(0, dtype=np.int32)
    history = History.from_edges(nothing, nothing, None, None, num_users)
    for embeddings in (EYE, EYE[:0]):
        interests = build_interests(history, embeddings, InterestConfig(), as_of_s=None)
        assert interests.num_users == num_users
        assert len(interests.medoid) == len(interests.action_interest) == 0


def test_one_action_is_one_interest() -> None:
    found = build_interests(one_user([2], [10], [2.0]), EYE, CONFIG, as_of_s=0).of(0)
    assert found.medoid.tolist() == [2]
    assert found.size.tolist() == [1]
    np.testing.assert_allclose(found.importance, [2 * np.exp(-0.1)], rtol=1e-6)


def test_identical_actions_are_one_interest_of_many() -> None:
    found = build_interests(one_user([1] * 9, [2] * 9), EYE, CONFIG, as_of_s=0).of(0)
    assert found.medoid.tolist() == [1]
    assert found.size.tolist() == [9]


def test_ten_thousand_actions_keep_the_newest() -> None:
    rng = np.random.default_rng(0)
    history = one_user(list(range(10_000)), (np.arange(10_000)[::-1] / 200 + 1).tolist())
    interests = build_interests(history, unit_vectors(rng, 10_000, 16), CONFIG, as_of_s=0)
    assert interests.size.sum() == 500
    assert interests.action_position.tolist() == list(range(9_500, 10_000))


def test_all_outside_the_window_is_no_interest() -> None:
    interests = build_interests(one_user([0, 1], [100, 91]), EYE, CONFIG, as_of_s=0)
    assert interests.indptr.tolist() == [0, 0]


@settings(max_examples=20)
@given(shift=st.integers(-(10**9), 10**9))
def test_shifting_times_and_now_together_changes_nothing(shift: int) -> None:
    rng = np.random.default_rng(1)
    history, embeddings = random_history(rng), unit_vectors(rng, 50, 6)
    assert history.time_s is not None
    shifted = History(history.indptr, history.rows, history.time_s + shift, history.weight)
    assert_same(
        build_interests(history, embeddings, CONFIG, as_of_s=0),
        build_interests(shifted, embeddings, CONFIG, as_of_s=shift),
    )


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_permuting_actions_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(2)
    history, embeddings = random_history(rng), unit_vectors(rng, 50, 6)
    assert history.time_s is not None
    order = np.random.default_rng(seed).permutation(history.num_actions)
    again = History.from_edges(
        history.users[order], history.rows[order], history.time_s[order], history.weight[order], history.num_users
    )
    assert_same(
        build_interests(history, embeddings, CONFIG, as_of_s=0), build_interests(again, embeddings, CONFIG, as_of_s=0)
    )


def test_other_users_change_nothing() -> None:
    rng = np.random.default_rng(4)
    history, embeddings = random_history(rng), unit_vectors(rng, 50, 6)
    together = build_interests(history, embeddings, CONFIG, as_of_s=0)
    for user in (0, 11, 29):
        alone = build_interests(history.where(history.users == user), embeddings, CONFIG, as_of_s=0)
        for one, other in zip(alone.of(user), together.of(user), strict=True):
            np.testing.assert_array_equal(one, other)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    history, embeddings = random_history(rng), unit_vectors(rng, 50, 6)
    whole = build_interests(history, embeddings, CONFIG, as_of_s=0)
    monkeypatch.setattr(blocks, "BLOCK_POINTS", 25)
    assert_same(build_interests(history, embeddings, CONFIG, as_of_s=0), whole)


def test_calls_from_many_threads_agree() -> None:
    rng = np.random.default_rng(7)
    history, embeddings = random_history(rng), unit_vectors(rng, 50, 6)
    whole = build_interests(history, embeddings, CONFIG, as_of_s=0)

    def build(_: int) -> Interests:
        return build_interests(history, embeddings, CONFIG, as_of_s=0)

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(build, range(12)):
            assert_same(found, whole)


def test_action_after_now_raises() -> None:
    with pytest.raises(DataError, match=r"must be before as_of -1 \(got 1 later actions\)"):
        build_interests(one_user([0], [0]), EYE, CONFIG, as_of_s=-1)


def test_embedding_with_nan_raises() -> None:
    embeddings = EYE.copy()
    embeddings[1, 2] = np.nan
    with pytest.raises(ShapeError, match="NaN or infinity in row 1"):
        build_interests(one_user([0, 1]), embeddings, CONFIG, as_of_s=None)


@pytest.mark.parametrize("embeddings", [np.eye(4), np.zeros(4, np.float32)])
def test_embeddings_of_another_type_raise(embeddings: FloatMatrix) -> None:
    with pytest.raises(ShapeError, match=r"must be float32 \[num_flits, dim\]"):
        build_interests(one_user([0]), embeddings, CONFIG, as_of_s=None)
