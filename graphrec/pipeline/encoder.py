"""Training a model and embedding a graph with it, whatever its preset."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphrec.arrays import RowVector
from graphrec.config import RunConfig
from graphrec.embed import embed
from graphrec.engine import LOCAL, Engine
from graphrec.features import Features
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.neighbourhoods import NeighbourhoodConfig, Neighbourhoods, build_neighbourhoods
from graphrec.graph.split import Split, action_triplets, action_types
from graphrec.models.config.pinsage import PAST, PinSageConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.models.lookup import Lookup
from graphrec.models.two_tower import TwoTower
from graphrec.pipeline.runner import Progress, named, silent
from graphrec.pipeline.warm import Earlier, start_of
from graphrec.tables.config import EdgeConfig
from graphrec.training.checkpoint import Trained, load_model, save_model
from graphrec.training.content import Content, Layout, fit_layout, layout_from_dict, layout_to_dict
from graphrec.training.hard import page_rank_bands
from graphrec.training.ids import IdFit
from graphrec.training.lookup import refit, train_lookup
from graphrec.training.loop import train
from graphrec.training.past import PastCourse
from graphrec.training.pinsage import Material, PinSageCourse
from graphrec.training.snapshots import (
    Snapshot,
    build_snapshot,
    build_snapshots,
    log_degrees,
    training_splits,
    validation_split,
)
from graphrec.training.twhin import relation_edges
from graphrec.training.two_tower import TwoTowerCourse, embed_towers
from graphrec.vectors import Embeddings

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class TrainedEncoder:
    """A trained model and how it came to be.

    Attributes:
        model: What embeds.
        layout: How it reads content.
        log: One entry per epoch, ``epoch`` and ``validation_recall`` among them.
        facts: What else the artifact says of itself.
        id_fit: How its id vectors are fitted to each graph; ``None``: they stay as they were trained.
    """

    model: Trained
    layout: Layout
    log: list[dict[str, float]]
    facts: Facts
    id_fit: IdFit | None = None

    def save(self, folder: Path, features: Features) -> None:
        """Write everything that embedding needs, and the log."""
        save_model(self.model, folder)
        if self.id_fit is not None:
            self.id_fit.save(folder)
        encoders = {name: getattr(features.config, name).model_dump(mode="json") for name in ("text", "image")}
        described = {"layout": layout_to_dict(self.layout), **encoders}
        (folder / "content.json").write_text(json.dumps(described))
        (folder / "training_log.json").write_text(json.dumps(self.log, indent=1))


@dataclass(frozen=True)
class Workshop:
    """Where training runs.

    Attributes:
        checkpoints: Folder of unfinished work.
        engine: Where work runs.
        on_progress: Called while it does.
        earlier: The version that vectors start from; ``None``: noise.
    """

    checkpoints: Path
    engine: Engine = LOCAL
    on_progress: Progress = silent
    earlier: Earlier | None = None


def train_encoder(config: RunConfig, split: Split, features: Features, workshop: Workshop) -> TrainedEncoder:
    """Train the model of the config's preset on the past of a split."""
    if isinstance(config.model, PinSageConfig):
        return _train_pinsage(config, config.model, split, features, workshop)
    if isinstance(config.model, TwoTowerConfig):
        _, validation = training_splits(split.train, config.training, end_s=split.at_s)
    else:
        validation = validation_split(split.train, config.training, end_s=split.at_s)
    graph = build_graph(validation.train, as_of_s=validation.at_s)
    layout = fit_layout(features, None, _fit_rows(validation), log_degrees(graph))
    actions = action_triplets(split.train)
    if isinstance(config.model, TwoTowerConfig):
        course = TwoTowerCourse(Content(features, layout), validation, actions, config.model, config.training)
        return _train_towers(course, layout, workshop)
    model = weighed(config.model, config.edges, graph) if isinstance(config.model, TwhinConfig) else config.model
    epochs, facts = model.epochs, {}
    start = None
    if workshop.earlier is not None and isinstance(model, TwhinConfig):
        relations = [one.triplet for one in relation_edges(graph, model.relations)]
        start = start_of(workshop.earlier, validation.train.ids, model, relations, at_s=validation.at_s)
        facts = {"warm_start": {t: int(mask.sum()) for t, mask in start.known.items()}}
    trained = train_lookup(
        validation, Content(features, layout), actions, model, start=start, device=workshop.engine.device,
        on_epoch=lambda entry: workshop.on_progress("training", int(entry["epoch"]), epochs),
    )  # fmt: skip
    known = {t: int(mask.sum()) for t, mask in trained.model.fitted.known.items()}
    return TrainedEncoder(trained.model, layout, trained.log, {"known": known, **facts})


def _train_towers(course: TwoTowerCourse, layout: Layout, workshop: Workshop) -> TrainedEncoder:
    epochs = course.config.epochs
    trained = train(
        course, folder=workshop.checkpoints, engine=workshop.engine,
        on_epoch=lambda entry: workshop.on_progress("training", int(entry["epoch"]), epochs),
    )  # fmt: skip
    facts = {"examples": len(course.examples), "known": {course.shape.flit_type: int(course.known.sum())}}
    return TrainedEncoder(trained.model, layout, trained.log, facts)


