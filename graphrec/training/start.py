"""Where PinSage begins: id vectors, what content says of them, and popularity, as far as counting tells.

A truncated SVD of the actions knows already who likes what. Content starts as a regression of its vectors, and an id
vector as what that leaves: together they are the SVD's, and content alone is what it would have been told of a flit
that nobody has met. Started at random directions instead, content only blurs what the ids tell.
"""

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import RowVector
from graphrec.models.lightgcn import bias_start, svd_start
from graphrec.models.pinsage import PinSage
from graphrec.models.propagation import Links
from graphrec.models.rotation import rotation
from graphrec.regression import ContentMap
from graphrec.training.content import Content
from graphrec.training.snapshots import PastGraph


def start(model: PinSage, content: Content, past: PastGraph, seed: int) -> None:
    """Set the weights that the config wants to start from the actions of a past.

    Args:
        model: The untrained encoder.
        content: What the nodes are.
        past: Whose actions may be known.
        seed: Root of the SVD and of the regression's draw.
    """
    if model.config.svd_start:
        for node_type, vectors in _sides(model, past, seed).items():
            _start_ids(model, content, node_type, vectors, seed)
    if past.flit_type in model.bias:
        model.bias[past.flit_type].data = bias_start(Links.from_pairs(past.acted))


@torch.no_grad()
def restart(model: PinSage, content: Content, past: PastGraph, seed: int) -> None:
    """Set id vectors and popularity from the actions of another past, in the space that the encoder was trained in.

    An SVD finds the same angles in other directions: it is turned to where the nodes of both stand in the model.

    Args:
        model: The trained encoder, started by an SVD.
        content: What the nodes are.
        past: Whose actions may be known.
        seed: Root of the SVD.
    """
    newer = _sides(model, past, seed)
    ids = {t: next(model.ids[t].parameters()) for t in newer}
    met = {t: _known(one) for t, one in ids.items()}
    told: dict[str, Tensor] = {t: model.project[t](content.unmet(t, _every(one))) for t, one in newer.items()}
    both = {t: met[t] & _known(one) for t, one in newer.items()}
    common = [(one[both[t]].numpy(), (told[t] + ids[t])[both[t]].numpy()) for t, one in newer.items()]
    turn = torch.from_numpy(rotation(common))
    for t, vectors in newer.items():
        ids[t].data = (vectors @ turn - told[t]) * _known(vectors)[:, None]
    if past.flit_type in model.bias:
        _restart_bias(model.bias[past.flit_type], bias_start(Links.from_pairs(past.acted)), met[past.flit_type])


def _restart_bias(bias: torch.nn.Parameter, counted: Tensor, met: Tensor) -> None:
    """Keep what was learnt, and let the others start from their number of users, on the same level."""
    level = (bias - counted)[met].mean() if met.any() else 0.0
    bias.data = torch.where(met, bias, counted + level)


def _sides(model: PinSage, past: PastGraph, seed: int) -> dict[str, Tensor]:
    """Return the SVD's vectors of users and flits, of mean length one, 0 where nobody acted."""
    links = Links.from_pairs(past.acted)
    out = {}
    degrees = np.diff(links.of_users.indptr), links.flit_degree
    both = svd_start(links, model.config.hidden_dim, seed)
    for node_type, vectors, degree in zip((past.user_type, past.flit_type), both, degrees, strict=True):
        vectors[torch.from_numpy(degree == 0)] = 0  # of these nobody has told anything yet
        length = torch.linalg.vector_norm(vectors, dim=1)
        out[node_type] = vectors.div(length[length > 0].mean())
    return out


def _start_ids(model: PinSage, content: Content, node_type: str, vectors: Tensor, seed: int) -> None:
    """Split vectors, float32 ``[num_nodes, hidden]``, into what content says and the rest."""
    known = _known(vectors)
    model.ids[node_type].weight.data = vectors
    if known.sum() < 2:
        return
    features = content.unmet(node_type, _every(vectors)[known.numpy()])
    told = ContentMap.fit(features.numpy(), vectors[known].numpy(), seed)
    project = model.project[node_type]
    project.weight.data = torch.from_numpy(told.weight.astype(np.float32))
    project.bias.data = torch.from_numpy(told.shift.astype(np.float32))
    vectors[known] -= project(features).detach()


def _known(vectors: Tensor) -> Tensor:
    """Return which nodes somebody has told something of, bool ``[num_nodes]``."""
    return vectors.abs().sum(dim=1) > 0


def _every(vectors: Tensor) -> RowVector:
    """Return the rows of all nodes, int32 ``[num_nodes]``."""
    return np.arange(len(vectors), dtype=np.int32)
