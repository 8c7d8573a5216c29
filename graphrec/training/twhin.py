"""Training of TwHIN: edges of one relation a step, negatives that the step shares, row-wise Adagrad.

Only the rows that a step holds are read and written, as in PyTorch-BigGraph (Lerer et al., SysML 2019). Batches and
negatives of a relation come from a stream of its own: what is joined to nothing else is learnt as if it were alone.
"""

import logging
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from torch import Tensor

from graphrec.arrays import FloatVector, RowVector
from graphrec.errors import ConfigError, DataError
from graphrec.graph.graph import InteractionGraph, Triplet
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.twhin import Corrupted, Twhin, edge_losses
from graphrec.tensors import tensor_on

log = logging.getLogger(__name__)
EPSILON = 1e-10


@dataclass(frozen=True, eq=False)
class RelationEdges:
    """The edges of one relation.

    Attributes:
        triplet: Source type, name, target type.
        sources: int32 ``[num_edges]``.
        targets: int32 ``[num_edges]``.
        weight: What an edge counts, mean 1, float32 ``[num_edges]``: ``log(1 + weight)``, since weights of some
            relations are counts that run over decades.
        share: Weight of the relation.
    """

    triplet: Triplet
    sources: RowVector
    targets: RowVector
    weight: FloatVector
    share: float


def relation_edges(graph: InteractionGraph, relations: dict[str, float] | None) -> list[RelationEdges]:
    """Return the edges to learn from; a relation without edges is left out, unless it was named.

    Args:
        graph: Relations with their reverses, of which only the former are read.
        relations: Name to weight; ``None`` takes all at 1.

    Raises:
        ConfigError: If a named relation is unknown.
        DataError: If a named relation has no edges, or there are none at all.
    """
    forward = {one: found for one, found in graph.relations.items() if not one[1].startswith("rev_")}
    names = dict.fromkeys(one[1] for one in forward)
    for name in relations or {}:
        if name not in names:
            raise ConfigError(f"model.relations must name walked relations (got {name!r}, have {', '.join(names)})")
        if not any(found.num_edges for one, found in forward.items() if one[1] == name):
            raise DataError(f"model.relations must name relations with edges (got {name!r}, which has none)")
    found = []
    for triplet, relation in forward.items():
        share = 1.0 if relations is None else relations.get(triplet[1], 0.0)
        if share > 0 and relation.num_edges:
            sources = np.repeat(np.arange(len(relation.indptr) - 1, dtype=np.int32), relation.degrees())
            weight = np.log1p(relation.weight)
            weight = (weight / weight.mean()).astype(np.float32) if weight.any() else np.ones_like(weight)
            found.append(RelationEdges(triplet, sources, np.asarray(relation.indices), weight, share))
    if not found:
        raise DataError("graph must hold an edge of a relation to learn from (got none); check model.relations")
    return found


def train_twhin(
    graph: InteractionGraph,
    config: TwhinConfig,
    *,
    start: Callable[[Twhin], Twhin] | None = None,
    device: str = "cpu",
    on_epoch: Callable[[int, float, Twhin], None] | None = None,
) -> Twhin:
    """Train on the relations of a graph.

    Args:
        graph: Nodes and edges.
        config: Width, relations, negatives, schedule.
        start: Changes the random start, for example ``lambda new: new.warmed(earlier)``.
        device: Where it is trained, and stays.
        on_epoch: Called after each epoch with its number, from 1, the mean loss of an edge and the model.

    Raises:
        ConfigError: If a named relation is unknown.
        DataError: If there are no edges.
    """
    relations = relation_edges(graph, config.relations)
    model = Twhin.start(graph.num_nodes, [one.triplet for one in relations], config.dim, config.seed)
    model = (model if start is None else start(model)).to(device)
    optimiser = RowAdagrad(model, config)
    num_edges = sum(len(one.sources) for one in relations)
    for epoch in range(1, config.epochs + 1):
        started, total = time.perf_counter(), 0.0
        for step in _steps(relations, graph, config, epoch):
            total += _train_step(model, optimiser, step)
        seconds = time.perf_counter() - started
        log.info("epoch %d loss %.4f, %.0f edges a second", epoch, total / num_edges, num_edges / seconds)
        if on_epoch is not None:
            on_epoch(epoch, total / num_edges, model)
    return model


@dataclass(frozen=True, eq=False)
class Step:
    """Some edges of one relation and rows that replace their sources and targets, int32 ``[negatives]`` each."""

    edges: RelationEdges
    other_sources: RowVector
    other_targets: RowVector


class RowAdagrad:
    """Adagrad with one accumulator per row: the sum of the mean squares of its gradients.

    Args:
        model: What it changes, in place.
        config: Rate, and the L2 penalty on the rows that are moved.
    """

    def __init__(self, model: Twhin, config: TwhinConfig) -> None:
        self._rate, self._penalty = config.learning_rate, config.regularization
        self._sums = {node_type: matrix.new_zeros(len(matrix)) for node_type, matrix in model.vectors.items()}
        self._of_translations = {triplet: one.new_zeros(()) for triplet, one in model.translations.items()}

    def update(self, node_type: str, rows: Tensor, vectors: Tensor, gradient: Tensor) -> None:
        """Move the ``rows`` (each once) of ``vectors`` against their gradient, float32 ``[rows, dim]``."""
        sums = self._sums[node_type]
        gradient = gradient + self._penalty * vectors[rows]
        total = sums[rows] + gradient.square().mean(dim=1)
        sums[rows] = total
        vectors.index_add_(0, rows, gradient * (-self._rate / (total.sqrt() + EPSILON))[:, None])

    def translate(self, triplet: Triplet, translation: Tensor, gradient: Tensor) -> None:
        """Move one translation against its gradient, float32 ``[dim]``."""
        total = self._of_translations[triplet].add_(gradient.square().mean())
        translation.sub_(gradient * (self._rate / (total.sqrt() + EPSILON)))


