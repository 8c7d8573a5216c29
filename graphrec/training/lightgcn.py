"""Training of id vectors with all flits of a user at once.

A step takes some users with *all* their flits as positives, against negatives that all share. The graph is propagated
once a step, so few large steps are what makes training cheap: an epoch has a dozen or two of them.
"""

import logging
import math
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.sparse
import torch

from graphrec.arrays import RowVector
from graphrec.errors import DataError
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.lightgcn import LightGCN
from graphrec.models.losses import softmax_of_sets
from graphrec.models.propagation import Links
from graphrec.tensors import device_of, tensor_on

log = logging.getLogger(__name__)


def train_lightgcn(
    pairs: scipy.sparse.csr_array,
    config: LightGCNConfig,
    *,
    device: str = "cpu",
    on_epoch: Callable[[int, LightGCN], None] | None = None,
) -> LightGCN:
    """Train on the links of a bipartite graph.

    Args:
        pairs: Users by flits, CSR ``[num_users, num_flits]``, each pair once; weights are not read.
        config: Width, layers, objective, schedule.
        device: Where it is trained, and stays.
        on_epoch: Called after each epoch with its number, from 1, and the model.

    Raises:
        DataError: If there are no pairs.
    """
    if not pairs.nnz:
        raise DataError("pairs must name at least one user and flit (got none); check the table of actions")
    model = LightGCN(Links.from_pairs(pairs), config).to(device)
    weights = [one for one in model.parameters() if one.requires_grad]
    optimiser = torch.optim.Adam(weights, lr=config.learning_rate, fused=True)
    users = np.flatnonzero(np.diff(pairs.indptr)).astype(np.int32)
    total = config.epochs * math.ceil(len(users) / config.users_per_step)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 0.5 * (1 + math.cos(math.pi * step / total)))
    for epoch in range(1, config.epochs + 1):
        started, losses = time.perf_counter(), []
        rng = np.random.default_rng([config.seed, epoch])
        order = rng.permutation(users)
        for start in range(0, len(users), config.users_per_step):
            optimiser.zero_grad()
            loss = _loss(model, pairs, order[start : start + config.users_per_step], rng)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        log.info("epoch %d loss %.4f in %.1f s", epoch, np.mean(losses), time.perf_counter() - started)
        if on_epoch is not None:
            on_epoch(epoch, model)
    return model


def _loss(model: LightGCN, pairs: scipy.sparse.csr_array, rows: RowVector, rng: np.random.Generator) -> torch.Tensor:
    """Return the loss of some users with all their flits, a scalar."""
    chosen, on = pairs[rows], partial(tensor_on, device_of(model))
    line = on(np.repeat(np.arange(len(rows)), np.diff(chosen.indptr)))
    num_flits = pairs.shape[1]
    drawn = rng.choice(num_flits, min(model.config.negatives, num_flits), replace=False)
    needed, place = np.unique(np.concatenate([chosen.indices, drawn]), return_inverse=True)
    users, flits = model()
    queries = model.queries(users[on(rows)])
    keys = model.keys(flits, on(needed).long())
    positives, negatives = (on(one) for one in np.split(place, [chosen.nnz]))
    return softmax_of_sets(queries, keys[positives], line, keys[negatives], catalogue=num_flits)
