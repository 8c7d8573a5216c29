from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import ArtifactError, ConfigError
from graphrec.history import History
from graphrec.interests import InterestConfig, Interests, build_interests
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


def test_of_gives_the_most_important_first(interests: Interests) -> None:
    found = interests.of(0)
    assert found.medoid.tolist() == [3, 2, 1, 0]
    assert found.importance.tolist() == [4, 3, 2, 1]
    assert found.size.tolist() == [1, 1, 1, 1]


def test_served_top_gives_the_most_important(interests: Interests) -> None:
    medoids, importance = interests.served(0, 2)
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
