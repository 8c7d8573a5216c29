import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.models.config.pinsage import Pooling
from graphrec.models.pooling import POOLS, importance_pool


def test_importance_pool_equals_a_loop() -> None:
    rng = np.random.default_rng(0)
    messages = rng.normal(size=(6, 4)).astype(np.float32)
    neighbours, weights = rng.integers(6, size=(5, 3)), rng.random((5, 3)).astype(np.float32)
    pooled = importance_pool(torch.from_numpy(messages), torch.from_numpy(neighbours), torch.from_numpy(weights))
    for node in range(5):
        expected = sum(weights[node, place] * messages[neighbours[node, place]] for place in range(3))
        np.testing.assert_allclose(pooled[node].numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("kind", ["mean", "max"])
def test_other_pools_equal_a_loop_over_neighbours_that_count(kind: Pooling) -> None:
    rng = np.random.default_rng(1)
    messages, neighbours = rng.normal(size=(6, 4)).astype(np.float32), rng.integers(6, size=(5, 3))
    weights = rng.random((5, 3)).astype(np.float32) * np.array([[1, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 0]])
    pooled = POOLS[kind](*(torch.from_numpy(np.asarray(one)) for one in (messages, neighbours, weights.astype("f4"))))
    for node in range(5):
        met = messages[neighbours[node][weights[node] > 0]]
        expected = getattr(met, kind)(axis=0) if len(met) else np.zeros(4)
        np.testing.assert_allclose(pooled[node].numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize(("num_messages", "num_nodes"), [(0, 4), (4, 0), (0, 0)])
def test_a_pool_of_nothing_is_zero(num_messages: int, num_nodes: int, kind: Pooling) -> None:
    pooled = POOLS[kind](
        torch.ones(num_messages, 4), torch.zeros(num_nodes, 3, dtype=torch.long), torch.zeros(num_nodes, 3)
    )
    assert pooled.shape == (num_nodes, 4)
    assert not pooled.any()


def test_padding_of_weight_zero_changes_nothing() -> None:
    messages, weights = torch.randn(6, 4, generator=torch.manual_seed(0)), torch.tensor([[0.7, 0.3, 0.0]])
    one, other = (importance_pool(messages, torch.tensor([[1, 2, pad]]), weights) for pad in (0, 5))
    torch.testing.assert_close(one, other)


def plain(kind: Pooling, vectors: Tensor, neighbours: Tensor, weights: Tensor) -> Tensor:
    """Every neighbour gathered, with the gradients that torch has for that."""
    there = (weights > 0)[:, :, None]
    gathered = vectors[neighbours]
    if kind == "max":
        largest = gathered.masked_fill(~there, -torch.inf).max(dim=1).values
        return torch.where(there.any(dim=1), largest, 0.0)
    shares = weights if kind == "importance" else F.normalize((weights > 0).float(), p=1, dim=1)
    return (shares[:, :, None] * gathered).sum(dim=1)


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
@pytest.mark.parametrize("kind", POOLS)
def test_a_pool_has_the_gradients_of_its_plain_form(kind: Pooling, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    vectors, gradient = (torch.randn(size, 8, generator=generator) for size in (11, 30))
    weights = torch.rand(30, 5, generator=generator) * (torch.rand(30, 5, generator=generator) < 0.6)
    neighbours = (torch.randint(11, (30, 5), generator=generator) * (weights > 0)).to(dtype)  # padding is 0
    found, twin = (vectors.clone().requires_grad_() for _ in range(2))
    pooled, expected = POOLS[kind](found, neighbours, weights), plain(kind, twin, neighbours.long(), weights)
    torch.testing.assert_close(pooled, expected)
    for one in (pooled, expected):
        (one * gradient).sum().backward()  # type: ignore[no-untyped-call]
    assert found.grad is not None
    torch.testing.assert_close(found.grad, twin.grad)
