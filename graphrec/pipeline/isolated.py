"""What a model makes of nodes without their graph, and how far the graph has moved them from it."""

import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.embed import embed_isolated
from graphrec.models.encoder import Encoder
from graphrec.training.content import Content

_ROWS = 16_384
"""Nodes embedded at once."""


def content_vectors(model: Encoder, content: Content, node_type: str, num_nodes: int) -> FloatMatrix:
    """Return what the model makes of each node's content alone, as if nobody had met it, float32 ``[nodes, dim]``."""
    rows = np.arange(num_nodes, dtype=np.int32)
    parts = [
        embed_isolated(model, node_type, content.unmet(node_type, rows[start : start + _ROWS]))
        for start in range(0, num_nodes, _ROWS)
    ]
    return np.concatenate(parts)


def content_cosine(model: Encoder, content: Content, node_type: str, vectors: FloatMatrix) -> FloatVector:
    """Return the cosine of each node's vector to that of its content alone, float32 ``[nodes]``.

    Args:
        model: What embedded the nodes.
        content: What they are.
        node_type: Their type.
        vectors: Unit vectors in the graph, float32 ``[nodes, dim]``.
    """
    alone = content_vectors(model, content, node_type, len(vectors))
    return np.asarray(np.einsum("ij,ij->i", alone, vectors), dtype=np.float32)
