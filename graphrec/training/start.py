"""Where PinSage begins: id vectors, what content says of them, and popularity, as far as counting tells.

A truncated SVD of the actions knows already who likes what. Content starts as a regression of its vectors, and an id
vector as what that leaves: together they are the SVD's, and content alone is what it would have been told of a flit
that nobody has met. Started at random directions instead, content only blurs what the ids tell.
"""

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from graphrec.graph.split import Split, action_types, actions_of
from graphrec.models.lightgcn import bias_start, svd_start
from graphrec.models.pinsage import PinSage
from graphrec.models.propagation import Links
from graphrec.models.regression import ContentMap
from graphrec.training.content import Content
from graphrec.training.snapshots import Snapshot


def start(model: PinSage, content: Content, past: Snapshot, seed: int) -> None:
    """Set the weights that the config wants to start from the actions of a past.

    Args:
        model: The untrained encoder.
        content: What the nodes are.
        past: Whose actions may be known.
        seed: Root of the SVD and of the regression's draw.
    """
    if not model.config.svd_start and not model.bias:
        return
    user_type, flit_type = action_types(past.split.train)
    links = Links.from_pairs(action_matrix(past.split))
    if model.config.svd_start:
        sides = svd_start(links, model.config.hidden_dim, seed)
        degrees = np.diff(links.of_users.indptr), links.flit_degree
        for node_type, vectors, degree in zip((user_type, flit_type), sides, degrees, strict=True):
            vectors[torch.from_numpy(degree == 0)] = 0  # of these nobody has told anything yet
            _start_ids(model, content, node_type, _of_mean_length_one(vectors))
    if flit_type in model.bias:
        model.bias[flit_type].data = bias_start(links)


def action_matrix(split: Split) -> scipy.sparse.csr_array:
    """Return who acted on what in the past of a split, as ones: CSR ``[num_users, num_flits]``, each pair once."""
    nodes, (user_type, flit_type) = split.train.nodes, action_types(split.train)
    pairs = actions_of(split.train).select("user_row", "flit_row").unique(maintain_order=True)
    rows = (pairs["user_row"].to_numpy(), pairs["flit_row"].to_numpy())
    shape = (nodes[user_type].height, nodes[flit_type].height)
    return scipy.sparse.csr_array((np.ones(pairs.height, dtype=np.float32), rows), shape=shape)


def _start_ids(model: PinSage, content: Content, node_type: str, vectors: Tensor) -> None:
    """Split vectors, float32 ``[num_nodes, hidden]`` (0 where nobody acted), into what content says and the rest."""
    known = np.flatnonzero(vectors.abs().sum(dim=1).numpy()).astype(np.int32)
    model.ids[node_type].weight.data = vectors
    if len(known) < 2:
        return
    nobody = np.zeros(len(vectors), dtype=np.float32)
    features = content.gather(node_type, known, nobody)
    told = ContentMap.fit(features.numpy(), vectors[known].numpy())
    project = model.project[node_type]
    project.weight.data = torch.from_numpy(told.weight.astype(np.float32))
    project.bias.data = torch.from_numpy(told.shift.astype(np.float32))
    vectors[known] -= project(features).detach()


def _of_mean_length_one(vectors: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(vectors, dim=1)
    return vectors.div(length[length > 0].mean())
