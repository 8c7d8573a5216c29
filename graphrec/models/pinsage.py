"""PinSage over several node types (Ying et al., KDD 2018, algorithm 1).

Per node type: projection of content, then per layer importance pooling over each neighbour type, concatenation with
the node's own vector, a linear map and L2 normalisation; a two-layer head gives the embedding. Unlike in the paper the
only ReLU stands in the head (see ARCHITECTURE.md, differences from the papers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.arrays import BoolVector, FloatVector
from graphrec.models.by_type import ModulesByType, ParametersByType
from graphrec.models.config.pinsage import PinSageConfig, Pooling
from graphrec.models.layers import Head, orthogonal
from graphrec.models.pooling import POOLS
from graphrec.tensors import moved

OTHER_TYPES = 0.3
"""Weight that pooled neighbours of another type start with, beside 1 for those of the node's own type."""
ID_SCALE = 0.3
"""Length that id vectors start with, beside content of length about 1: enough to tell nodes without content apart."""
DEGREE_ALONE = 0.1
"""Length that the degree starts with where it is a type's whole content, beside id vectors of length about 1: content
of full length would put all nodes of such a type on one line."""


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

    def to(self, device: torch.device) -> "Hop":
        """Return the hop on a device."""
        return Hop(moved(self.self_index, device), moved(self.neighbours, device), moved(self.weights, device))


