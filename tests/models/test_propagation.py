"""Light propagation: a dense twin, PyG's own, gradients."""

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from graphrec.models.propagation import Links, propagate


def some_links(num_users: int, num_flits: int, share: float, seed: int) -> scipy.sparse.csr_array:
    present = np.random.default_rng(seed).random((num_users, num_flits)) < share
    return scipy.sparse.csr_array(present.astype(np.float32))


def some_vectors(num_users: int, num_flits: int, dim: int = 5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    users, flits = (torch.randn(n, dim, generator=generator) for n in (num_users, num_flits))
    return users.requires_grad_(), flits.requires_grad_()


def dense(users: Tensor, flits: Tensor, pairs: scipy.sparse.csr_array, num_layers: int) -> tuple[Tensor, Tensor]:
    """The definition: the mean of powers of the normalised adjacency, on a dense matrix."""
    block = torch.from_numpy(pairs.toarray())
    adjacency = torch.zeros(sum(block.shape), sum(block.shape))
    adjacency[: len(block), len(block) :] = block
    adjacency[len(block) :, : len(block)] = block.T
    root = adjacency.sum(dim=1).clamp(min=1) ** -0.5
    adjacency = root[:, None] * adjacency * root[None, :]
    layers = [torch.cat([users, flits])]
    for _ in range(num_layers):
        layers.append(adjacency @ layers[-1])
    mean = torch.stack(layers).mean(dim=0)
    return mean[: len(users)], mean[len(users) :]


def test_one_step_by_hand() -> None:
    # user 0 has flits 0 and 1, user 1 has flit 1: degrees 2, 1 and 1, 2
    links = Links.from_pairs(scipy.sparse.csr_array(np.array([[7.0, 7.0], [0.0, 7.0]], np.float32)))
    users, flits = propagate(torch.tensor([[1.0], [2.0]]), torch.tensor([[4.0], [8.0]]), links, 1)
    assert users.ravel().tolist() == pytest.approx([(1 + 4 / 2**0.5 + 8 / 2) / 2, (2 + 8 / 2**0.5) / 2])
    assert flits.ravel().tolist() == pytest.approx([(4 + 1 / 2**0.5) / 2, (8 + 1 / 2 + 2 / 2**0.5) / 2])
    assert links.flit_degree.tolist() == [1, 2]


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 9), st.floats(0, 1), st.integers(0, 4), st.integers(0, 5))
def test_it_is_the_mean_of_powers_with_the_same_gradients(
    num_users: int, num_flits: int, share: float, num_layers: int, seed: int
) -> None:
    pairs = some_links(num_users, num_flits, share, seed)
    ours, theirs = some_vectors(num_users, num_flits), some_vectors(num_users, num_flits)
    weights = some_vectors(num_users, num_flits)
    answers = propagate(*ours, Links.from_pairs(pairs), num_layers), dense(*theirs, pairs, num_layers)
    for users, flits in answers:
        ((users * weights[0].detach()).sum() + (flits * weights[1].detach()).sum()).backward()  # type: ignore[no-untyped-call]
    for one, other in zip((*answers[0], *ours), (*answers[1], *theirs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    for one, other in zip(ours, theirs, strict=True):
        assert one.grad is not None
        assert other.grad is not None
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
def test_it_equals_pyg() -> None:
    from torch_geometric.nn.models import LightGCN

    pairs = some_links(30, 20, 0.2, 3)
    users, flits = some_vectors(30, 20)
    theirs = LightGCN(50, 5, 3)
    theirs.embedding.weight.data = torch.cat([users, flits]).detach()
    left, right = pairs.nonzero()
    edges = torch.from_numpy(np.stack([left, right + 30]).astype(np.int64))
    expected = theirs.get_embedding(torch.cat([edges, edges.flip(0)], dim=1))
    got = torch.cat(propagate(users, flits, Links.from_pairs(pairs), 3))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
