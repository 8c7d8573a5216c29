"""Losses over one positive and many negative scores per query, as plain functions of tensors."""

import torch
from torch import Tensor

MASKED = -1e9
"""Score that takes a negative out of a softmax; finite, so that no row turns into NaN."""


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
    violation = torch.relu(negatives - positive[:, None] + margin) * mask
    return violation.sum(dim=1) / mask.sum(dim=1).clamp(min=1)


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
    positive = positive / temperature
    logits = torch.where(mask, negatives / temperature - log_expected, MASKED)
    partition = torch.logsumexp(torch.cat([positive[:, None], logits], dim=1), dim=1)
    return partition - positive
