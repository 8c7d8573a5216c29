"""Losses of positives against many negatives per query, as plain functions of tensors."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

SATURATED = 30.0
"""Scores beyond this are wrong enough: the logistic loss counts them as this, so that its logarithm stays finite."""


def max_margin(positive: Tensor, negatives: Tensor, mask: Tensor, *, margin: float) -> Tensor:
    """Return ``mean over negatives of max(0, negative - positive + margin)`` per query (PinSage, equation 1).

    Args:
        positive: Scores of the positives, float ``[batch]``.
        negatives: Scores of the negatives, float ``[batch, num_negatives]``.
        mask: True where a negative counts, bool ``[batch, num_negatives]``; False hides accidental hits.
        margin: By how much a positive must win.

    Returns:
        Loss per query, float ``[batch]``; 0 where every negative is masked.
    """
    loss: Tensor = _MeanViolation.apply(positive, negatives, mask, margin)  # type: ignore[no-untyped-call]
    return loss


def bpr(positive: Tensor, negatives: Tensor, mask: Tensor, *, temperature: float) -> Tensor:
    """Return ``mean over negatives of -log sigmoid((positive - negative) / temperature)`` per query.

    Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009.

    Args:
        positive: Scores of the positives, float ``[batch]``.
        negatives: Scores of the negatives, float ``[batch, num_negatives]``.
        mask: True where a negative counts, bool ``[batch, num_negatives]``.
        temperature: Divides the scores.

    Returns:
        Loss per query, float ``[batch]``; 0 where every negative is masked.
    """
    each = softplus((negatives + (-positive)[:, None]) / temperature)
    return torch.where(mask, each, 0).sum(dim=1) / _number(mask)


def logistic(positive: Tensor, negatives: Tensor, mask: Tensor, *, temperature: float = 1.0) -> Tensor:
    """Return the cross entropy of "is it a positive", each score by itself, negatives together as much as the positive.

    Hamilton, Ying, Leskovec, "Inductive representation learning on large graphs", NeurIPS 2017 (GraphSAGE's loss, the
    ``xent`` of PinSage's table 1); Lerer et al., "PyTorch-BigGraph", SysML 2019, shares the weight alike.

    Args:
        positive: Scores of the positives, float ``[batch]``.
        negatives: Scores of the negatives, float ``[batch, num_negatives]``.
        mask: True where a negative counts, bool ``[batch, num_negatives]``.
        temperature: Divides the scores.

    Returns:
        Loss per query, float ``[batch]``; that of the positive alone where every negative is masked.
    """
    against: Tensor = _MeanSoftplus.apply(negatives / temperature, mask)  # type: ignore[no-untyped-call]
    return softplus(-positive / temperature) + against


def sampled_softmax(
    positive: Tensor, negatives: Tensor, mask: Tensor, *, temperature: float, log_expected: Tensor
) -> Tensor:
    """Return the sampled softmax cross entropy per query, corrected for how negatives were drawn.

    Each negative stands for ``1 / expected`` items, where ``expected`` is how often the sampler was expected to draw
    it: subtracting ``log expected`` makes the partition sum an unbiased estimate of the sum over the catalogue
    (Covington et al., RecSys 2016; Yi et al., RecSys 2019).

    Args:
        positive: Scores of the positives, float ``[batch]``.
        negatives: Scores of the negatives, float ``[batch, num_negatives]``.
        mask: True where a negative counts, bool ``[batch, num_negatives]``.
        temperature: Divides the scores.
        log_expected: Log of the expected number of draws of each negative, float, broadcast to ``negatives``.

    Returns:
        Loss per query, float ``[batch]``.
    """
    partition: Tensor = _Partition.apply(positive, negatives, mask, temperature, log_expected)  # type: ignore[no-untyped-call]
    return partition - positive / temperature


def _number(mask: Tensor) -> Tensor:
    """Return how many count in each row, 1 where none does; torch adds up bytes faster than truth values."""
    return mask.view(torch.uint8).sum(dim=1, dtype=torch.int32).clamp(min=1)


class _MeanViolation(torch.autograd.Function):
    """The mean of ``max(0, negative - positive + margin)`` over the unmasked of each row.

    Done in place: operations that each make another matrix of all cells spend most of their time to get memory.
    """

    @staticmethod
    def forward(ctx: Any, positive: Tensor, negatives: Tensor, mask: Tensor, margin: float) -> Tensor:
        violation = (negatives - positive[:, None]).add_(margin).clamp_(min=0).mul_(mask.view(torch.uint8))
        number = _number(mask)
        value = violation.sum(dim=1) / number
        ctx.save_for_backward(violation.sign_(), number)
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        violated, number = ctx.saved_tensors
        each = violated * (gradients[0] / number)[:, None]
        return -each.sum(dim=1), each, None, None


class _Partition(torch.autograd.Function):
    """``log(exp(positive) + sum of exp(logits))`` a row over the unmasked, in place like the margin loss."""

    @staticmethod
    def forward(
        ctx: Any, positive: Tensor, negatives: Tensor, mask: Tensor, temperature: float, log_expected: Tensor
    ) -> Tensor:
        own = positive / temperature
        logits = (negatives / temperature).sub_(log_expected).masked_fill_(~mask, -torch.inf)
        top = own if not logits.shape[1] else torch.maximum(own, logits.amax(dim=1))
        shares, share = logits.sub_(top[:, None]).exp_(), (own - top).exp()
        total = shares.sum(dim=1) + share
        ctx.temperature = temperature
        ctx.save_for_backward(share / total, shares.div_(total[:, None]))
        return top + total.log()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        share, shares = ctx.saved_tensors
        each = gradients[0] / ctx.temperature
        return share * each, shares * each[:, None], None, None, None


class _MeanSoftplus(torch.autograd.Function):
    """The mean of ``log(1 + exp(x))`` over the unmasked of each row; the gradient is made on the way."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, mask: Tensor) -> Tensor:
        # softplus(x) = -log(sigmoid(-x)): one sigmoid a cell serves loss and gradient; 1 where masked, that is, neither
        chance = scores.masked_fill(~mask, -torch.inf).clamp_(max=SATURATED).neg_().sigmoid_()
        number = _number(mask)
        value = -chance.log().sum(dim=1) / number
        ctx.save_for_backward(chance.neg_().add_(1).div_(number[:, None]))
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (shares,) = ctx.saved_tensors
        return shares * gradients[0][:, None], None


def softmax_of_sets(queries: Tensor, positives: Tensor, line: Tensor, negatives: Tensor, *, catalogue: int) -> Tensor:
    """Return the mean softmax cross entropy of many positives per query against negatives that all share.

    The negatives, drawn alike from the catalogue, estimate its partition sum: scaled to its size, with the positive
    itself added. With the whole catalogue as negatives it is the full softmax.

    Args:
        queries: Divided by the temperature, float32 ``[num_queries, dim]``.
        positives: Vectors of the positives, float32 ``[num_positives, dim]``.
        line: Query of each positive, int64 ``[num_positives]``.
        negatives: Vectors of the negatives, float32 ``[num_negatives, dim]``.
        catalogue: Number of items the negatives stand for.

    Returns:
        A scalar.
    """
    partition: Tensor = _LogPartition.apply(queries, negatives)  # type: ignore[no-untyped-call]
    partition = partition + math.log(catalogue / len(negatives))
    scores = (queries[line] * positives).sum(dim=1)
    gap = partition[line] - scores
    return (gap if len(negatives) >= catalogue else softplus(gap)).mean()


class _LogPartition(torch.autograd.Function):
    """``logsumexp(queries @ items.T)`` a row: the logits, by far the largest tensor, stay in bfloat16 and are kept."""

    @staticmethod
    def forward(ctx: Any, queries: Tensor, items: Tensor) -> Tensor:
        left, right = queries.bfloat16(), items.bfloat16()
        logits = left @ right.T
        top = logits.max(dim=1, keepdim=True).values
        shares = logits.sub_(top).exp_()
        total = shares.sum(dim=1, keepdim=True, dtype=torch.float32)
        ctx.save_for_backward(shares, total, left, right)
        return (top.float() + total.log()).squeeze(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        shares, total, left, right = ctx.saved_tensors
        gradient = shares * (gradients[0][:, None] / total).bfloat16()
        return (gradient @ right).float(), (gradient.T @ left).float()
