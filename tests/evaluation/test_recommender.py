"""Exact ranking and the promise that every baseline keeps."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.errors import ConfigError, DataError
from graphrec.evaluation.baselines import Random, popular, recent_popular
from graphrec.evaluation.interactions import Walks, ials
from graphrec.evaluation.nearest import NearestToAny, decayed_average, last_action
from graphrec.evaluation.recommender import Scorer, actions_of_block, top_rows
from graphrec.history import History
from tests.evaluation.worlds import World

MAKERS: dict[str, Callable[[World], Scorer]] = {
    "random": lambda w: Random(w.history, w.available, seed=3),
    "popular": lambda w: popular(w.history, w.available),
    "recent_popular": lambda w: recent_popular(w.history, w.available, as_of_s=100 * 86_400, half_life_days=7),
    "last_action": lambda w: last_action(w.history, w.available, w.vectors),
    "decayed_average": lambda w: decayed_average(w.history, w.available, w.vectors, as_of_s=100 * 86_400),
    "any": lambda w: NearestToAny(w.history, w.available, w.vectors, newest=5),
    "als": lambda w: ials(w.history, w.available, factors=8, iterations=5),
    "walks": lambda w: Walks(w.history, w.available),
}
SCORES = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, -np.inf]), st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
)


def naive_top(scores: FloatVector, k: int) -> list[int]:
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], row))
    best = [row if np.isfinite(scores[row]) else -1 for row in order[:k]]
    return best + [-1] * (k - len(best))


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=SCORES), st.integers(1, 12)
)
@settings(max_examples=300)
def test_top_rows_equals_sorting_with_ties_by_row(scores: FloatMatrix, k: int) -> None:
    assert top_rows(scores, k).tolist() == [naive_top(line, k) for line in scores]


def test_top_rows_refuses_nan() -> None:
    with pytest.raises(DataError, match="NaN"):
        top_rows(np.array([[1.0, np.nan]], np.float32), 1)


@pytest.mark.parametrize("name", MAKERS)
def test_recommend_gives_new_available_flits_once(name: str, world: World) -> None:
    found = MAKERS[name](world).recommend(world.users, 30)
    assert found.shape == (len(world.users), 30)
    assert found.dtype == np.int32
    for user, line in enumerate(found):
        rows = line[line >= 0]
        assert len(set(rows.tolist())) == len(rows) == 30
        assert world.available[rows].all()
        assert not np.isin(rows, world.history.of(user).rows).any()


@pytest.mark.parametrize("name", MAKERS)
def test_recommend_does_not_depend_on_the_batch(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one = MAKERS[name](world)
    whole = one.recommend(world.users[:40], 10)
    monkeypatch.setattr(type(one), "block_size", lambda self: 7)
    assert np.mean(one.recommend(world.users[:40], 10) == whole) > 0.99
    assert np.mean(one.recommend(world.users[[9, 4]], 10) == whole[[9, 4]]) > 0.99


@pytest.mark.parametrize("name", MAKERS)
def test_recommend_equals_ranking_its_scores_by_hand(name: str, world: World) -> None:
    one, user = MAKERS[name](world), np.array([17], np.int32)
    scores = one.scores(user)[0]
    scores[~world.available] = -np.inf
    scores[world.history.of(17).rows] = -np.inf
    found = one.recommend(user, 12)[0]
    assert len(set(found.tolist())) == 12
    np.testing.assert_array_equal(scores[found], scores[naive_top(scores, 12)])  # equal scores come in any order


@pytest.mark.parametrize("name", MAKERS)
def test_building_twice_gives_the_same_answer(name: str, world: World) -> None:
    first, second = (MAKERS[name](world).recommend(world.users, 20) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", MAKERS)
def test_a_list_longer_than_the_catalogue_is_padded(name: str, world: World) -> None:
    found = MAKERS[name](world).recommend(world.users[:3], 500)
    new = world.available.sum() - [len(world.history.of(user).rows) for user in range(3)]
    assert (found >= 0).sum(axis=1).tolist() == new.tolist()


def test_no_users_get_an_empty_answer(world: World) -> None:
    assert popular(world.history, world.available).recommend(np.empty(0, np.int32), 5).shape == (0, 5)


def test_bad_requests_raise(world: World) -> None:
    with pytest.raises(ConfigError, match="k must be"):
        popular(world.history, world.available).recommend(world.users, 0)
    with pytest.raises(DataError, match="number of flits"):
        popular(world.history, world.available[:10])


def test_actions_of_block_equals_a_loop() -> None:
    rng = np.random.default_rng(0)
    users, flits = (rng.integers(0, n, 60).astype(np.int32) for n in (9, 20))
    history = History.from_edges(users, flits, np.arange(60), None, 12)
    asked = np.array([3, 11, 0, 3], np.int32)
    line, rows = actions_of_block(history, asked)
    expected = [(place, row) for place, user in enumerate(asked) for row in history.of(user).rows]
    assert list(zip(line.tolist(), rows.tolist(), strict=True)) == expected
