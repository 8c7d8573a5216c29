import math

import numpy as np
import pytest
import torch

from graphrec.models.losses import bpr, logistic, max_margin, sampled_softmax, softmax_of_sets

ALL = torch.ones(2, 3, dtype=torch.bool)
POSITIVE = torch.tensor([0.5, 0.2])
NEGATIVES = torch.tensor([[0.45, 0.0, 0.6], [0.2, -1.0, 0.9]])


def test_max_margin_is_the_mean_violation_worked_by_hand() -> None:
    loss = max_margin(POSITIVE, NEGATIVES, ALL, margin=0.1)
    # violations: .45-.5+.1=.05, 0, .6-.5+.1=.2   and   .2-.2+.1=.1, 0, .9-.2+.1=.8
    assert loss.tolist() == pytest.approx([0.25 / 3, 0.9 / 3])


def test_max_margin_averages_over_unmasked_negatives_alone() -> None:
    mask = torch.tensor([[True, True, False], [True, False, False]])
    loss = max_margin(POSITIVE, NEGATIVES, mask, margin=0.1)
    assert loss.tolist() == pytest.approx([0.05 / 2, 0.1])


def test_max_margin_has_the_gradients_of_its_plain_form() -> None:
    generator = torch.Generator().manual_seed(0)
    positive, negatives, weight = (torch.randn(size, generator=generator) for size in ((5,), (5, 7), (5,)))
    mask = torch.rand(5, 7, generator=generator) < 0.7
    mask[2] = False

    def plain(positive: torch.Tensor, negatives: torch.Tensor) -> torch.Tensor:
        violation = torch.relu(negatives - positive[:, None] + 0.1) * mask
        return violation.sum(dim=1) / mask.sum(dim=1).clamp(min=1)

    found, twin = ([one.clone().requires_grad_() for one in (positive, negatives)] for _ in range(2))
    value, expected = max_margin(found[0], found[1], mask, margin=0.1), plain(twin[0], twin[1])
    assert torch.equal(value, expected)
    for one in (value, expected):
        (one * weight).sum().backward()  # type: ignore[no-untyped-call]
    for mine, other in zip(found, twin, strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        assert torch.equal(mine.grad, other.grad)


def test_bpr_and_logistic_are_cross_entropies_worked_by_hand() -> None:
    mask = torch.tensor([[True, False, True], [False, False, False]])
    loss = bpr(POSITIVE, NEGATIVES, mask, temperature=0.5)
    # gaps over the temperature: (.45-.5)/.5 = -.1 and (.6-.5)/.5 = .2; nothing counts for the second query
    assert loss.tolist() == pytest.approx([(math.log1p(math.exp(-0.1)) + math.log1p(math.exp(0.2))) / 2, 0.0])
    loss = logistic(POSITIVE, NEGATIVES, mask, temperature=0.5)
    wrong = (math.log1p(math.exp(0.9)) + math.log1p(math.exp(1.2))) / 2
    assert loss.tolist() == pytest.approx([math.log1p(math.exp(-1.0)) + wrong, math.log1p(math.exp(-0.4))])


def test_sampled_softmax_is_cross_entropy_worked_by_hand() -> None:
    loss = sampled_softmax(POSITIVE, NEGATIVES, ALL, temperature=0.5, log_expected=torch.zeros(1, 3))
    by_hand = math.log(math.exp(1.0) + math.exp(0.9) + math.exp(0.0) + math.exp(1.2)) - 1.0
    assert float(loss[0]) == pytest.approx(by_hand, rel=1e-6)


def test_sampled_softmax_leaves_masked_negatives_out() -> None:
    mask = torch.tensor([[False, True, False], [True, True, True]])
    loss = sampled_softmax(POSITIVE, NEGATIVES, mask, temperature=1.0, log_expected=torch.zeros(1, 3))
    assert float(loss[0]) == pytest.approx(math.log(math.exp(0.5) + 1.0) - 0.5, rel=1e-6)


def test_a_negative_expected_half_as_often_counts_twice() -> None:
    log_expected = torch.log(torch.tensor([[0.5, 1.0, 2.0]]))
    loss = sampled_softmax(POSITIVE, NEGATIVES, ALL, temperature=1.0, log_expected=log_expected)
    by_hand = math.log(math.exp(0.5) + 2 * math.exp(0.45) + math.exp(0.0) + 0.5 * math.exp(0.6)) - 0.5
    assert float(loss[0]) == pytest.approx(by_hand, rel=1e-6)


def test_log_q_makes_the_sampled_partition_unbiased() -> None:
    """Averaged over many draws, the sampled sum of exp(score) equals the sum over the whole catalogue."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=20)
    chance = rng.dirichlet(np.ones(20))
    drawn = rng.choice(20, size=(4000, 50), p=chance)
    loss = sampled_softmax(
        torch.full((4000,), -50.0, dtype=torch.float64),
        torch.from_numpy(scores[drawn]),
        torch.ones(4000, 50, dtype=torch.bool),
        temperature=1.0,
        log_expected=torch.from_numpy(np.log(50 * chance[drawn])),
    )
    estimate = float(torch.exp(loss - 50.0).mean())  # the positive adds exp(-50): nothing
    assert estimate == pytest.approx(np.exp(scores).sum(), rel=0.05)


def test_sampled_softmax_has_the_gradients_of_its_plain_form() -> None:
    generator = torch.Generator().manual_seed(0)
    positive, negatives, weight = (torch.randn(size, generator=generator) for size in ((5,), (5, 7), (5,)))
    mask, log_expected = torch.rand(5, 7, generator=generator) < 0.7, torch.randn(1, 7, generator=generator)
    mask[2] = False

    def plain(positive: torch.Tensor, negatives: torch.Tensor) -> torch.Tensor:
        logits = torch.where(mask, negatives / 0.1 - log_expected, -torch.inf)
        every = torch.cat([positive[:, None] / 0.1, logits], dim=1)
        return torch.logsumexp(every, dim=1) - positive / 0.1

    found, twin = ([one.clone().requires_grad_() for one in (positive, negatives)] for _ in range(2))
    value = sampled_softmax(found[0], found[1], mask, temperature=0.1, log_expected=log_expected)
    expected = plain(twin[0], twin[1])
    torch.testing.assert_close(value, expected)
    for one in (value, expected):
        (one * weight).sum().backward()  # type: ignore[no-untyped-call]
    for mine, other in zip(found, twin, strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


@pytest.mark.parametrize("name", ["max_margin", "softmax"])
def test_all_masked_gives_zero_and_finite_gradients(name: str) -> None:
    positive, negatives = POSITIVE.clone().requires_grad_(), NEGATIVES.clone().requires_grad_()
    nothing = torch.zeros_like(ALL)
    if name == "max_margin":
        loss = max_margin(positive, negatives, nothing, margin=0.1)
    else:
        loss = sampled_softmax(positive, negatives, nothing, temperature=0.1, log_expected=torch.zeros(1, 3))
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert loss.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    for one in (positive.grad, negatives.grad):
        assert one is not None
        assert torch.isfinite(one).all()


def test_losses_fall_when_the_positive_rises() -> None:
    higher = POSITIVE + 0.05
    zeros = torch.zeros(1, 3)
    assert (max_margin(higher, NEGATIVES, ALL, margin=0.1) < max_margin(POSITIVE, NEGATIVES, ALL, margin=0.1)).all()
    before = sampled_softmax(POSITIVE, NEGATIVES, ALL, temperature=0.1, log_expected=zeros)
    assert (sampled_softmax(higher, NEGATIVES, ALL, temperature=0.1, log_expected=zeros) < before).all()


def test_softmax_of_sets_worked_by_hand() -> None:
    queries = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    positives, line = torch.tensor([[1.0, 1.0], [0.5, 0.0], [0.0, 1.0]]), torch.tensor([0, 0, 1])
    negatives = torch.tensor([[0.0, 0.0], [1.0, 0.5]])
    # Two negatives stand for six items: each counts three times.
    partition = [3 * (1 + math.e), 3 * (1 + math.e)]
    scores = [1.0, 0.5, 2.0]
    by_hand = [math.log(partition[i] + math.exp(s)) - s for s, i in zip(scores, (0, 0, 1), strict=True)]
    loss = softmax_of_sets(queries, positives, line, negatives, catalogue=6)
    assert float(loss) == pytest.approx(sum(by_hand) / 3, rel=1e-2)  # logits are bfloat16


def test_softmax_of_sets_over_everything_is_cross_entropy() -> None:
    torch.manual_seed(0)
    queries, items = torch.randn(5, 6), torch.randn(9, 6)
    line, target = torch.tensor([0, 1, 1, 3]), torch.tensor([2, 0, 8, 5])
    loss = softmax_of_sets(queries, items[target], line, items, catalogue=9)
    expected = torch.nn.functional.cross_entropy((queries @ items.T)[line], target)
    assert float(loss) == pytest.approx(float(expected), rel=2e-2)


def test_softmax_of_sets_has_the_gradients_of_a_dense_softmax() -> None:
    torch.manual_seed(0)
    queries, items = torch.randn(5, 6, requires_grad=True), torch.randn(9, 6, requires_grad=True)
    line, target = torch.tensor([0, 1, 1, 3]), torch.tensor([2, 0, 8, 5])
    softmax_of_sets(queries, items[target], line, items, catalogue=9).backward()  # type: ignore[no-untyped-call]
    got = [queries.grad, items.grad]
    dense = [one.detach().clone().requires_grad_() for one in (queries, items)]
    torch.nn.functional.cross_entropy((dense[0] @ dense[1].T)[line], target).backward()  # type: ignore[no-untyped-call]
    for one, other in zip(got, dense, strict=True):
        assert one is not None
        assert other.grad is not None
        torch.testing.assert_close(one, other.grad, rtol=0.05, atol=0.01)


def test_logistic_is_worked_by_hand_and_leaves_masked_negatives_out() -> None:
    mask = torch.tensor([[True, True, False], [False, False, False]])
    loss = logistic(POSITIVE, NEGATIVES, mask)
    first = math.log1p(math.exp(-0.5)) + (math.log1p(math.exp(0.45)) + math.log(2.0)) / 2
    assert loss.tolist() == pytest.approx([first, math.log1p(math.exp(-0.2))])


def test_logistic_has_the_gradient_of_its_plain_form() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = (torch.randn(5, 7, generator=generator) * 8).requires_grad_()
    mask = torch.rand(5, 7, generator=generator) < 0.7
    logistic(torch.zeros(5), scores, mask).sum().backward()  # type: ignore[no-untyped-call]
    plain = scores.detach().clone().requires_grad_()
    softened = torch.nn.functional.softplus(plain) * mask
    (softened.sum(dim=1) / mask.sum(dim=1)).sum().backward()  # type: ignore[no-untyped-call]
    assert scores.grad is not None
    assert plain.grad is not None
    np.testing.assert_allclose(scores.grad, plain.grad, atol=1e-6)


def test_logistic_stays_finite_where_a_negative_scores_beyond_reason() -> None:
    assert float(logistic(torch.zeros(1), torch.full((1, 1), 1e4), torch.ones(1, 1, dtype=torch.bool))) < 40