class PinSage(nn.Module):
    """The encoder: content and fixed neighbourhoods in, unit embeddings out.

    Every part starts as close to the identity as its shape allows: an untrained model already averages content over
    neighbourhoods, and training bends that. (Started at random, two layers mix the content away, and most of the
    training goes into finding it again.)

    Args:
        config: Widths, number of layers, id vectors.
        input_dims: Node type to width of its content features.
        num_nodes: Node type to number of nodes; read only with ``id_vectors`` or ``biased``.
        biased: Node types whose vectors a learned popularity makes longer or shorter.
    """

    def __init__(
        self,
        config: PinSageConfig,
        input_dims: Mapping[str, int],
        num_nodes: Mapping[str, int],
        biased: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.config = config
        self.num_nodes = dict(num_nodes) if config.id_vectors or biased else {}
        self.types = tuple(input_dims)
        hidden = config.hidden_dim
        bare = {t for t, width in input_dims.items() if width == 1 and config.id_vectors}
        self.project = ModulesByType(
            {t: orthogonal(width, hidden, DEGREE_ALONE if t in bare else 1.0) for t, width in input_dims.items()}
        )
        self.ids = ModulesByType()
        if config.id_vectors:
            self.ids.update({t: nn.Embedding(num_nodes[t], hidden) for t in self.types})
            for t, table in self.ids.items():
                length = 1.0 if t in bare else ID_SCALE
                nn.init.normal_(table.weight, std=length * hidden**-0.5)  # type: ignore[arg-type]
        self.bias = ParametersByType({t: nn.Parameter(torch.zeros(num_nodes[t])) for t in biased})
        self.layers = nn.ModuleList(PinSageLayer(self.types, hidden, config.pooling) for _ in range(config.num_layers))
        first = Head(hidden, config.dim)
        self.head = ModulesByType({t: Head(hidden, config.dim) for t in self.types})
        for head in self.head.values():
            head.load_state_dict(first.state_dict())  # one space from the start

    def start(self, node_type: str, features: Tensor, rows: Tensor | None) -> Tensor:
        """Return the layer-0 vectors of nodes, unit rows, float32 ``[n, hidden]``.

        Args:
            node_type: Type of the nodes.
            features: Their content, float32 ``[n, width]``.
            rows: Their rows, int64 ``[n]``, -1 for a node that nobody has met: its id vector was never trained, and
                its content stands alone. ``None`` for nodes outside the graph.
        """
        out: Tensor = self.project[node_type](features)
        if node_type in self.ids and rows is not None:
            met = (rows >= 0).to(out.dtype)[:, None]
            out = out + met * self.ids[node_type](rows.clamp(min=0))
        return F.normalize(out, dim=1)

    def finish(self, node_type: str, hidden: Tensor) -> Tensor:
        """Return unit embeddings from the last layer's vectors, float32 ``[n, dim]``."""
        return F.normalize(self.head[node_type](hidden), dim=1)

    @torch.no_grad()
    def lengths(self, node_type: str, met: BoolVector) -> FloatVector:
        """Return what the popularity of each node makes of the length of its vector, float32 ``[num_nodes]``.

        See :meth:`graphrec.models.lightgcn.LightGCN.lengths`. Content tells nothing of it: where nobody met a node, it
        is as long as the usual one.

        Args:
            node_type: A type that is ``biased``.
            met: Nodes with edges, bool ``[num_nodes]``.
        """
        lengths = np.asarray((self.config.temperature * self.bias[node_type]).exp().cpu().numpy())
        usual = np.median(lengths[met]) if met.any() else 1.0
        return np.where(met, lengths, usual).astype(np.float32)

    def isolated(self, node_type: str, features: Tensor) -> Tensor:
        """Embed nodes without an edge, from their content alone (see :class:`graphrec.models.encoder.Encoder`)."""
        hidden = self.start(node_type, features, None)
        for layer in self.layers:
            assert isinstance(layer, PinSageLayer)
            hidden = layer.combine(node_type, hidden, [torch.zeros_like(hidden) for _ in layer.types])
        return self.finish(node_type, hidden)

    def forward(
        self, features: Mapping[str, Tensor], rows: Mapping[str, Tensor], hops: Sequence[Hop]
    ) -> dict[str, Tensor]:
        """Embed the nodes that the last hop asks for.

        Args:
            features: Node type to content of the first hop's inputs, float32 ``[n, width]``.
            rows: Node type to their rows, int64 ``[n]``, -1 without edges (read with id vectors).
            hops: One per layer, outermost first.

        Returns:
            Node type to unit embeddings, float32 ``[n, dim]``.
        """
        hidden = {t: self.start(t, features[t], rows[t]) for t in self.types}
        for layer, hop in zip(self.layers, hops, strict=True):
            hidden = layer(hidden, hop)
        return {t: self.finish(t, hidden[t]) for t in self.types}


class PinSageLayer(nn.Module):
    """One round of pooling over neighbourhoods for every node type.

    The pooled vectors are the neighbours' own: a linear message would only be a factor of the update's weights.

    Args:
        types: Node types.
        dim: Width of inputs and outputs.
        pooling: How a neighbourhood becomes one vector.
    """

    def __init__(self, types: Sequence[str], dim: int, pooling: Pooling = "importance") -> None:
        super().__init__()
        self.pool = POOLS[pooling]
        self.types = tuple(types)
        self.update = ModulesByType({t: orthogonal(dim * (1 + len(self.types)), dim) for t in self.types})
        for t, update in self.update.items():
            assert isinstance(update, nn.Linear)
            shares = [1.0, *(1.0 if s == t else OTHER_TYPES for s in self.types)]
            start = torch.cat([share * torch.eye(dim) for share in shares], dim=1)
            update.weight.data = start + 0.01 * torch.randn_like(start)

    def combine(self, node_type: str, own: Tensor, pooled: Sequence[Tensor]) -> Tensor:
        """Return the next vectors of nodes from their own and their pooled neighbours', unit rows."""
        return F.normalize(self.update[node_type](torch.cat([own, *pooled], dim=1)), dim=1)

    def forward(self, hidden: Mapping[str, Tensor], hop: Hop) -> dict[str, Tensor]:
        """Return the next vectors of the hop's nodes, unit rows, float32 ``[num_outputs, dim]`` per type."""
        out = {}
        for t in self.types:
            own = hidden[t][hop.self_index[t]]
            pooled = [self.pool(hidden[s], hop.neighbours[(t, s)], hop.weights[(t, s)]) for s in self.types]
            out[t] = self.combine(t, own, pooled)
        return out
