import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import FloatVector
from graphrec.errors import DataError
from graphrec.history import DAY_S
from graphrec.retrieval.prior import first_action_log_hazard, recency_popularity

AS_OF = 1000 * DAY_S


def prior(
    rows: list[int],
    days_ago: Sequence[float] | None,
    *,
    flits: int,
    born: Sequence[float] | None = None,
    half_life: float = 7.0,
) -> FloatVector:
    times = None if days_ago is None else np.array([AS_OF - max(round(one * DAY_S), 1) for one in days_ago], np.int64)
    created = None if born is None else np.array([AS_OF - round(one * DAY_S) for one in born], np.int64)
    return recency_popularity(
        np.array(rows, np.int32), times, num_flits=flits, as_of_s=None if days_ago is None else AS_OF,
        created_s=created, half_life_days=half_life,
    )  # fmt: skip


def standardised(log_rates: list[float]) -> list[float]:
    values = np.array(log_rates)
    return ((values - values.mean()) / values.std()).tolist()  # type: ignore[no-any-return]


def test_prior_by_hand() -> None:
    """Half-life 7 days: an action of a week ago counts half; flits 0 and 1 are four weeks old, flit 2 one week."""
    found = prior([0, 0, 1], [0, 7, 7], flits=3, born=[28, 28, 7])
    rate = math.log(2) / 7
    count = [1.5, 0.5, 0.0]
    exposure = [(1 - 2**-4) / rate, (1 - 2**-4) / rate, (1 - 2**-1) / rate]
    mean_rate = sum(count) / sum(exposure)
    by_hand = [math.log((c + 1) / (e + 1 / mean_rate)) for c, e in zip(count, exposure, strict=True)]
    assert found.tolist() == pytest.approx(standardised(by_hand), rel=1e-5)


@pytest.mark.parametrize("days_ahead", [0, 1 / DAY_S, 30])
def test_a_planted_future_action_stops_the_count(days_ahead: float) -> None:
    times = np.array([AS_OF - DAY_S, AS_OF + round(days_ahead * DAY_S)], np.int64)
    with pytest.raises(DataError, match=r"time_s must be before 86400000 \(got 1 later actions, newest"):
        recency_popularity(np.zeros(2, np.int32), times, num_flits=1, as_of_s=AS_OF, created_s=None, half_life_days=7.0)


def test_undated_prior_is_the_log_of_counts() -> None:
    found = prior([0, 0, 0, 2], None, flits=3)
    assert found.tolist() == pytest.approx(standardised([math.log(4), math.log(1), math.log(2)]), rel=1e-5)


def test_yesterdays_burst_beats_an_equal_one_of_last_month() -> None:
    found = prior([0] * 5 + [1] * 5, [1] * 5 + [30] * 5, flits=3, born=[60, 60, 60])
    assert found[0] > found[1] > found[2]


def test_a_new_flit_without_actions_stands_at_the_mean_rate_an_old_one_below() -> None:
    found = prior([0] * 10 + [1] * 10, [3] * 20, flits=4, born=[60, 60, 60, 0])
    assert found[2] < found[3] < found[0]


def test_flits_of_unknown_birth_are_as_old_as_the_oldest_action() -> None:
    given_birth = prior([0, 0, 1], [2, 9, 4], flits=3, born=[9, 9, 9])
    assert prior([0, 0, 1], [2.0, 9.0, 4.0], flits=3).tolist() == given_birth.tolist()


@pytest.mark.parametrize("days_ago", [None, []])
def test_no_action_at_all_makes_all_flits_alike(days_ago: list[float] | None) -> None:
    assert prior([], days_ago, flits=4).tolist() == [0.0] * 4


@given(
    actions=st.lists(st.tuples(st.integers(0, 9), st.floats(0, 400)), max_size=60),
    half_life=st.floats(0.5, 60),
)
@settings(max_examples=60)
def test_prior_is_finite_and_standardised(actions: list[tuple[int, float]], half_life: float) -> None:
    found = prior([row for row, _ in actions], [day for _, day in actions], flits=10, half_life=half_life)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(0, abs=1e-4)
    assert found.std() == pytest.approx(1, abs=1e-3) or np.abs(found).max() < 1e-6


@given(shift=st.integers(-10_000, 10_000))
@settings(max_examples=20)
def test_shifting_all_times_changes_nothing(shift: int) -> None:
    rows, times = np.array([0, 1, 1], np.int32), np.array([AS_OF - 5, AS_OF - DAY_S, AS_OF - 9], np.int64)
    born = np.full(3, AS_OF - 10 * DAY_S)
    one, other = (
        recency_popularity(
            rows, times + by, num_flits=3, as_of_s=AS_OF + by, created_s=born + by, half_life_days=7.0
        )
        for by in (0, shift)
    )  # fmt: skip
    np.testing.assert_array_equal(one, other)


def test_first_action_hazard_by_hand() -> None:
    day = 86_400
    created = np.array([0, 0, 10 * day, 39 * day], dtype=np.int64)
    rows, times = np.array([0, 2], dtype=np.int32), np.array([0, 11 * day], dtype=np.int64)
    hazard = np.exp(first_action_log_hazard(rows, times, num_flits=4, as_of_s=40 * day, created_s=created))
    # Flit 0 acted on at age 0, flit 2 at age 1; flit 1 stayed 40 days without, flit 3 is one day old. Each age shrinks
    # towards the one before, the first towards the mean.
    before = 2 / 42
    expected = []
    for events, days in ((1, 3), (1, 1), (0, 2), (0, 3), (0, 3), (0, 4), (0, 7), (0, 7), (0, 12)):
        before = (events + 1) / (days + 1 / before)
        expected.append(before)
    assert hazard[3] == pytest.approx(expected[1])
    assert hazard[1] == pytest.approx(expected[-1])


def test_old_flits_that_nobody_took_up_stand_below_new_ones() -> None:
    day, rng = 86_400, np.random.default_rng(0)
    created = rng.integers(0, 80 * day, size=400)
    taken = rng.random(400) < 0.7  # the rest is never shown to anybody
    rows = np.flatnonzero(taken).astype(np.int32)
    times = created[taken] + rng.integers(0, 5 * day, size=len(rows))
    prior = recency_popularity(rows, times, num_flits=400, as_of_s=90 * day, created_s=created, half_life_days=7.0)
    cold, age = ~taken, 90 - created / day
    assert prior[cold & (age < 20)].min() > prior[cold & (age > 60)].max()