def weighed(model: TwhinConfig, edges: Sequence[EdgeConfig], graph: InteractionGraph) -> TwhinConfig:
    """Return the settings with every relation named: each that has edges counts as its declared ``weight`` says.

    A weight that is a column tells edges of a relation apart, not relations: such a relation counts 1.
    """
    if model.relations is not None:
        return model
    there = {name for (_, name, _), relation in graph.relations.items() if relation.num_edges}
    weights = {one.relation: 1.0 if isinstance(one.weight, str) else one.weight for one in edges}
    return model.model_copy(update={"relations": {name: one for name, one in weights.items() if name in there}})


def _train_pinsage(
    config: RunConfig, model: PinSageConfig, split: Split, features: Features, workshop: Workshop
) -> TrainedEncoder:
    if model.by_past:
        return _train_on_past(config, model, split, features, workshop)
    snapshots, validation = build_snapshots(
        split.train, config.neighbourhoods, model, config.training,
        end_s=split.at_s, engine=workshop.engine, on_progress=named(workshop.on_progress, "snapshots"),
    )  # fmt: skip
    layout = fit_layout(features, model.blocks, _fit_rows(validation.split), validation.log_degree)
    bands = [page_rank_bands(one, model.hard_negatives, config.neighbourhoods) for one in snapshots]
    epochs = config.training.epochs
    trained = train(
        PinSageCourse(Material(Content(features, layout), snapshots, validation, bands), model, config.training),
        folder=workshop.checkpoints, engine=workshop.engine,
        on_epoch=lambda entry: workshop.on_progress("training", int(entry["epoch"]), epochs),
    )  # fmt: skip
    return TrainedEncoder(trained.model, layout, trained.log, {"positives": _counts(snapshots)})


def _train_on_past(
    config: RunConfig, model: PinSageConfig, split: Split, features: Features, workshop: Workshop
) -> TrainedEncoder:
    held = validation_split(split.train, config.training, end_s=split.at_s)
    bare = model.model_copy(update={"positives": {}})  # the past holds its positives itself
    past = build_snapshot(split.train, held, config.neighbourhoods, bare, engine=workshop.engine)
    layout = fit_layout(features, model.blocks, _fit_rows(held), past.log_degree)
    course = PastCourse(Material(Content(features, layout), [], past, []), model, config.training)
    epochs = config.training.epochs
    trained = train(
        course, folder=workshop.checkpoints, engine=workshop.engine,
        on_epoch=lambda entry: workshop.on_progress("training", int(entry["epoch"]), epochs),
    )  # fmt: skip
    id_fit = IdFit(action_triplets(split.train), config.training) if IdFit.wanted_by(model) else None
    return TrainedEncoder(trained.model, layout, trained.log, {"positives": {PAST: int(past.acted.nnz)}}, id_fit)


def _fit_rows(split: Split) -> dict[str, RowVector]:
    """Return the nodes that centre and scale are fitted on: every one but flits from after the split."""
    _, flit_type = action_types(split.train)
    rows = {t: np.arange(frame.height, dtype=np.int32) for t, frame in split.train.nodes.items()}
    return {**rows, flit_type: np.flatnonzero(split.available).astype(np.int32)}


def _counts(snapshots: list[Snapshot]) -> dict[str, int]:
    """Return how many pairs of each kind trained the model."""
    counts: dict[str, int] = {}
    for snapshot in snapshots:
        for kind in snapshot.positives:
            counts[kind.name] = counts.get(kind.name, 0) + len(kind.query_rows)
    return counts


def open_content(model: Path, features: Path) -> Content:
    """Return features as a trained model reads them."""
    described = json.loads((model / "content.json").read_text())
    return Content(Features.open(features), layout_from_dict(described["layout"]))


def embed_graph(
    model: Path,
    features: Path,
    graph: InteractionGraph,
    neighbourhoods: Neighbourhoods | NeighbourhoodConfig,
    *,
    engine: Engine = LOCAL,
    on_progress: Progress = silent,
) -> Embeddings:
    """Embed every node of a graph, those without a single edge included.

    Args:
        model: Files of the model artifact.
        features: Files of the features artifact.
        graph: The graph.
        neighbourhoods: Its walks, or how to walk; other presets than PinSage read neither.
        engine: Where work runs.
        on_progress: Called while it does.
    """
    net, content = load_model(model), open_content(model, features)
    if isinstance(net, Lookup):
        return refit(net, content, graph, device=engine.device)
    if isinstance(net, TwoTower):
        return embed_towers(net.to(engine.device), content, graph)
    if isinstance(neighbourhoods, NeighbourhoodConfig):
        neighbourhoods = build_neighbourhoods(graph, neighbourhoods, engine=engine)
    shown = named(on_progress, "embedding")
    if IdFit.wanted_by(net.config):
        return IdFit.open(model).embedded(net, content, graph, neighbourhoods, engine=engine, on_progress=shown)
    net.to(engine.device)
    return embed(net, content, neighbourhoods, log_degrees(graph), engine=engine, on_progress=shown)