def _train_step(model: Twhin, optimiser: RowAdagrad, step: Step) -> float:
    """Take one step and return the summed loss of its edges."""
    edges = step.edges
    source_type, _, target_type = edges.triplet
    asked = [edges.sources, step.other_sources, edges.targets, step.other_targets]
    left, right = _gathered(model, source_type, asked[:2]), _gathered(model, target_type, asked[2:])
    translation = model.translations[edges.triplet].clone().requires_grad_()
    corrupted = Corrupted(left.of(0), right.of(0), left.of(1), right.of(1), left.differ(), right.differ())
    losses = edge_losses(corrupted, translation) * tensor_on(translation.device, edges.weight)
    (losses.sum() * edges.share).backward()  # type: ignore[no-untyped-call]
    for node_type, ends in ((source_type, left), (target_type, right)):
        assert ends.leaf.grad is not None
        optimiser.update(node_type, ends.rows, model.vectors[node_type], ends.leaf.grad)
    assert translation.grad is not None
    optimiser.translate(edges.triplet, model.translations[edges.triplet], translation.grad)
    return float(losses.detach().sum())


@dataclass(frozen=True, eq=False)
class _Ends:
    """The distinct rows that one end of a step needs, and where each of several lists finds its own."""

    rows: Tensor
    leaf: Tensor
    places: list[Tensor]

    def of(self, number: int) -> Tensor:
        """Return the vectors of one of the lists, with gradients to the leaf."""
        return self.leaf.index_select(0, self.places[number])

    def differ(self) -> Tensor:
        """Return where a negative is another node than the edge's own, bool ``[edges, negatives]``."""
        return self.places[0][:, None] != self.places[1]


def _gathered(model: Twhin, node_type: str, lists: list[RowVector]) -> _Ends:
    distinct, inverse = np.unique(np.concatenate(lists), return_inverse=True)
    on = partial(tensor_on, model.vectors[node_type].device)
    rows = on(distinct).long()
    places = np.split(inverse, np.cumsum([len(one) for one in lists])[:-1])
    leaf = model.vectors[node_type].index_select(0, rows).requires_grad_()
    return _Ends(rows, leaf, [on(one) for one in places])


def _steps(relations: list[RelationEdges], graph: InteractionGraph, config: TwhinConfig, epoch: int) -> Iterator[Step]:
    """Yield the steps of one epoch: every edge once, the batches of each relation spread evenly over it."""
    streams = [_relation_steps(one, graph, config, epoch) for one in relations]
    counts = [-(-len(one.sources) // config.batch_size) for one in relations]
    # Where two relations stand among each other does not depend on a third.
    places = [((step + 0.5) / count, number) for number, count in enumerate(counts) for step in range(count)]
    for _, number in sorted(places):
        yield next(streams[number])


def _relation_steps(edges: RelationEdges, graph: InteractionGraph, config: TwhinConfig, epoch: int) -> Iterator[Step]:
    """Yield the batches of one relation, each with its negatives."""
    rng = np.random.default_rng([config.seed, epoch, zlib.crc32("\t".join(edges.triplet).encode())])
    source_type, _, target_type = edges.triplet
    order = rng.permutation(len(edges.sources))
    chances = [
        _chance(rows, graph.num_nodes[node_type], config.negative_power)
        for rows, node_type in ((edges.sources, source_type), (edges.targets, target_type))
    ]
    for start in range(0, len(order), config.batch_size):
        chosen = order[start : start + config.batch_size]
        batch = RelationEdges(
            edges.triplet, edges.sources[chosen], edges.targets[chosen], edges.weight[chosen], edges.share
        )
        yield Step(batch, *(
            _negatives(rows, chance, config, rng)
            for rows, chance in zip((batch.sources, batch.targets), chances, strict=True)
        ))  # fmt: skip


def _chance(rows: RowVector, num_nodes: int, power: float) -> npt.NDArray[np.float64]:
    """Return the cumulative chance of each node to be drawn: in proportion to its edges to a power."""
    raised = np.bincount(rows, minlength=num_nodes).astype(np.float64) ** power
    return np.cumsum(raised / raised.sum())


def _negatives(
    own: RowVector, chance: npt.NDArray[np.float64], config: TwhinConfig, rng: np.random.Generator
) -> RowVector:
    """Return the negatives of one end, int32 ``[negatives]``: some of the batch's own, the rest drawn from all."""
    in_batch = round(config.negatives * config.in_batch_share)
    met = own[rng.integers(len(own), size=in_batch)]
    drawn = np.searchsorted(chance, rng.random(config.negatives - in_batch), side="right")
    return np.concatenate([met, np.minimum(drawn, len(chance) - 1)]).astype(np.int32)
