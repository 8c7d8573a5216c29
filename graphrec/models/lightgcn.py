"""LightGCN with a learned popularity: id vectors, propagated, compared by cosine beside a bias per flit.

He et al., SIGIR 2020, with three changes that each gained on validation (Gowalla): vectors start from a truncated SVD
of the normalised links instead of noise, the score is a cosine over a temperature, and what its length would tell of a
flit, how popular it is, is a bias of its own, served as one more dimension of an inner product.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.propagation import Links, propagate

START_LENGTH = 0.1
"""Root mean square that the entries of id vectors start with: Adam's steps are absolute."""
BIAS_START = 0.5
"""The bias starts at this times ``log(degree / mean degree)``."""


class Served(NamedTuple):
    """What an inner-product index serves: float32 ``[num_users, dim]`` and ``[num_flits, dim]``."""

    users: FloatMatrix
    flits: FloatMatrix


class LightGCN(nn.Module):
    """Id vectors of one bipartite graph; ``num_layers=0`` is plain matrix factorization.

    Args:
        links: The graph; a node without links has no vector worth serving.
        config: Width, layers, temperature, start.
    """

    def __init__(self, links: Links, config: LightGCNConfig) -> None:
        super().__init__()
        self.links, self.config = links, config
        width = config.dim - config.popularity_bias
        users, flits = (svd_start if config.svd_start else _noise)(links, width, config.seed)
        self.users, self.flits = nn.Parameter(users), nn.Parameter(flits)
        bias = bias_start(links) if config.popularity_bias else torch.zeros(len(links.flit_degree))
        self.bias = nn.Parameter(bias, requires_grad=config.popularity_bias)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return propagated vectors of all users and flits, ``[num_users, width]``, ``[num_flits, width]``."""
        return propagate(self.users, self.flits, self.links, self.config.num_layers)

    def queries(self, users: Tensor) -> Tensor:
        """Return queries for an inner product from propagated vectors, float32 ``[n, dim]``."""
        scaled = F.normalize(users, dim=1) / self.config.temperature
        return torch.cat([scaled, scaled.new_ones(len(scaled), 1)], dim=1) if self.config.popularity_bias else scaled

    def keys(self, flits: Tensor, rows: Tensor) -> Tensor:
        """Return what queries are multiplied with, float32 ``[n, dim]``, for some rows of propagated ``flits``."""
        unit = F.normalize(flits[rows], dim=1)
        return torch.cat([unit, self.bias[rows, None]], dim=1) if self.config.popularity_bias else unit

    @torch.no_grad()
    def lengths(self) -> FloatVector:
        """Return what the popularity of each flit makes of the length of its vector, float32 ``[num_flits]``.

        A score is ``cosine + temperature * bias``; where the cosine is high, ``cosine * exp(temperature * bias)`` is
        the same to first order, and is an inner product with a vector that is so long.
        """
        return np.asarray((self.config.temperature * self.bias).exp().cpu().numpy())

    @torch.no_grad()
    def served(self) -> Served:
        """Return the vectors whose inner product is the score."""
        users, flits = self()
        every = torch.arange(len(flits), device=flits.device)
        return Served(self.queries(users).cpu().numpy(), self.keys(flits, every).cpu().numpy())


def bias_start(links: Links) -> Tensor:
    """Return what the number of its users alone makes of each flit's bias, float32 ``[num_flits]``."""
    degree = torch.from_numpy(np.maximum(links.flit_degree, 1)).float()
    return BIAS_START * (degree / degree.mean()).log()


def svd_start(links: Links, dim: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return both sides of a truncated SVD of the normalised links, float32 ``[num_users, dim]``, ``[num_flits, dim]``.

    Where the graph is smaller than ``dim``, the rest is noise.
    """
    from sklearn.utils.extmath import randomized_svd

    noise = _noise(links, dim, seed)
    rank = min(dim, *links.of_users.shape)
    left, values, right = randomized_svd(links.of_users, rank, n_iter=4, random_state=seed)
    for side, vectors in zip(noise, (left, right.T), strict=True):
        side[:, :rank] = torch.from_numpy(_rescaled((vectors * np.sqrt(values)).astype(np.float32)))
    return noise


def _rescaled(vectors: FloatMatrix) -> FloatMatrix:
    size = float(np.sqrt(np.mean(vectors**2)))
    return vectors * np.float32(START_LENGTH / max(size, 1e-12))


def _noise(links: Links, dim: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    users, flits = (START_LENGTH * torch.randn(n, dim, generator=generator) for n in links.of_users.shape)
    return users, flits
