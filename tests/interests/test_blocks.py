import numpy as np
import pytest

from graphrec.arrays import IntVector
from graphrec.interests import blocks
from graphrec.interests.blocks import each_block


@pytest.mark.parametrize(
    "sizes", [[], [0], [0, 0, 0], [3, 4, 3, 0, 0], [30, 1, 1, 40], [0, 10, 0, 10, 0], [11], [1] * 57]
)
def test_every_user_and_point_is_met_once(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_POINTS", 10)
    indptr: IntVector = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    users, points = np.zeros(len(sizes), dtype=int), np.zeros(int(indptr[-1]), dtype=int)

    def work(some_users: slice, some_points: slice) -> None:
        assert indptr[some_users.start] == some_points.start
        assert indptr[some_users.stop] == some_points.stop
        users[some_users] += 1
        points[some_points] += 1

    each_block(indptr, work)
    assert (users == 1).all()
    assert (points == 1).all()


def test_an_error_in_a_block_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_POINTS", 2)

    def work(users: slice, points: slice) -> None:
        if users.start:
            raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        each_block(np.array([0, 2, 4, 6]), work)
