"""A model that holds a vector per node: what nodes nobody has met get, and how a newer fit is turned onto it.

Vectors learnt per node say nothing of a node they never saw. Two things make them an encoder all the same: a regression
of the vectors on content, and a rotation. A fit to another graph finds the same angles in other directions; turned onto
the model's space (which changes no cosine) it agrees with the regression and with the other fits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector
from graphrec.graph.graph import Triplet
from graphrec.models.config import LightGCNConfig, TwhinConfig
from graphrec.models.regression import ContentMap

LookupConfig = LightGCNConfig | TwhinConfig


@dataclass(frozen=True, eq=False)
class Fitted:
    """Vectors of the nodes of one graph.

    Attributes:
        vectors: Node type to unit rows, float32 ``[num_nodes, dim]``; 0 where nothing is known.
        known: Node type to the nodes that have a vector, bool ``[num_nodes]``.
        lengths: Node type to how long each vector was, float32 ``[num_nodes]``, 0 where nothing is known; types that
            were compared by cosine alone are missing.
    """

    vectors: Mapping[str, FloatMatrix]
    known: Mapping[str, BoolVector]
    lengths: Mapping[str, FloatVector] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Lookup:
    """A trained model of the presets that learn a vector per node.

    Attributes:
        config: What a fit is made with.
        actions: The relations that are actions.
        fitted: The vectors of the graph it was trained on.
        content: Node type to what content says of a vector.
    """

    config: LookupConfig
    actions: tuple[Triplet, ...]
    fitted: Fitted
    content: Mapping[str, ContentMap]

    def isolated(self, node_type: str, features: Tensor) -> Tensor:
        """Embed nodes without an edge, from their content alone (see :class:`graphrec.models.encoder.Encoder`)."""
        return F.normalize(torch.from_numpy(self.content[node_type].apply(features.numpy())), dim=1)

    def turned(self, newer: Fitted) -> Fitted:
        """Return another fit in this model's space: the rotation that brings common nodes closest.

        Schoenemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31, 1966.
        """
        products = []
        for node_type in sorted(self.fitted.vectors.keys() & newer.vectors.keys()):
            both = self.fitted.known[node_type] & newer.known[node_type]
            own, other = self.fitted.vectors[node_type][both], newer.vectors[node_type][both]
            products.append(other.astype(np.float64).T @ own)
        left, _, right = np.linalg.svd(sum(products))
        rotation = (left @ right).astype(np.float32)
        return replace(newer, vectors={t: vectors @ rotation for t, vectors in newer.vectors.items()})
