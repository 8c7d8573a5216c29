"""Folding newest actions into interests, on a circle where every cosine is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError
from graphrec.history import Actions, History
from graphrec.interests import InterestConfig, UserInterests, build_interests, fold

DAY = 86_400
NOW = 100 * DAY
CONFIG = InterestConfig(merge_cosine=0.9, decay_per_day=0.01)
NOTHING = UserInterests(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32))


def circle() -> FloatMatrix:
    """A flit every ten degrees: neighbours have cosine .985, those two steps apart .940, three .866."""
    angle = np.radians(10 * np.arange(36))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def acted(*rows: int, days: tuple[float, ...] | None = None, weight: float = 1.0) -> Actions:
    ages = days or (0.0,) * len(rows)
    times = np.array([NOW - round(age * DAY) for age in ages], dtype=np.int64)
    return Actions(np.array(rows, np.int32), times, np.full(len(rows), weight, np.float32))


def known() -> UserInterests:
    """Flit 0 with importance 3 of four actions, flit 18 with 1 of one."""
    return UserInterests(np.array([0, 18], np.int32), np.array([3, 1], np.float32), np.array([4, 1], np.int32))


def test_by_hand() -> None:
    """Ten days on: 2 joins flit 0's interest, 9 opens one, 10 joins that; everything known has aged."""
    newest = acted(2, 9, 10, days=(4.0, 2.0, 0.0))
    found = fold(known(), newest, circle(), CONFIG, as_of_s=NOW - 10 * DAY, now_s=NOW)
    aged = math.exp(-0.1)
    assert found.medoid.tolist() == [0, 9, 18]
    expected = [3 * aged + math.exp(-0.04), math.exp(-0.02) + 1.0, aged]
    assert found.importance.tolist() == pytest.approx(expected, rel=1e-5)
    assert found.size.tolist() == [5, 2, 1]


def test_a_heavy_action_changes_the_order() -> None:
    found = fold(known(), acted(9, weight=5.0), circle(), CONFIG, as_of_s=NOW, now_s=NOW)
    assert found.medoid.tolist() == [9, 0, 18]


def test_nothing_new_changes_nothing() -> None:
    found = fold(known(), acted(), circle(), CONFIG, as_of_s=NOW, now_s=NOW)
    for one, other in zip(found, known(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_the_newest_count() -> None:
    rows = tuple(range(36))
    few = fold(NOTHING, acted(*rows), circle(), CONFIG, as_of_s=NOW, now_s=NOW, most=5)
    assert few.size.sum() == 5
    same = fold(NOTHING, acted(*rows[-5:]), circle(), CONFIG, as_of_s=NOW, now_s=NOW)
    assert few.medoid.tolist() == same.medoid.tolist()


def test_undated_actions_do_not_age() -> None:
    newest = Actions(np.array([1, 9], np.int32), None, np.ones(2, np.float32))
    found = fold(known(), newest, circle(), CONFIG, as_of_s=None, now_s=None)
    assert found.importance.tolist() == [4.0, 1.0, 1.0]
    assert found.medoid.tolist() == [0, 9, 18]


def test_an_unresolved_cut_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"InterestConfig.merge_cosine must be a number to fold \(got 'auto'\)"):
        fold(known(), acted(1), circle(), InterestConfig(), as_of_s=NOW, now_s=NOW)


@given(rows=st.lists(st.integers(0, 35), max_size=30), shift=st.integers(0, 1000))
@settings(max_examples=80)
def test_what_holds_for_any_actions(rows: list[int], shift: int) -> None:
    """Nothing is lost, importance falls in order, and all clocks moved together change nothing."""
    newest = acted(*rows, days=tuple(float(one) for one in range(len(rows), 0, -1)))
    found = fold(known(), newest, circle(), CONFIG, as_of_s=NOW - DAY, now_s=NOW)
    assert found.size.sum() == 5 + min(len(rows), 20)
    assert (np.diff(found.importance) <= 0).all()
    assert len(set(found.medoid.tolist())) == len(found.medoid)
    assert newest.time_s is not None
    later = Actions(newest.rows, newest.time_s + shift * DAY, newest.weight)
    moved = fold(known(), later, circle(), CONFIG, as_of_s=NOW + (shift - 1) * DAY, now_s=NOW + shift * DAY)
    for one, other in zip(found, moved, strict=True):
        np.testing.assert_array_equal(one, other)


def test_folding_finds_the_interests_that_a_new_version_would() -> None:
    """Three far topics, half of the actions known before: the same topics with the same actions behind them."""
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(3, 12), 20, axis=0)
    vectors = centres + 0.05 * rng.normal(size=centres.shape)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    rows = rng.permutation(60)[:30].astype(np.int32)
    times = np.sort(rng.integers(NOW - 20 * DAY, NOW, 30))
    config = InterestConfig(merge_cosine=0.5)

    def batch(count: int, as_of_s: int) -> UserInterests:
        history = History.from_edges(np.zeros(count, np.int32), rows[:count], times[:count], None, 1)
        return build_interests(history, vectors, config, as_of_s=as_of_s).of(0)

    half = int(times[15])
    newest = Actions(rows[15:], times[15:], np.ones(15, np.float32))
    online = fold(batch(15, half), newest, vectors, config, as_of_s=half, now_s=NOW)
    whole = batch(30, NOW)
    assert sorted(one // 20 for one in online.medoid.tolist()) == sorted(one // 20 for one in whole.medoid.tolist())
    share = {int(one) // 20: value for one, value in zip(online.medoid, online.importance, strict=True)}
    for one, value in zip(whole.medoid, whole.importance, strict=True):
        assert share[int(one) // 20] == pytest.approx(float(value), rel=1e-4)
