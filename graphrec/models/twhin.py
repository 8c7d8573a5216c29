"""TwHIN: lookup vectors of every node and one translation per relation (El-Kishky et al., KDD 2022).

The score of an edge is ``(source + translation) . target``. The published code drops the translation from negatives and
its gradient (see the paper's public repository); here a negative is scored exactly as a positive.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from graphrec.errors import ShapeError
from graphrec.graph.graph import Triplet
from graphrec.models.lookup import Fitted
from graphrec.models.losses import logistic
from graphrec.tensors import moved

START_LENGTH = 1e-2
"""Root mean square that the entries of vectors start with: short, so that edges and not chance decide directions."""


@dataclass(frozen=True, eq=False)
class Twhin:
    """What is learned: plain tensors, changed in place by training.

    Attributes:
        vectors: Node type to float32 ``[num_nodes, dim]``.
        translations: Relation to float32 ``[dim]``.
    """

    vectors: Mapping[str, Tensor]
    translations: Mapping[Triplet, Tensor]

    @classmethod
    def start(cls, num_nodes: Mapping[str, int], relations: list[Triplet], dim: int, seed: int) -> "Twhin":
        """Return short random vectors, each type's from a stream of its own, and translations of zero."""
        vectors = {}
        for node_type, number in num_nodes.items():
            rng = np.random.default_rng([seed, zlib.crc32(node_type.encode())])
            vectors[node_type] = START_LENGTH * torch.from_numpy(rng.standard_normal((number, dim), dtype=np.float32))
        return cls(vectors, {one: torch.zeros(dim) for one in relations})

    def to(self, device: str) -> "Twhin":
        """Return the model on a device; what is there stays the same memory."""
        where = torch.device(device)
        return Twhin(moved(self.vectors, where), moved(self.translations, where))

    def warmed(self, earlier: Fitted) -> "Twhin":
        """Return these vectors with those that an earlier model knew, at their full length; the rest stay.

        A space that starts where the last one ended drifts less than one learnt anew.

        Args:
            earlier: What to go on from, in the rows of this model (see :meth:`graphrec.models.lookup.Fitted.found`).

        Raises:
            ShapeError: If the widths differ.
        """
        vectors = {node_type: matrix.clone() for node_type, matrix in self.vectors.items()}
        for node_type in sorted(vectors.keys() & earlier.vectors.keys()):
            known, unit = earlier.known[node_type], earlier.vectors[node_type]
            if unit.shape[1] != vectors[node_type].shape[1]:
                raise ShapeError(f"earlier vectors must have dim {vectors[node_type].shape[1]} (got {unit.shape[1]})")
            raw = unit[known] * earlier.lengths[node_type][known, None]
            vectors[node_type][torch.from_numpy(known)] = torch.from_numpy(raw)
        told = {one: torch.from_numpy(np.array(vector)) for one, vector in earlier.translations.items()}
        return Twhin(vectors, {one: told.get(one, start).clone() for one, start in self.translations.items()})


@dataclass(frozen=True, eq=False)
class Corrupted:
    """Edges of one relation, and the nodes that take the place of either end.

    Attributes:
        sources: Vectors of the sources, float32 ``[edges, dim]``.
        targets: Vectors of the targets, float32 ``[edges, dim]``.
        other_sources: Vectors of negatives for the source, float32 ``[negatives, dim]``.
        other_targets: Vectors of negatives for the target, float32 ``[negatives, dim]``.
        source_mask: True where a negative is another node than the edge's own source, bool ``[edges, negatives]``.
        target_mask: The same for the target.
    """

    sources: Tensor
    targets: Tensor
    other_sources: Tensor
    other_targets: Tensor
    source_mask: Tensor
    target_mask: Tensor


def edge_losses(edges: Corrupted, translation: Tensor) -> Tensor:
    """Return the logistic loss of each edge against negatives of its target and of its source, float32 ``[edges]``.

    Args:
        edges: Vectors of both ends and of what replaces them.
        translation: Of the relation, float32 ``[dim]``.
    """
    moved = edges.sources + translation
    positive = (moved * edges.targets).sum(dim=1)
    by_target = logistic(positive, moved @ edges.other_targets.T, edges.target_mask)
    by_source = logistic(positive, edges.targets @ (edges.other_sources + translation).T, edges.source_mask)
    return by_target + by_source
