"""Two towers: a user by what he did lately, a flit by its content and its id, compared by an inner product.

Covington, Adams, Sargin, "Deep neural networks for YouTube recommendations", RecSys 2016; Yi et al.,
"Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.graph.graph import Triplet
from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.models.layers import Head, orthogonal

ID_SCALE = 0.3
"""Length that id vectors start with, beside content of length about 1."""
COLUMN_SCALE = 0.1
"""What a user's columns start with, beside the mean of what he did: a user without actions has nothing else."""
AGES = 3
"""Powers of the example age that the user tower reads."""


@dataclass(frozen=True)
class TowerShape:
    """What two towers stand on.

    Attributes:
        actions: The relations that are actions, from users to flits.
        widths: Node type to width of its content.
        num_flits: Number of flits.
    """

    actions: tuple[Triplet, ...]
    widths: Mapping[str, int]
    num_flits: int

    @property
    def user_type(self) -> str:
        """Node type of those who act."""
        return self.actions[0][0]

    @property
    def flit_type(self) -> str:
        """Node type of what they act on."""
        return self.actions[0][2]


@dataclass(frozen=True, eq=False)
class Lists:
    """Several lists of flits, one behind the other.

    Attributes:
        places: Positions among the vectors at hand, int64 ``[entries]``.
        starts: Where each list starts, int64 ``[lists]``.
    """

    places: Tensor
    starts: Tensor


class TwoTower(nn.Module):
    """Both towers.

    Each starts close to a linear map, as PinSage does: an untrained flit is its content, an untrained user the mean of
    what he did.

    Args:
        config: Widths and objective.
        shape: Node types and sizes.
    """

    known: Tensor

    def __init__(self, config: TwoTowerConfig, shape: TowerShape) -> None:
        super().__init__()
        self.config, self.shape = config, shape
        self.content = orthogonal(shape.widths[shape.flit_type], config.hidden_dim)
        self.ids = nn.Embedding(shape.num_flits + 1, config.hidden_dim)  # the last one is every unknown flit's
        nn.init.normal_(self.ids.weight, std=ID_SCALE * config.hidden_dim**-0.5)
        self.flit_head = Head(config.hidden_dim, config.dim)
        columns = shape.widths[shape.user_type] + AGES
        self.user_head = Head(config.dim + columns, config.dim)
        aside = COLUMN_SCALE * torch.randn(config.dim, columns) / columns**0.5
        self.user_head.straight.weight.data = torch.cat([torch.eye(config.dim), aside], dim=1)
        self.register_buffer("known", torch.zeros(shape.num_flits, dtype=torch.bool))

    def flits(self, features: Tensor, rows: Tensor) -> Tensor:
        """Return the vectors of flits, with the lengths that they learnt, float32 ``[n, dim]``.

        Args:
            features: Their content, float32 ``[n, width]``.
            rows: Their rows, int64 ``[n]``, -1 for a flit that nobody has met; it shares one id vector with all whom
                training did not know.
        """
        known = (rows >= 0) & self.known[rows.clamp(min=0)]
        ids = self.ids(torch.where(known, rows, self.shape.num_flits))
        out: Tensor = self.flit_head(F.normalize(self.content(_undegreed(features)) + ids, dim=1))
        return out

    def users(self, flits: Tensor, lately: Lists, columns: Tensor, ages: Tensor) -> Tensor:
        """Return the vectors of users, unit rows, float32 ``[n, dim]``.

        Args:
            flits: Vectors of the flits at hand, float32 ``[m, dim]``.
            lately: What each user did lately, ``n`` lists of positions among them.
            columns: Content of the users, float32 ``[n, width]``.
            ages: Example ages, float32 ``[n]``: 0 is now, 1 where examples begin.
        """
        if len(lately.places):
            mean = F.embedding_bag(lately.places, F.normalize(flits, dim=1), lately.starts, mode="mean")
        else:
            mean = flits.new_zeros(len(columns), self.config.dim)
        powers = torch.stack([ages.sqrt(), ages, ages.square()], dim=1)
        out: Tensor = self.user_head(torch.cat([mean, F.normalize(_undegreed(columns), dim=1), powers], dim=1))
        return F.normalize(out, dim=1)

    def isolated(self, node_type: str, features: Tensor) -> Tensor:
        """Embed nodes without an edge, from their content alone (see :class:`graphrec.models.encoder.Encoder`)."""
        nobody = features.new_full((len(features),), -1, dtype=torch.int64)
        if node_type == self.shape.flit_type:
            return F.normalize(self.flits(features, nobody), dim=1)
        nothing = Lists(nobody[:0], torch.zeros_like(nobody))
        return self.users(features.new_zeros(0, self.config.dim), nothing, features, features.new_zeros(len(features)))


def _undegreed(features: Tensor) -> Tensor:
    """Return content with 0 for the degree, its last column: it would tell examples of the past what came after."""
    return F.pad(features[:, :-1], (0, 1))
