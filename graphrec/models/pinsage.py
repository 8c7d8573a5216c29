"""PinSage over several node types (Ying et al., KDD 2018, algorithm 1).

Per node type: projection of content, then per layer importance pooling over each neighbour type, concatenation with the
node's own vector, ReLU and L2 normalisation; a two-layer head gives the embedding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.models.config import ModelConfig


@dataclass(frozen=True)
class Hop:
    """What one layer needs: for each node to compute, its own place and its neighbours' among the layer's inputs.

    Attributes:
        self_index: Node type to positions of the nodes themselves, int64 ``[num_outputs]``.
        neighbours: ``(node type, neighbour type)`` to positions, int64 ``[num_outputs, size]`` (0 at padding).
        weights: The same keys to pooling weights, float32 ``[num_outputs, size]`` (0 at padding).
    """

    self_index: Mapping[str, Tensor]
    neighbours: Mapping[tuple[str, str], Tensor]
    weights: Mapping[tuple[str, str], Tensor]


class PinSage(nn.Module):
    """The encoder: content and fixed neighbourhoods in, unit embeddings out.

    Args:
        config: Widths, number of layers, id vectors.
        input_dims: Node type to width of its content features (0 for a type without content).
        num_nodes: Node type to number of nodes; read only with ``id_vectors``.
    """

    def __init__(self, config: ModelConfig, input_dims: Mapping[str, int], num_nodes: Mapping[str, int]) -> None:
        super().__init__()
        self.config = config
        self.types = tuple(input_dims)
        hidden = config.hidden_dim
        self.project = nn.ModuleDict({t: nn.Linear(width, hidden) for t, width in input_dims.items()})
        self.ids = nn.ModuleDict()
        if config.id_vectors:
            self.ids.update({t: nn.Embedding(num_nodes[t], hidden) for t in self.types})
            for table in self.ids.values():
                nn.init.normal_(table.weight, std=hidden**-0.5)  # type: ignore[arg-type]
        self.layers = nn.ModuleList(PinSageLayer(self.types, hidden) for _ in range(config.num_layers))
        self.head = nn.ModuleDict(
            {t: nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, config.dim)) for t in self.types}
        )

    def start(self, node_type: str, features: Tensor, rows: Tensor | None) -> Tensor:
        """Return the layer-0 vectors of nodes from their content, float32 ``[n, hidden]``."""
        out: Tensor = self.project[node_type](features)
        if node_type in self.ids and rows is not None:
            out = out + self.ids[node_type](rows)
        return F.normalize(torch.relu(out), dim=1)

    def finish(self, node_type: str, hidden: Tensor) -> Tensor:
        """Return unit embeddings from the last layer's vectors, float32 ``[n, dim]``."""
        return F.normalize(self.head[node_type](hidden), dim=1)

    def forward(
        self, features: Mapping[str, Tensor], rows: Mapping[str, Tensor], hops: Sequence[Hop]
    ) -> dict[str, Tensor]:
        """Embed the nodes that the last hop asks for.

        Args:
            features: Node type to content of the first hop's inputs, float32 ``[n, width]``.
            rows: Node type to their rows, int64 ``[n]`` (read with id vectors).
            hops: One per layer, outermost first.

        Returns:
            Node type to unit embeddings, float32 ``[n, dim]``.
        """
        hidden = {t: self.start(t, features[t], rows[t]) for t in self.types}
        for layer, hop in zip(self.layers, hops, strict=True):
            hidden = layer(hidden, hop)
        return {t: self.finish(t, hidden[t]) for t in self.types}


class PinSageLayer(nn.Module):
    """One round of importance pooling for every node type.

    Args:
        types: Node types.
        dim: Width of inputs and outputs.
    """

    def __init__(self, types: Sequence[str], dim: int) -> None:
        super().__init__()
        self.types = tuple(types)
        self.message = nn.ModuleDict({t: nn.Linear(dim, dim) for t in self.types})
        self.update = nn.ModuleDict({t: nn.Linear(dim * (1 + len(self.types)), dim) for t in self.types})

    def forward(self, hidden: Mapping[str, Tensor], hop: Hop) -> dict[str, Tensor]:
        """Return the next vectors of the hop's nodes, unit rows, float32 ``[num_outputs, dim]`` per type."""
        messages = {t: torch.relu(self.message[t](hidden[t])) for t in self.types}
        out = {}
        for t in self.types:
            own = hidden[t][hop.self_index[t]]
            pooled = [importance_pool(messages[s], hop.neighbours[(t, s)], hop.weights[(t, s)]) for s in self.types]
            out[t] = F.normalize(torch.relu(self.update[t](torch.cat([own, *pooled], dim=1))), dim=1)
        return out


def importance_pool(messages: Tensor, neighbours: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted sum of each node's neighbours: one ``embedding_bag``.

    Args:
        messages: Vectors of possible neighbours, float32 ``[n, dim]``.
        neighbours: Positions, int64 ``[num_outputs, size]``.
        weights: Visit shares, float32 ``[num_outputs, size]``, summing to 1 a row (or 0 without neighbours).
    """
    if not len(messages) or not len(neighbours):
        return messages.new_zeros(len(neighbours), messages.shape[1])
    return F.embedding_bag(neighbours, messages, per_sample_weights=weights, mode="sum")
