"""The graph as PyG's ``HeteroData``."""

from typing import TYPE_CHECKING

import numpy as np

from graphrec.features import Features
from graphrec.graph.graph import InteractionGraph

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


def to_pyg(graph: InteractionGraph, features: Features | None = None) -> "HeteroData":
    """Return the graph as ``HeteroData``, reverse relations included.

    Args:
        graph: The graph.
        features: Content to set as ``x`` (all blocks side by side, float32); ``None`` sets ``num_nodes`` alone.

    Returns:
        Data that passes ``validate()``: ``edge_index`` int64 ``[2, edges]``, ``edge_weight`` float32, ``time`` int64
        (seconds since 1970 UTC) where a relation is dated.
    """
    import torch
    from torch_geometric.data import HeteroData

    data = HeteroData()
    for node_type, number in graph.num_nodes.items():
        data[node_type].num_nodes = number
        blocks = list(features.nodes[node_type].blocks.values()) if features is not None else []
        if blocks:
            data[node_type].x = torch.from_numpy(np.concatenate(blocks, axis=1))
    for triplet, relation in graph.relations.items():
        sources = np.repeat(np.arange(len(relation.indptr) - 1), relation.degrees())
        ends = np.stack([sources, np.asarray(relation.indices, dtype=np.int64)])
        data[triplet].edge_index = torch.from_numpy(ends)
        data[triplet].edge_weight = torch.from_numpy(np.array(relation.weight))
        if relation.time_s is not None:
            data[triplet].time = torch.from_numpy(np.array(relation.time_s))
    return data
