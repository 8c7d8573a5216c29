"""Online against batch: folding what happened brings interests nearer to those clustered anew."""

from dataclasses import replace

import numpy as np
import pytest

from graphrec.errors import DataError
from graphrec.history import History
from graphrec.interests import build_interests
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.online_report import compare_online
from tests.retrieval.world import AS_OF, DAY, NUM_USERS, planted

DAYS = 10


def of_past(bundle: Bundle, days: int = DAYS) -> Bundle:
    """Return the bundle as it stood some days ago."""
    at_s, times = AS_OF - days * DAY, bundle.history.time_s
    assert times is not None
    history = bundle.history.where(times < at_s)
    interests = build_interests(history, bundle.flit_vectors, bundle.settings.interests, as_of_s=at_s)
    return replace(bundle, history=history, interests=interests, settings=replace(bundle.settings, as_of_s=at_s))


def test_folding_closes_the_gap_to_the_next_version() -> None:
    after = planted()
    times, before = after.history.time_s, of_past(after)
    assert times is not None
    found = compare_online(before, after)
    assert 0 < found.users <= NUM_USERS
    assert found.actions == int((times >= AS_OF - DAYS * DAY).sum())
    assert found.unfolded == 0
    assert found.stale_agreement <= found.agreement <= 1
    assert found.agreement > 0.95
    assert found.cosine > 0.9
    assert found.most_interests <= max(np.diff(before.interests.indptr)) + 20
    assert found.to_polars()["cosine"].to_list() == [found.cosine, found.stale_cosine]


def test_a_new_topic_is_seen_online_and_missed_without() -> None:
    """User 7 had nothing; since the older version he acted thrice on topic 3."""
    after = planted()
    history = History.from_edges(
        np.full(3, 7, np.int32), np.array([15, 21, 27], np.int32), np.full(3, AS_OF - DAY), None, NUM_USERS
    )
    interests = build_interests(history, after.flit_vectors, after.settings.interests, as_of_s=AS_OF)
    after = replace(after, history=history, interests=interests)
    found = compare_online(of_past(after), after)
    assert (found.users, found.actions) == (1, 3)
    assert (found.agreement, found.stale_agreement, found.stale_cosine) == (1.0, 0.0, 0.0)


def test_actions_on_flits_the_older_version_does_not_know_are_counted() -> None:
    after = planted()
    before = of_past(after)
    fewer = type(after.ids["flit"])([f"f{row}" if row != 117 else "gone" for row in range(120)])
    times = after.history.time_s
    assert times is not None
    new = int(((after.history.rows == 117) & (times >= AS_OF - DAYS * DAY)).sum())
    assert compare_online(replace(before, ids={**before.ids, "flit": fewer}), after).unfolded == new


def test_versions_that_cannot_be_compared_are_refused() -> None:
    bundle = planted()
    with pytest.raises(DataError, match="must be dated, the older first"):
        compare_online(bundle, bundle)
    later = replace(bundle, settings=replace(bundle.settings, as_of_s=AS_OF + DAY))
    with pytest.raises(DataError, match="must have users who acted between them"):
        compare_online(bundle, later)
