"""What a model makes of nodes without their graph, and how far the graph has moved them from it."""

import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, normalise_rows
from graphrec.embed import embed_isolated
from graphrec.models.encoder import Encoder
from graphrec.regression import ContentMap
from graphrec.training.content import Content

_ROWS = 16_384
"""Nodes embedded at once."""


def content_vectors(
    model: Encoder, content: Content, node_type: str, num_nodes: int, told: ContentMap | None = None
) -> FloatMatrix:
    """Return what is made of each node's content alone, as if nobody had met it, float32 ``[nodes, dim]``.

    Args:
        model: What embeds.
        content: What the nodes are.
        node_type: Their type.
        num_nodes: How many there are.
        told: What nodes without actions follow; ``None``: the model itself.
    """
    rows = np.arange(num_nodes, dtype=np.int32)
    parts = []
    for start in range(0, num_nodes, _ROWS):
        features = content.unmet(node_type, rows[start : start + _ROWS])
        alone = embed_isolated(model, node_type, features) if told is None else told.apply(features.numpy())
        parts.append(alone if told is None else normalise_rows(alone))
    return np.concatenate(parts)


def content_cosine(
    model: Encoder, content: Content, node_type: str, vectors: FloatMatrix, told: ContentMap | None = None
) -> FloatVector:
    """Return the cosine of each node's vector to that of its content alone, float32 ``[nodes]``.

    Args:
        model: What embedded the nodes.
        content: What they are.
        node_type: Their type.
        vectors: Unit vectors in the graph, float32 ``[nodes, dim]``.
        told: What nodes without actions follow; ``None``: the model itself.
    """
    alone = content_vectors(model, content, node_type, len(vectors), told)
    return np.asarray(np.einsum("ij,ij->i", alone, vectors), dtype=np.float32)
