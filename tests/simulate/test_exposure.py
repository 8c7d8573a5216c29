from types import SimpleNamespace
from typing import cast

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.simulate import SimulationConfig
from graphrec.simulate.exposure import Draw, Exposure, Grouping
from graphrec.simulate.world import draw_flits, draw_follows, draw_users

CONFIG = SimulationConfig.preset("small", seed=2)


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 5.0)), min_size=1, max_size=30),
    uniform=st.lists(st.floats(0.0, 0.999999), min_size=1, max_size=10),
)
def test_a_draw_stays_in_its_group_and_never_shows_weight_zero(
    rows: list[tuple[int, float]], uniform: list[float]
) -> None:
    key = np.array([one[0] for one in rows])
    weight = np.round(np.array([one[1] for one in rows]), 2)
    draw = Draw(Grouping(key, 4), weight)
    for group in range(4):
        found = draw.sample(np.full(len(uniform), group), np.array(uniform))
        if weight[key == group].sum() == 0:
            assert (found == -1).all()
        else:
            shown = found[found >= 0]
            assert (key[shown] == group).all()
            assert (weight[shown] > 0).all()


def test_draws_match_their_probabilities() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    draw = Draw(Grouping(np.array([1, 0, 1, 1]), 2), np.array([1.0, 9.0, 2.0, 1.0]))
    np.testing.assert_allclose(draw.probability(), [0.25, 1.0, 0.5, 0.25])
    found = draw.sample(np.ones(40_000, dtype=np.int64), rng.random(40_000))
    np.testing.assert_allclose(np.bincount(found, minlength=4) / 40_000, [0.25, 0.0, 0.5, 0.25], atol=0.01)


def test_nothing_is_shown_before_its_release_and_follows_only_once_made() -> None:
    users = draw_users(CONFIG)
    flits = draw_flits(CONFIG, users)
    follows = draw_follows(CONFIG, users, flits)
    exposure = Exposure(flits, follows, len(users), CONFIG.behaviour)
    time_s = CONFIG.start_s + 30 * 86_400
    now = exposure.at(time_s)
    for draw in (now.topic, now.author, now.trending, now.random):
        assert (draw.probability()[flits.released_s > time_s] == 0).all()
    known = exposure.follows_by(follows.follower, follows.followed, time_s)
    np.testing.assert_array_equal(known, follows.time_s <= time_s)
    assert now.degree.sum() == known.sum()


def test_no_follow_at_all_is_an_empty_answer() -> None:
    flits = draw_flits(CONFIG, draw_users(CONFIG))
    none = np.empty(0, dtype=np.int32)
    follows = SimpleNamespace(follower=none, followed=none, time_s=np.empty(0, dtype=np.int64))
    exposure = Exposure(flits, cast("object", follows), CONFIG.users, CONFIG.behaviour)  # type: ignore[arg-type]
    assert not exposure.follows_by(np.array([1], dtype=np.int32), np.array([2], dtype=np.int32), 0).any()
