"""Hides: an interest loses what its hidden flits weigh against it, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import ConfigError
from graphrec.history import Actions, History
from graphrec.interests import InterestConfig, Interests, build_interests, lower_hidden, lower_newest
from tests.interests.test_online import DAY, NOW, circle
from tests.interests.worlds import planted

CONFIG = InterestConfig(merge_cosine=0.9, decay_per_day=0.0)


def history(*actions: tuple[int, int], days_ago: float = 1.0, num_users: int = 2) -> History:
    users, rows = (np.array(side, dtype=np.int32) for side in zip(*actions, strict=True))
    times = np.full(len(rows), NOW - round(days_ago * DAY), dtype=np.int64)
    return History.from_edges(users, rows, times, None, num_users)


def liked() -> tuple[History, Interests]:
    """User 0 likes flits 0, 1, 2 and 18, 19; user 1 nothing."""
    found = history((0, 0), (0, 1), (0, 2), (0, 18), (0, 19))
    return found, build_interests(found, circle(), CONFIG, as_of_s=NOW)


def test_an_interest_falls_by_the_share_of_hides_in_it() -> None:
    """Two hides against three likes: 3 * 3 / 5 = 1.8 stands behind the other interest's 2."""
    actions, before = liked()
    assert before.of(0).importance.tolist() == [3, 2]
    after = lower_hidden(before, history((0, 3), (0, 35)), circle(), CONFIG, as_of_s=NOW)
    assert after.of(0).importance.tolist() == pytest.approx([2, 1.8])
    assert after.of(0).medoid.tolist() == before.of(0).medoid.tolist()[::-1]
    assert after.of(0).size.tolist() == [2, 3]
    of_first = actions.rows[after.action_position[after.action_interest == 0]]
    assert sorted(of_first.tolist()) == [18, 19]


def test_a_hide_far_from_every_interest_says_nothing() -> None:
    _, before = liked()
    after = lower_hidden(before, history((0, 9), (1, 0)), circle(), CONFIG, as_of_s=NOW)
    assert after.of(0).importance.tolist() == before.of(0).importance.tolist()


def test_a_user_with_only_hides_has_no_interest() -> None:
    none = history((0, 5))
    interests = build_interests(none.where(np.zeros(1, np.bool_)), circle(), CONFIG, as_of_s=NOW)
    assert len(lower_hidden(interests, none, circle(), CONFIG, as_of_s=NOW).of(0).medoid) == 0


def test_old_hides_weigh_less_and_those_before_the_window_nothing() -> None:
    config = CONFIG.model_copy(update={"decay_per_day": np.log(2) / 10, "window_days": 30.0})
    actions = history((0, 0), days_ago=1e-9)
    before = build_interests(actions, circle(), config, as_of_s=NOW + 1)
    for days, left in ((0.0, 1 / 2), (10.0, 1 / 1.5), (40.0, 1.0)):
        hidden = history((0, 1), days_ago=days)
        found = lower_hidden(before, hidden, circle(), config, as_of_s=NOW + 1).of(0).importance
        assert found.tolist() == pytest.approx([left], abs=1e-4)


@given(seed=st.integers(0, 200))
@settings(max_examples=25)
def test_the_laws_of_hides(seed: int) -> None:
    """Never more important, never nothing, always in order; members stay with their medoid; more hides, less left."""
    rng = np.random.default_rng(seed)
    world = planted(rng, cosine=0.6, num_users=12)
    config = InterestConfig(merge_cosine=0.4)
    before = build_interests(world.history, world.embeddings, config, as_of_s=None)
    rows = rng.integers(0, len(world.embeddings), 80).astype(np.int32)
    users = rng.integers(0, 12, 80).astype(np.int32)
    hidden = [History.from_edges(users[:n], rows[:n], None, None, 12) for n in (40, 80)]
    fewer, more = (lower_hidden(before, one, world.embeddings, config, as_of_s=None) for one in hidden)
    for user in range(12):
        plain, some, many = (dict(zip(*one.of(user)[:2], strict=True)) for one in (before, fewer, more))
        assert set(plain) == set(some) == set(many)
        assert all(0 < many[medoid] <= some[medoid] <= plain[medoid] for medoid in plain)
        assert (np.diff(more.of(user).importance) <= 0).all()
    for one in (fewer, more):
        own = np.repeat(np.arange(12), np.diff(one.action_indptr))
        medoid_of = {
            int(position): int(one.medoid[one.indptr[user] + interest])
            for position, user, interest in zip(one.action_position, own, one.action_interest, strict=True)
        }
        assert medoid_of == {
            int(position): int(before.medoid[before.indptr[user] + interest])
            for position, user, interest in zip(before.action_position, own, before.action_interest, strict=True)
        }


def test_hides_since_the_version_say_what_the_next_version_will() -> None:
    """One user at a time, or all of a version: the same law."""
    world = planted(np.random.default_rng(3), cosine=0.6, num_users=12)
    config = InterestConfig(merge_cosine=0.4)
    before = build_interests(world.history, world.embeddings, config, as_of_s=None)
    rows = np.random.default_rng(3).permutation(len(world.embeddings))[:15].astype(np.int32)
    everyone = History.from_edges(np.repeat(np.arange(12), 15).astype(np.int32), np.tile(rows, 12), None, None, 12)
    batch = lower_hidden(before, everyone, world.embeddings, config, as_of_s=None)
    assert batch.importance.sum() < before.importance.sum()
    for user in range(12):
        one = lower_newest(before.of(user), everyone.of(user), world.embeddings, config, now_s=None)
        for got, expected in zip(one, batch.of(user), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_newest_hides_age_and_only_the_last_twenty_count() -> None:
    config = CONFIG.model_copy(update={"decay_per_day": np.log(2) / 10})
    _, before = liked()
    times = np.array([NOW - 10 * DAY] * 20 + [NOW] * 20, dtype=np.int64)
    far, near = np.full(20, 9, np.int32), np.full(20, 1, np.int32)
    for rows, against in ((np.concatenate([near, far]), 0.0), (np.concatenate([far, near]), 20.0), (near, 10.0)):
        hidden = Actions(rows, times[: len(rows)], np.ones(len(rows), np.float32))
        found = dict(zip(*lower_newest(before.of(0), hidden, circle(), config, now_s=NOW)[:2], strict=True))
        assert found[before.of(0).medoid[0]] == pytest.approx(9 / (3 + against))
        assert found[before.of(0).medoid[1]] == 2


def test_an_unresolved_cut_is_refused() -> None:
    _, before = liked()
    with pytest.raises(ConfigError, match="must be a number to lower"):
        lower_newest(before.of(0), history((0, 1)).of(0), circle(), InterestConfig(), now_s=NOW)
    with pytest.raises(ConfigError, match="must be a number to lower"):
        lower_hidden(before, history((0, 1)), circle(), InterestConfig(), as_of_s=NOW)
