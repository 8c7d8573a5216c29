"""Fitting vectors per node to a graph, and making an encoder of them: LightGCN, matrix factorization, TwHIN."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional as F

from graphrec.arrays import BoolVector
from graphrec.errors import DataError
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph, Triplet
from graphrec.graph.pasts import action_pairs
from graphrec.graph.split import Split, action_types
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.lightgcn import LightGCN
from graphrec.models.lookup import Fitted, Lookup, LookupConfig
from graphrec.models.twhin import Twhin
from graphrec.regression import ContentMap
from graphrec.training.content import Content
from graphrec.training.lightgcn import train_lightgcn
from graphrec.training.twhin import relation_edges, train_twhin
from graphrec.training.validation import best_entry, validation_recall
from graphrec.vectors import Embeddings

OnEpoch = Callable[[int, Fitted], None]


@dataclass(frozen=True)
class TrainedLookup:
    """A trained model and how it came to be.

    Attributes:
        model: With as many epochs as validated best.
        log: One entry per epoch: ``epoch`` and ``validation_recall``.
    """

    model: Lookup
    log: list[dict[str, float]]


def train_lookup(
    split: Split,
    content: Content,
    actions: Sequence[Triplet],
    config: LookupConfig,
    *,
    start: Fitted | None = None,
    device: str = "cpu",
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> TrainedLookup:
    """Choose the number of epochs on the held-out part of a split, then fit its past with as many.

    Args:
        split: Past, and the actions to validate on.
        content: What the nodes are.
        actions: The relations that are actions.
        config: What is fitted.
        start: What TwHIN's fits start from, in the rows of the split; ``None``: noise.
        device: Where vectors are fitted.
        on_epoch: Called with each epoch's log entry.
    """
    graph = build_graph(split.train, as_of_s=split.at_s)
    log: list[dict[str, float]] = []

    def look(epoch: int, fitted: Fitted) -> None:
        recall = validation_recall(fitted.vectors, split)
        log.append({"epoch": float(epoch), "validation_recall": recall})
        if on_epoch is not None:
            on_epoch(log[-1])

    fit(graph, actions, config, start=start, device=device, on_epoch=look)
    chosen = config.model_copy(update={"epochs": int(best_entry(log)["epoch"])})
    if isinstance(chosen, TwhinConfig):
        chosen = chosen.model_copy(update={"warm_start": None})  # the model holds what it started from
    fitted = fit(graph, actions, chosen, start=start, device=device)
    maps = _content_maps(fitted, content, config.seed)
    _, flit_type = action_types(split.train)
    if flit_type not in maps:
        raise DataError(
            f"model must learn the vectors of two {flit_type}s or more (got {int(fitted.known[flit_type].sum())}); "
            "train on more actions, or name the relations that lead to them"
        )
    return TrainedLookup(Lookup(chosen, tuple(actions), fitted, maps, split.at_s, start), log)


def _content_maps(fitted: Fitted, content: Content, seed: int) -> dict[str, ContentMap]:
    """Learn what content says of vectors, from the nodes that have one; a type with fewer than two gets no map."""
    maps = {}
    for node_type, vectors in fitted.vectors.items():
        known = np.flatnonzero(fitted.known[node_type]).astype(np.int32)
        if len(known) < 2:
            continue
        maps[node_type] = ContentMap.fit(content.unmet(node_type, known).numpy(), vectors[known], seed)
    return maps


def refit(model: Lookup, content: Content, graph: InteractionGraph, *, device: str = "cpu") -> Embeddings:
    """Embed every node of a graph: the vectors of those with edges fitted anew, those of the others by their content.

    Node types that the model learnt nothing of are left out.

    Args:
        model: What a fit is made with, and the space it is turned into.
        content: What the nodes are, for every row of the graph.
        graph: The graph to embed.
        device: Where vectors are fitted.
    """
    fitted = model.turned(fit(graph, model.actions, model.config, start=model.start, device=device))
    out, lengths = {}, {}
    for node_type in model.content:
        vectors, known = np.array(fitted.vectors[node_type]), fitted.known[node_type]
        unmet = np.flatnonzero(~known).astype(np.int32)
        if len(unmet):
            vectors[unmet] = model.isolated(node_type, content.unmet(node_type, unmet)).numpy()
        out[node_type] = vectors
        if node_type in fitted.lengths:
            # content tells a direction; a length of its own is learnt from edges
            usual = np.median(fitted.lengths[node_type][known]) if known.any() else 1.0
            lengths[node_type] = np.where(known, fitted.lengths[node_type], usual).astype(np.float32)
    return Embeddings(out, lengths)


def fit(
    graph: InteractionGraph,
    actions: Sequence[Triplet],
    config: LookupConfig,
    *,
    start: Fitted | None = None,
    device: str = "cpu",
    on_epoch: OnEpoch | None = None,
) -> Fitted:
    """Learn a vector for every node that has an edge to learn from; a flit, for which somebody acted on it.

    Args:
        graph: Nodes and edges.
        actions: The relations that are actions; LightGCN and factorization read these alone.
        config: What is fitted.
        start: What TwHIN starts from, in the rows of the graph; ``None``: noise.
        device: Where vectors are fitted; what comes back is on the processor.
        on_epoch: Called after each epoch with its number, from 1, and the vectors.
    """
    if isinstance(config, TwhinConfig):
        return _fit_twhin(graph, actions, config, start, device, on_epoch)
    return _fit_lightgcn(graph, actions, config, device, on_epoch)


def _fit_twhin(
    graph: InteractionGraph,
    actions: Sequence[Triplet],
    config: TwhinConfig,
    start: Fitted | None,
    device: str,
    on_epoch: OnEpoch | None,
) -> Fitted:
    known = {t: np.zeros(number, dtype=np.bool_) for t, number in graph.num_nodes.items()}
    for edges in relation_edges(graph, config.relations):
        known[edges.triplet[0]][edges.sources] = True
        known[edges.triplet[2]][edges.targets] = True
    # A flit is met when somebody acts on it: of one that was only written or promoted, content knows more.
    acted = action_pairs(graph, actions)
    known[actions[0][2]] &= np.bincount(acted.indices, minlength=acted.shape[1]) > 0

    def look(epoch: int, loss: float, now: Twhin) -> None:
        if on_epoch is not None:
            on_epoch(epoch, _fitted(now.vectors, known))

    warmed = None if start is None else lambda new: new.warmed(start)
    trained = train_twhin(graph, config, start=warmed, device=device, on_epoch=look).to("cpu")
    lengths = {t: np.linalg.norm(one.numpy(), axis=1) * known[t] for t, one in trained.vectors.items()}
    translations = {one: vector.numpy() for one, vector in trained.translations.items()}
    return replace(_fitted(trained.vectors, known), lengths=lengths, translations=translations)


def _fit_lightgcn(
    graph: InteractionGraph, actions: Sequence[Triplet], config: LightGCNConfig, device: str, on_epoch: OnEpoch | None
) -> Fitted:
    pairs = action_pairs(graph, actions)
    (user_type, flit_type), = {(source, target) for source, _, target in actions}  # fmt: skip
    known = {user_type: np.diff(pairs.indptr) > 0, flit_type: np.bincount(pairs.indices, minlength=pairs.shape[1]) > 0}

    def fitted(now: LightGCN) -> Fitted:
        users, flits = now()
        unit = _fitted({user_type: users, flit_type: flits}, known)
        if not config.popularity_bias:
            return unit
        return replace(unit, lengths={flit_type: now.lengths() * known[flit_type]})

    def look(epoch: int, now: LightGCN) -> None:
        if on_epoch is not None:
            on_epoch(epoch, fitted(now))

    return fitted(train_lightgcn(pairs, config, device=device, on_epoch=look))


def _fitted(vectors: Mapping[str, torch.Tensor], known: Mapping[str, BoolVector]) -> Fitted:
    """Bring known vectors to length one and take the others out."""
    unit = {t: F.normalize(one.detach(), dim=1).cpu().numpy() * known[t][:, None] for t, one in vectors.items()}
    return Fitted(unit, known)
