"""A model that holds a vector per node: what nodes nobody has met get, and how a newer fit is turned onto it.

Vectors learnt per node say nothing of a node they never saw. Two things make them an encoder all the same: a regression
of the vectors on content, and a rotation. A fit to another graph finds the same angles in other directions; turned onto
the model's space (which changes no cosine) it agrees with the regression and with the other fits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.graph.graph import Triplet
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.rotation import rotation
from graphrec.regression import ContentMap

LookupConfig = LightGCNConfig | TwhinConfig


@dataclass(frozen=True, eq=False)
class Fitted:
    """Vectors of the nodes of one graph.

    Attributes:
        vectors: Node type to unit rows, float32 ``[num_nodes, dim]``; 0 where nothing is known.
        known: Node type to the nodes that have a vector, bool ``[num_nodes]``.
        lengths: Node type to how long each vector was, float32 ``[num_nodes]``, 0 where nothing is known; types that
            were compared by cosine alone are missing.
        translations: Relation to its translation, float32 ``[dim]``, where vectors learn one.
    """

    vectors: Mapping[str, FloatMatrix]
    known: Mapping[str, BoolVector]
    lengths: Mapping[str, FloatVector] = field(default_factory=dict)
    translations: Mapping[Triplet, FloatVector] = field(default_factory=dict)

    def found(self, rows: Mapping[str, RowVector]) -> "Fitted":
        """Return the same vectors for other rows.

        Args:
            rows: Node type to the row of each node here, int32 ``[num_nodes]``, -1 where it has none; types that are
                missing here are left out.
        """
        types = [t for t in rows if t in self.vectors]

        def moved(t: str, values: Any) -> Any:
            there = rows[t] >= 0
            out = np.zeros((len(there), *values.shape[1:]), dtype=values.dtype)
            out[there] = values[rows[t][there]]
            return out

        vectors, known, lengths = (
            {t: moved(t, one[t]) for t in types if t in one} for one in (self.vectors, self.known, self.lengths)
        )
        return Fitted(vectors, known, lengths, self.translations)


@dataclass(frozen=True, eq=False)
class Lookup:
    """A trained model of the presets that learn a vector per node.

    Attributes:
        config: What a fit is made with.
        actions: The relations that are actions.
        fitted: The vectors of the graph it was trained on.
        content: Node type to what content says of a vector.
        until_s: The instant before which everything lies that it learnt from, seconds since 1970 UTC; ``None`` where
            actions are undated.
        start: What every fit starts from, of an earlier version; ``None``: noise.
    """

    config: LookupConfig
    actions: tuple[Triplet, ...]
    fitted: Fitted
    content: Mapping[str, ContentMap]
    until_s: int | None = None
    start: Fitted | None = None

    def isolated(self, node_type: str, features: Tensor) -> Tensor:
        """Embed nodes without an edge, from their content alone (see :class:`graphrec.models.encoder.Encoder`)."""
        return F.normalize(torch.from_numpy(self.content[node_type].apply(features.numpy())), dim=1)

    def turned(self, newer: Fitted) -> Fitted:
        """Return another fit in this model's space: the rotation that brings common nodes closest."""
        common = []
        for node_type in sorted(self.fitted.vectors.keys() & newer.vectors.keys()):
            both = self.fitted.known[node_type] & newer.known[node_type]
            common.append((newer.vectors[node_type][both], self.fitted.vectors[node_type][both]))
        turn = rotation(common)
        return replace(
            newer,
            vectors={t: vectors @ turn for t, vectors in newer.vectors.items()},
            translations={one: vector @ turn for one, vector in newer.translations.items()},
        )
