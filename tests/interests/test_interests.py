from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import ArtifactError, ConfigError
from graphrec.history import History
from graphrec.interests import InterestConfig, Interests, UserInterests, build_interests
from graphrec.interests.propensity import inclusion
from tests.interests.worlds import assert_same


@pytest.fixture
def interests() -> Interests:
    # User 0 likes flit f with weight f + 1; user 1 nothing; user 2 flit 3 alone.
    history = History.from_edges(
        np.array([0, 0, 0, 0, 2], np.int32),
        np.array([0, 1, 2, 3, 3], np.int32),
        None,
        np.array([1, 2, 3, 4, 5], np.float32),
        3,
    )
    return build_interests(history, np.eye(4, dtype=np.float32), InterestConfig(merge_cosine=0.5), as_of_s=None)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_propensity_is_how_often_an_interest_is_drawn(n: int) -> None:
    importance = np.array([5, 3, 2, 1, 0.5, 0.05], np.float32)
    own = UserInterests(np.arange(6, dtype=np.int32), importance, np.ones(6, np.int32))
    expected = inclusion(importance, n)
    assert expected.sum() == pytest.approx(n, rel=1e-5)
    assert (np.diff(expected) < 0).all()
    days, counts = 20_000, np.zeros(6)
    for day in range(days):
        served = own.served(n, "sampled", (7, day))
        counts[served.medoid] += 1
        np.testing.assert_array_equal(served.propensity, expected[served.medoid])
    spread = np.sqrt(expected * (1 - expected) / days)
    assert (np.abs(counts / days - expected) < 4.5 * spread + 1e-6).all()


def test_propensity_by_hand() -> None:
    """One of two is drawn in proportion; of three equals two are; of a, b, c the first two by the sequences."""
    np.testing.assert_allclose(inclusion(np.array([3, 1], np.float32), 1), [0.75, 0.25], rtol=1e-6)
    np.testing.assert_allclose(inclusion(np.ones(3, np.float32), 2), 2 / 3, rtol=1e-6)
    a = 0.6 + 0.3 * (0.6 / 0.7) + 0.1 * (0.6 / 0.9)
    assert inclusion(np.array([6, 3, 1], np.float32), 2)[0] == pytest.approx(a, rel=1e-6)
    assert inclusion(np.array([6, 3], np.float32), 2).tolist() == [1, 1]
    assert inclusion(np.array([1e6, 1, 1e-6], np.float32), 1)[2] == pytest.approx(1e-12, rel=1e-3)


def test_of_gives_the_most_important_first(interests: Interests) -> None:
    found = interests.of(0)
    assert found.medoid.tolist() == [3, 2, 1, 0]
    assert found.importance.tolist() == [4, 3, 2, 1]
    assert found.size.tolist() == [1, 1, 1, 1]


def test_served_top_gives_the_most_important(interests: Interests) -> None:
    medoids, importance, propensity = interests.served(0, 2)
    assert propensity.tolist() == [1, 1]
    assert medoids.tolist() == [3, 2]
    assert importance.tolist() == [4, 3]
    assert len(interests.served(1, 2).medoid) == 0
    assert interests.served(2, 2).medoid.tolist() == [3]


def test_served_sampled_is_the_same_all_day(interests: Interests) -> None:
    days = [interests.served(0, 2, "sampled", seed_day=day).medoid.tolist() for day in range(50)]
    assert days == [interests.served(0, 2, "sampled", seed_day=day).medoid.tolist() for day in range(50)]
    assert len({tuple(day) for day in days}) > 3
    assert all(day == sorted(day, reverse=True) for day in days)


def test_served_sampled_draws_in_proportion_to_importance(interests: Interests) -> None:
    drawn = [int(interests.served(0, 1, "sampled", seed_day=day).medoid[0]) for day in range(4000)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4000, [0.1, 0.2, 0.3, 0.4], atol=0.03)


def test_served_sampled_without_replacement(interests: Interests) -> None:
    for day in range(30):
        assert len(set(interests.served(0, 3, "sampled", seed_day=day).medoid.tolist())) == 3
    assert interests.served(0, 9, "sampled").medoid.tolist() == [3, 2, 1, 0]


def test_served_sampled_where_all_has_decayed_to_nothing() -> None:
    history = History.from_edges(np.zeros(3, np.int32), np.arange(3, dtype=np.int32), None, np.zeros(3, np.float32), 1)
    config = InterestConfig(merge_cosine=0.5)
    interests = build_interests(history, np.eye(3, dtype=np.float32), config, as_of_s=None)
    drawn = {int(interests.served(0, 1, "sampled", seed_day=day).medoid[0]) for day in range(60)}
    assert drawn == {0, 1, 2}


def test_served_with_a_bad_setting_raises(interests: Interests) -> None:
    with pytest.raises(ConfigError, match=r"served must be at least 1 \(got 0\)"):
        interests.served(0, 0)
    with pytest.raises(ConfigError, match=r"mode must be one of top, sampled \(got 'best'\)"):
        interests.served(0, 1, "best")  # type: ignore[arg-type]


def test_saved_equals_live(interests: Interests, tmp_path: Path) -> None:
    interests.save(tmp_path)
    opened = Interests.open(tmp_path)
    assert_same(opened, interests)
    assert isinstance(opened.medoid.base, np.memmap)
    assert opened.served(0, 2).medoid.tolist() == [3, 2]


def test_open_with_a_file_missing_raises(interests: Interests, tmp_path: Path) -> None:
    interests.save(tmp_path)
    (tmp_path / "medoid.npy").unlink()
    with pytest.raises(ArtifactError, match=r"must hold medoid\.npy"):
        Interests.open(tmp_path)
