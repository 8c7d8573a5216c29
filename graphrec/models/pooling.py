"""A neighbourhood's vectors as one: by importance, their mean, or each entry's largest (PinSage, section 3.1).

torch has all three as ``embedding_bag``; what it takes long for, the gradient of a sum and a maximum, is done here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.arrays import FloatMatrix
from graphrec.models.config.pinsage import Pooling


def importance_pool(vectors: Tensor, neighbours: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted sum of each node's neighbours, with gradients for the vectors alone.

    Args:
        vectors: Vectors of possible neighbours, float32 ``[n, dim]``.
        neighbours: Positions, int32 or int64 ``[num_outputs, size]``.
        weights: Visit shares, float32 ``[num_outputs, size]``, summing to 1 a row (or 0 without neighbours).
    """
    if not len(vectors) or not len(neighbours):
        return vectors.new_zeros(len(neighbours), vectors.shape[1])
    pooled: Tensor = _WeightedSum.apply(vectors, neighbours, weights)  # type: ignore[no-untyped-call]
    return pooled


def mean_pool(vectors: Tensor, neighbours: Tensor, weights: Tensor) -> Tensor:
    """Return the plain mean of each node's neighbours; shapes as in :func:`importance_pool`."""
    there = (weights > 0).to(weights.dtype)
    return importance_pool(vectors, neighbours, there / there.sum(dim=1, keepdim=True).clamp(min=1))


def max_pool(vectors: Tensor, neighbours: Tensor, weights: Tensor) -> Tensor:
    """Return each entry's largest over the neighbours, 0 without any; shapes as in :func:`importance_pool`."""
    if not len(vectors) or not len(neighbours):
        return vectors.new_zeros(len(neighbours), vectors.shape[1])
    pooled: Tensor = _Largest.apply(vectors, neighbours, weights)  # type: ignore[no-untyped-call]
    return pooled


POOLS: Mapping[Pooling, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "importance": importance_pool, "mean": mean_pool, "max": max_pool,
}  # fmt: skip


class _WeightedSum(torch.autograd.Function):
    """One ``embedding_bag``, and one the other way round as its gradient: who pools a node, by that node.

    The gradient that torch has for it adds up entry by entry, in three to five times as long.
    """

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, neighbours: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(neighbours, weights)
        ctx.size = len(vectors)
        return F.embedding_bag(neighbours, vectors, per_sample_weights=weights, mode="sum")

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        neighbours, weights = ctx.saved_tensors
        # Padding comes last and is left out.
        pooled, order = torch.sort(torch.where(weights > 0, neighbours, ctx.size).flatten())
        ends = torch.searchsorted(pooled, torch.arange(ctx.size + 1, dtype=pooled.dtype, device=pooled.device))
        order = order[: ends[-1]]
        shares = weights.flatten()[order]
        by = order // neighbours.shape[1]
        return F.embedding_bag(by, gradients[0], ends[:-1], mode="sum", per_sample_weights=shares), None, None


class _Largest(torch.autograd.Function):
    """The largest of each entry; its gradient goes to the neighbour that it came from, the first among equals."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, neighbours: Tensor, weights: Tensor) -> Tensor:
        find = _largest_here if vectors.device.type == "cpu" else _largest_elsewhere
        largest, source = find(vectors, neighbours, weights)
        ctx.save_for_backward(source)
        ctx.size = len(vectors)
        return largest

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (source,) = ctx.saved_tensors
        out = gradients[0].new_zeros(ctx.size + 1, gradients[0].shape[1])
        return out.scatter_add_(0, source.long(), gradients[0])[:-1], None, None


def _largest_here(vectors: Tensor, neighbours: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest entries and the row each is from, ``len(vectors)`` where there is none, on the processor."""
    parts = (one.detach().contiguous().numpy() for one in (vectors, neighbours, weights))
    largest, source = (torch.from_numpy(one) for one in _largest(*parts))
    return largest, source


def _largest_elsewhere(vectors: Tensor, neighbours: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the same by torch's own operations: every neighbour's vector at once, which a GPU has the memory for."""
    nobody = weights <= 0
    largest, place = vectors[neighbours].masked_fill(nobody[:, :, None], -torch.inf).max(dim=1)
    source = neighbours.gather(1, place)
    alone = nobody.all(dim=1)[:, None]
    return largest.masked_fill(alone, 0), source.masked_fill(alone, len(vectors))


@numba.njit(parallel=True, cache=True)
def _largest(
    vectors: FloatMatrix, neighbours: npt.NDArray[Any], weights: FloatMatrix
) -> tuple[FloatMatrix, npt.NDArray[np.int32]]:
    """Return the largest entries and the row each is from, ``len(vectors)`` where there is none."""
    num, dim = len(neighbours), vectors.shape[1]
    largest, source = np.zeros((num, dim), np.float32), np.full((num, dim), len(vectors), np.int32)
    for node in numba.prange(num):
        met = False
        for place in range(neighbours.shape[1]):
            if weights[node, place] > 0:
                row = np.int32(neighbours[node, place])
                for d in range(dim):
                    better = not met or vectors[row, d] > largest[node, d]
                    largest[node, d] = vectors[row, d] if better else largest[node, d]
                    source[node, d] = row if better else source[node, d]
                met = True
    return largest, source
