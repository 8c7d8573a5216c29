"""A learned similarity for comparison: an MLP over a user's and an item's vector (NCF, He et al., WWW 2017)."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch
from torch import Tensor, nn

from graphrec.arrays import FloatMatrix, RowVector

NEGATIVES = 4
EPOCHS = 12
BATCH = 16_384
LEARNING_RATE = 2e-3


class MLPScore(nn.Module):
    """Vectors of users and items, concatenated, through a tower that halves its width.

    Args:
        num_users: Users.
        num_items: Items.
        dim: Width of each vector, as wide as the dot product's.
    """

    def __init__(self, num_users: int, num_items: int, dim: int) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(num_users, dim), nn.Embedding(num_items, dim)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.01)
        widths = [2 * dim, dim, dim // 2, dim // 4]
        layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
        self.tower = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Return logits, float32 ``[n]``."""
        out: Tensor = self.tower(torch.cat([self.users(users), self.items(items)], dim=1)).squeeze(1)
        return out


def train_mlp(
    pairs: scipy.sparse.csr_array, *, dim: int, seed: int
) -> Callable[[RowVector, npt.NDArray[np.int64]], FloatMatrix]:
    """Train by log loss with four drawn negatives a positive, as published, and return the scoring function."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    known = pairs.tocoo()
    model = MLPScore(pairs.shape[0], pairs.shape[1], dim)
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    loss_of = nn.BCEWithLogitsLoss()
    for _ in range(EPOCHS):
        users = np.repeat(known.row, NEGATIVES + 1).astype(np.int64)
        items = np.column_stack([known.col, rng.integers(0, pairs.shape[1], (known.nnz, NEGATIVES))]).ravel()
        wanted = np.tile(np.eye(1, NEGATIVES + 1, dtype=np.float32)[0], known.nnz)
        for batch in np.array_split(rng.permutation(len(users)), -(-len(users) // BATCH)):
            optimiser.zero_grad()
            logits = model(torch.from_numpy(users[batch]), torch.from_numpy(items[batch].astype(np.int64)))
            loss_of(logits, torch.from_numpy(wanted[batch])).backward()
            optimiser.step()
    return lambda users, items: _scores(model, users, items)


@torch.no_grad()
def _scores(model: MLPScore, users: RowVector, items: npt.NDArray[np.int64]) -> FloatMatrix:
    repeated = np.repeat(users, items.shape[1]).astype(np.int64)
    logits = model(torch.from_numpy(repeated), torch.from_numpy(items.ravel()))
    return np.asarray(logits.numpy().reshape(items.shape))
