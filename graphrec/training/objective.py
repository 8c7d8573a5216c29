"""One step's loss: hops gathered, nodes embedded, positives scored against shared and hard negatives."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import BoolVector, RowVector
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.losses import bpr, logistic, max_margin, sampled_softmax
from graphrec.models.pinsage import PinSage
from graphrec.tensors import device_of, moved, tensor_on
from graphrec.training.batches import Batch, false_negatives
from graphrec.training.content import Content
from graphrec.training.hops import gather_hops, to_tensor
from graphrec.training.snapshots import PastGraph, Snapshot


def step_loss(
    model: PinSage,
    content: Content,
    snapshot: Snapshot,
    batches: Sequence[Batch],
    *,
    isolated: Mapping[str, BoolVector] | None = None,
) -> Tensor:
    """Return the weighted mean loss of one step, a scalar.

    Args:
        model: The encoder.
        content: What the nodes are.
        snapshot: The past the nodes are embedded in.
        batches: One per kind of positive.
        isolated: Node type to which rows are embedded from content alone, bool ``[num_nodes]``.
    """
    seeds = _seeds(model.types, batches)
    vectors = embedded(model, content, snapshot, seeds, isolated=isolated or {})
    losses = [batch.pairs.weight * _batch_loss(model.config, vectors, seeds, batch) for batch in batches]
    return torch.stack(losses).sum() / sum(batch.pairs.weight for batch in batches)


def embedded(
    model: PinSage,
    content: Content,
    past: PastGraph,
    seeds: Mapping[str, RowVector],
    *,
    isolated: Mapping[str, BoolVector],
) -> dict[str, Tensor]:
    """Embed some nodes of a past, with gradients.

    Args:
        model: The encoder.
        content: What the nodes are.
        past: Where the nodes stand.
        seeds: Node type to sorted unique rows, int32; every type has an entry.
        isolated: Node type to which rows are embedded from content alone, bool ``[num_nodes]``.

    Returns:
        Node type to unit vectors, float32 ``[len(seeds), dim]``.
    """
    inputs, hops = gather_hops(past.neighbourhoods, seeds, model.config.num_layers, isolated=isolated)
    degree = {t: np.where(isolated[t], 0, d) if t in isolated else d for t, d in past.log_degree.items()}
    features = {t: content.gather(t, rows, degree[t]) for t, rows in inputs.items()}
    rows = {t: to_tensor(np.where(degree[t][r] > 0, r, -1)) for t, r in inputs.items()}
    device = device_of(model)
    vectors: dict[str, Tensor] = model(moved(features, device), moved(rows, device), [hop.to(device) for hop in hops])
    return vectors


def _seeds(types: Sequence[str], batches: Sequence[Batch]) -> dict[str, RowVector]:
    """Return every row that the step needs embedded, sorted and unique, per node type."""
    wanted: dict[str, list[RowVector]] = {t: [np.zeros(0, dtype=np.int32)] for t in types}
    for batch in batches:
        wanted[batch.pairs.query_type].append(batch.pairs.query_rows)
        wanted[batch.pairs.target_type] += [batch.pairs.target_rows, batch.negatives, batch.hard[batch.hard >= 0]]
    return {t: np.unique(np.concatenate(parts)) for t, parts in wanted.items()}


def _batch_loss(config: PinSageConfig, vectors: dict[str, Tensor], seeds: dict[str, RowVector], batch: Batch) -> Tensor:
    """Return the mean loss of one kind of positive."""
    pairs, on = batch.pairs, partial(tensor_on, vectors[batch.pairs.query_type].device)

    def at(node_type: str, rows: RowVector) -> Tensor:
        place = np.searchsorted(seeds[node_type], rows)
        return vectors[node_type][on(place)]

    query, target = at(pairs.query_type, pairs.query_rows), at(pairs.target_type, pairs.target_rows)
    positive = (query * target).sum(dim=1)
    shared = query @ at(pairs.target_type, batch.negatives).T
    mask = on(~false_negatives(pairs, batch.negatives))
    expected = np.log(batch.expected) if config.log_q else np.zeros(len(batch.negatives))
    log_expected = on(expected.astype(np.float32))[None, :]
    if batch.hard.shape[1]:
        hard_rows = np.maximum(batch.hard, seeds[pairs.target_type][0])
        hard = (query[:, None, :] * at(pairs.target_type, hard_rows)).sum(dim=2)
        shared = torch.cat([shared, hard], dim=1)
        mask = torch.cat([mask, on(~false_negatives(pairs, batch.hard))], dim=1)
        # A hard negative stands for itself alone: it is added to the estimate of the partition, not scaled up.
        log_expected = torch.cat([log_expected, log_expected.new_zeros(1, hard.shape[1])], dim=1)
    if config.loss == "max_margin":
        return max_margin(positive, shared, mask, margin=config.margin).mean()
    if config.loss in ("bpr", "logistic"):
        each = bpr if config.loss == "bpr" else logistic
        return each(positive, shared, mask, temperature=config.temperature).mean()
    return sampled_softmax(positive, shared, mask, temperature=config.temperature, log_expected=log_expected).mean()
