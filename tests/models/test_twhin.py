import math

import numpy as np
import pytest
import torch

from graphrec.errors import ShapeError
from graphrec.models.lookup import Fitted
from graphrec.models.twhin import Corrupted, Twhin, edge_losses

LIKES = ("user", "likes", "flit")
FOLLOWS = ("user", "follows", "user")


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def edges() -> Corrupted:
    """One edge (1, 0) -> (0, 1), one negative of each end."""
    ones = torch.ones(1, 1, dtype=torch.bool)
    return Corrupted(
        torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([[2.0, 3.0]]), torch.tensor([[4.0, 5.0]]),
        ones, ones,
    )  # fmt: skip


def test_both_ends_are_corrupted_and_scored_with_the_translation() -> None:
    translation = torch.tensor([0.5, -0.25])
    # source + translation = (1.5, -.25): positive -.25, other target 6 - 1.25 = 4.75
    # other source + translation = (2.5, 2.75), times (0, 1): 2.75
    by_hand = 2 * softplus(0.25) + softplus(4.75) + softplus(2.75)
    assert edge_losses(edges(), translation).tolist() == pytest.approx([by_hand])


def test_the_translation_gets_the_gradient_of_positive_and_negatives() -> None:
    translation = torch.zeros(2, requires_grad=True)
    edge_losses(edges(), translation).sum().backward()  # type: ignore[no-untyped-call]
    # positive 0, twice: -2 * s(0) * (0, 1); other target 4: s(4) * (4, 5); other source 3: s(3) * (0, 1)
    sigmoid = [1 / (1 + math.exp(-one)) for one in (4.0, 3.0)]
    assert translation.grad is not None
    assert translation.grad.tolist() == pytest.approx([4 * sigmoid[0], -1 + 5 * sigmoid[0] + sigmoid[1]])


def test_a_negative_that_is_the_edges_own_end_does_not_count() -> None:
    there = edges()
    none = torch.zeros(1, 1, dtype=torch.bool)
    masked = Corrupted(there.sources, there.targets, there.other_sources, there.other_targets, there.source_mask, none)
    assert edge_losses(masked, torch.zeros(2)).tolist() == pytest.approx([2 * softplus(0.0) + softplus(3.0)])


def test_types_start_from_streams_of_their_own() -> None:
    alone = Twhin.start({"user": 3}, [], 4, seed=1)
    both = Twhin.start({"flit": 5, "user": 3}, [LIKES], 4, seed=1)
    assert torch.equal(alone.vectors["user"], both.vectors["user"])
    assert not torch.equal(both.vectors["user"], both.vectors["flit"][:3])
    assert not torch.equal(both.vectors["user"], Twhin.start({"user": 3}, [], 4, seed=2).vectors["user"])


def test_a_warm_start_takes_earlier_vectors_by_row_at_their_full_length() -> None:
    unit = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 0.0]], np.float32)
    earlier = Fitted(
        {"user": unit},
        {"user": np.array([True, True, False])},
        {"user": np.array([3.0, 10.0, 0.0], np.float32)},
        {LIKES: np.array([7.0, 8.0], np.float32)},
    )
    new = Twhin.start({"user": 3, "flit": 2}, [LIKES, FOLLOWS], 2, seed=0)
    warm = new.warmed(earlier)
    torch.testing.assert_close(warm.vectors["user"][:2], torch.tensor([[3.0, 0.0], [6.0, 8.0]]))
    assert torch.equal(warm.vectors["user"][2], new.vectors["user"][2])
    assert torch.equal(warm.vectors["flit"], new.vectors["flit"])
    assert warm.translations[LIKES].tolist() == [7.0, 8.0]
    assert warm.translations[FOLLOWS].tolist() == [0.0, 0.0]
    warm.vectors["user"][0] = 9.0
    assert unit[0].tolist() == [1.0, 0.0]


def test_a_warm_start_of_another_width_is_refused() -> None:
    earlier = Fitted({"user": np.zeros((1, 2), np.float32)}, {"user": np.ones(1, np.bool_)})
    with pytest.raises(ShapeError, match=r"earlier vectors must have dim 3 \(got 2\)"):
        Twhin.start({"user": 1}, [], 3, seed=0).warmed(earlier)


def test_a_fit_is_found_in_other_rows() -> None:
    fitted = Fitted(
        {"user": np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), "shop": np.ones((1, 2), np.float32)},
        {"user": np.array([True, False]), "shop": np.ones(1, np.bool_)},
        {"user": np.array([2.0, 0.0], np.float32)},
    )
    found = fitted.found({"user": np.array([-1, 1, 0], np.int32), "flit": np.array([0], np.int32)})
    assert found.vectors["user"].tolist() == [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    assert found.known["user"].tolist() == [False, False, True]
    assert found.lengths["user"].tolist() == [0.0, 0.0, 2.0]
    assert list(found.vectors) == ["user"]
