import numpy as np
import pytest

from graphrec.errors import DataError, ShapeError
from graphrec.history import History
from graphrec.interests import InterestConfig
from graphrec.interests.points import Points, gather, points_of
from tests.interests.worlds import DAY_S, one_user

CONFIG = InterestConfig(merge_cosine=0.5)


def points(history: History, config: InterestConfig = CONFIG, as_of_s: int | None = 0) -> Points:
    return points_of(history, config, num_flits=100, as_of_s=as_of_s)


def test_actions_on_one_flit_are_one_point_with_summed_weight() -> None:
    found = points(one_user([7, 3, 7], [3, 2, 1], [1.0, 2.0, 4.0]), InterestConfig(decay_per_day=0.5))
    assert found.rows.tolist() == [3, 7]
    np.testing.assert_allclose(found.weight, [2 * np.exp(-1.0), np.exp(-1.5) + 4 * np.exp(-0.5)])
    assert found.action_point.tolist() == [1, 0, 1]


def test_window_is_closed_at_its_start() -> None:
    found = points(one_user([1, 2, 3], [91, 90, 1]))
    assert found.rows.tolist() == [2, 3]
    assert found.action_position.tolist() == [1, 2]


def test_no_window_keeps_all() -> None:
    assert points(one_user([1, 2], [4000, 1]), InterestConfig(window_days=None)).rows.tolist() == [1, 2]


def test_the_newest_actions_are_kept() -> None:
    found = points(one_user([1, 2, 3, 4], [1, 4, 2, 3]), InterestConfig(max_actions=2))
    assert found.rows.tolist() == [1, 3]


def test_undated_actions_neither_expire_nor_decay_and_are_spread_evenly() -> None:
    history = one_user(list(range(10)), weight=[2.0] * 10)
    assert points(history, as_of_s=None).rows.tolist() == list(range(10))
    thinned = points(history, InterestConfig(max_actions=5), as_of_s=None)
    assert thinned.rows.tolist() == [1, 3, 5, 7, 9]
    assert thinned.weight.tolist() == [2.0] * 5


def test_users_without_actions_have_no_points() -> None:
    history = History.from_edges(np.array([1, 3], np.int32), np.array([5, 6], np.int32), None, None, 5)
    found = points(history, as_of_s=None)
    assert found.indptr.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.action_indptr.tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("as_of_s", [0, -1])
def test_action_at_or_after_now_raises(as_of_s: int) -> None:
    history = one_user([1, 2], [1 / DAY_S, 0])
    assert points(history, as_of_s=1).rows.tolist() == [1, 2]
    with pytest.raises(DataError, match="must be before as_of"):
        points(history, as_of_s=as_of_s)


def test_dated_actions_without_now_raise() -> None:
    with pytest.raises(DataError, match="as_of_s must be given"):
        points(one_user([1], [1]), as_of_s=None)


@pytest.mark.parametrize("row", [-1, 100])
def test_flit_without_embedding_raises(row: int) -> None:
    with pytest.raises(DataError, match=r"rows must lie in 0 \.\. 99"):
        points(one_user([1, row], [2, 1]))


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_bad_weight_raises(weight: float) -> None:
    with pytest.raises(DataError, match="weight must be finite and not negative"):
        points(one_user([1, 2], [2, 1], [1.0, weight]))


def test_gather_checks_only_the_rows_in_use() -> None:
    embeddings = np.eye(4, dtype=np.float32)
    embeddings[2, 1] = np.nan
    np.testing.assert_array_equal(gather(embeddings, np.array([0, 3], np.int32)), embeddings[[0, 3]])
    with pytest.raises(ShapeError, match="in row 2"):
        gather(embeddings, np.array([0, 2], np.int32))
