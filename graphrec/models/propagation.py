"""Light propagation: vectors of users and flits averaged over the paths between them.

He et al., "LightGCN: simplifying and powering graph convolution network for recommendation", SIGIR 2020: no weights and
no nonlinearities, ``E <- D^-1/2 A D^-1/2 E`` over the whole graph, then the mean of all layers. On the processor the
products are plain loops over CSR rows on all cores: more than twice as fast as torch's sparse product at these shapes.
"""

from dataclasses import dataclass, field

import numba
import numpy as np
import scipy.sparse
import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.arrays import FloatMatrix, FloatVector, IntVector, RowVector
from graphrec.tensors import tensor_on


@dataclass(frozen=True, eq=False)
class Links:
    """Who is linked to what, each pair once, normalised by the degrees of both ends.

    Attributes:
        of_users: float32 CSR ``[num_users, num_flits]``: ``1 / sqrt(degree of the user * degree of the flit)``.
        of_flits: Its transpose, CSR.
    """

    of_users: scipy.sparse.csr_array
    of_flits: scipy.sparse.csr_array
    _elsewhere: dict[torch.device, "tuple[_Rows, _Rows]"] = field(default_factory=dict, repr=False)

    @classmethod
    def from_pairs(cls, pairs: scipy.sparse.csr_array) -> "Links":
        """Normalise links; weights are not read.

        Args:
            pairs: CSR ``[num_users, num_flits]``, an entry per pair.
        """
        degrees = [np.maximum(np.diff(one.indptr), 1).astype(np.float64) for one in (pairs, pairs.tocsc())]
        left, right = (scipy.sparse.diags_array(degree**-0.5) for degree in degrees)
        ones = scipy.sparse.csr_array((np.ones(pairs.nnz), pairs.indices, pairs.indptr), shape=pairs.shape)
        of_users = (left @ ones @ right).astype(np.float32).tocsr()
        return cls(of_users, of_users.T.tocsr())

    @property
    def flit_degree(self) -> IntVector:
        """Users per flit, int64 ``[num_flits]``."""
        return np.asarray(np.diff(self.of_flits.indptr), dtype=np.int64)

    def on(self, device: torch.device) -> "tuple[_Rows, _Rows]":
        """Return both matrices on another device than the processor; they are brought there once."""
        if device not in self._elsewhere:
            self._elsewhere[device] = _Rows.of(self.of_users, device), _Rows.of(self.of_flits, device)
        return self._elsewhere[device]


@dataclass(frozen=True, eq=False)
class _Rows:
    """A CSR matrix as tensors: columns int64 ``[nnz]``, where each row starts int64 ``[rows]``, float32 ``[nnz]``."""

    columns: Tensor
    starts: Tensor
    values: Tensor

    @classmethod
    def of(cls, matrix: scipy.sparse.csr_array, device: torch.device) -> "_Rows":
        """Bring a matrix to a device."""
        parts = matrix.indices.astype(np.int64), matrix.indptr[:-1].astype(np.int64), matrix.data
        return cls(*(tensor_on(device, one) for one in parts))

    def times(self, vectors: Tensor) -> Tensor:
        """Return the product with dense vectors: a row is a bag of those that it has values for."""
        return F.embedding_bag(self.columns, vectors, self.starts, mode="sum", per_sample_weights=self.values)


def propagate(users: Tensor, flits: Tensor, links: Links, num_layers: int) -> tuple[Tensor, Tensor]:
    """Return the mean over layers 0 to ``num_layers`` of propagated vectors, with gradients.

    Args:
        users: float32 ``[num_users, dim]``.
        flits: float32 ``[num_flits, dim]``.
        links: The graph.
        num_layers: Rounds of propagation; 0 returns the inputs.

    Returns:
        Vectors of users and of flits, shapes as given.
    """
    if not num_layers:
        return users, flits
    pair: tuple[Tensor, Tensor] = _Propagate.apply(users, flits, links, num_layers)  # type: ignore[no-untyped-call]
    return pair


class _Propagate(torch.autograd.Function):
    """The mean of powers of a symmetric matrix is its own transpose: the gradient propagates like the vectors."""

    @staticmethod
    def forward(ctx: object, users: Tensor, flits: Tensor, links: Links, num_layers: int) -> tuple[Tensor, Tensor]:
        ctx.links, ctx.num_layers = links, num_layers  # type: ignore[attr-defined]
        return _mean_of_layers(users, flits, links, num_layers)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        users, flits = gradients
        links, num_layers = ctx.links, ctx.num_layers  # type: ignore[attr-defined]
        return *_mean_of_layers(users, flits, links, num_layers), None, None


def _mean_of_layers(users: Tensor, flits: Tensor, links: Links, num_layers: int) -> tuple[Tensor, Tensor]:
    mean = _mean_here if users.device.type == "cpu" else _mean_elsewhere
    return mean(users, flits, links, num_layers)


def _mean_elsewhere(users: Tensor, flits: Tensor, links: Links, num_layers: int) -> tuple[Tensor, Tensor]:
    of_users, of_flits = links.on(users.device)
    left, right = users.detach(), flits.detach()
    sums = left.clone(), right.clone()
    for _ in range(num_layers):
        left, right = of_users.times(right), of_flits.times(left)
        sums[0].add_(left)
        sums[1].add_(right)
    return sums[0].div_(num_layers + 1), sums[1].div_(num_layers + 1)


def _mean_here(users: Tensor, flits: Tensor, links: Links, num_layers: int) -> tuple[Tensor, Tensor]:
    left, right = (np.ascontiguousarray(one.detach().numpy()) for one in (users, flits))
    sums = left.copy(), right.copy()
    for _ in range(num_layers):
        left, right = _times(links.of_users, right), _times(links.of_flits, left)
        sums[0][:] += left
        sums[1][:] += right
    share = np.float32(1 / (num_layers + 1))
    return torch.from_numpy(sums[0] * share), torch.from_numpy(sums[1] * share)


def _times(matrix: scipy.sparse.csr_array, vectors: FloatMatrix) -> FloatMatrix:
    """Return ``matrix @ vectors``."""
    out = np.zeros((matrix.shape[0], vectors.shape[1]), dtype=np.float32)
    _product(matrix.indptr, matrix.indices, matrix.data, vectors, out)
    return out


@numba.njit(parallel=True, fastmath=True, cache=True)
def _product(
    indptr: IntVector, columns: RowVector, values: FloatVector, vectors: FloatMatrix, out: FloatMatrix
) -> None:
    for row in numba.prange(len(indptr) - 1):
        for place in range(indptr[row], indptr[row + 1]):
            column, value = columns[place], values[place]
            for d in range(vectors.shape[1]):
                out[row, d] += value * vectors[column, d]
