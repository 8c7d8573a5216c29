"""Layers that start as linear maps: what content tells stands in the vectors before anything is learnt."""

import torch
from torch import Tensor, nn


class Head(nn.Module):
    """The last two layers, as a correction of a linear map: ``A x + G2 ReLU(G1 x + g)``, with G2 starting at zero.

    Args:
        hidden: Width of the input.
        dim: Width of the output.
    """

    def __init__(self, hidden: int, dim: int) -> None:
        super().__init__()
        self.straight = orthogonal(hidden, dim)
        self.inner = nn.Linear(hidden, hidden)
        self.outer = nn.Linear(hidden, dim)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return float32 ``[n, dim]`` from unit rows ``[n, hidden]``."""
        # Unit rows have entries of about 1 / sqrt(width): bring them to where a ReLU layer was made for.
        inner = torch.relu(self.inner(hidden * hidden.shape[1] ** 0.5))
        out: Tensor = self.straight(hidden) + self.outer(inner)
        return out


def orthogonal(inputs: int, outputs: int, gain: float = 1.0) -> nn.Linear:
    """Return a linear map that keeps angles as far as its shape allows: orthogonal, without a shift."""
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer
