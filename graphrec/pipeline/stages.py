"""Each stage: its inputs, its settings, what it writes. Plain functions over a runner; no stage knows the next."""

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphrec.config import RunConfig
from graphrec.features import Features, encode_features, resolve_config, weight_keys
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.health import health
from graphrec.graph.neighbourhoods import Neighbourhoods, build_neighbourhoods
from graphrec.graph.split import Split, action_types
from graphrec.interests import InterestConfig, build_interests, lower_hidden
from graphrec.pipeline.assembly import CONTENT_COSINE, Part, assemble, hidden_of, history_of
from graphrec.pipeline.duplicates import leads
from graphrec.pipeline.encoder import Workshop, embed_graph, open_content, train_encoder
from graphrec.pipeline.isolated import content_cosine
from graphrec.pipeline.resolved import Resolved
from graphrec.pipeline.runner import Runner, named
from graphrec.pipeline.sources import sources_digest
from graphrec.pipeline.warm import earlier_of
from graphrec.store import Artifact
from graphrec.tables.clean import Tables
from graphrec.tables.config import TableRef
from graphrec.tables.load import load_tables
from graphrec.tables.remote import local_data
from graphrec.training.checkpoint import load_model
from graphrec.training.validation import best_entry
from graphrec.vectors import Embeddings

logger = logging.getLogger(__name__)
Facts = Mapping[str, Any]


def tables_stage(runner: Runner, config: RunConfig) -> Artifact:
    """Read, validate and clean the declared tables; the quarantine and the report lie beside them."""
    data = local_data(config.input, config.data)

    def write(folder: Path) -> Facts:
        loaded = load_tables(config.input, data, images=folder)
        loaded.tables.save(folder)
        loaded.quarantine.write_parquet(folder / "quarantine.parquet")
        report = [one.to_dict() for one in loaded.report]
        (folder / "report.json").write_text(json.dumps(report, indent=1, default=str))
        # Later stages key on this artifact's digest, and what an edge means is not in its rows.
        (folder / "schema.json").write_text(json.dumps(_schema(config), indent=1))
        return {
            "nodes": {t: frame.height for t, frame in loaded.tables.nodes.items()},
            "edges": {f"{n:02d} {e.config.relation}": e.frame.height for n, e in enumerate(loaded.tables.edges)},
            "quarantined": loaded.quarantine.height,
            "duplicates_dropped": sum(one.duplicates_dropped for one in loaded.report),
        }

    return runner.stage(
        "tables",
        stage_version=3,
        config=config.input,
        inputs={"sources": sources_digest(config.input, data)},
        write=write,
        libraries=("polars",),
    )


def _schema(config: RunConfig) -> dict[str, Any]:
    """Return what the tables mean to later stages: roles, half-lives, columns; not where rows were read."""
    where_from = {*TableRef.model_fields, "image_folder"}
    return {
        "nodes": {t: node.model_dump(mode="json", exclude=where_from) for t, node in config.nodes.items()},
        "edges": [edge.model_dump(mode="json", exclude=where_from) for edge in config.edges],
    }


def features_stage(
    runner: Runner, config: RunConfig, tables: Artifact, load: Callable[[], Tables], *, fit_until_s: int | None
) -> Artifact:
    """Encode text, images and columns; vectors come from the cache where their content was seen before."""
    nodes, settings = config.nodes, resolve_config(config.features, config.nodes)
    described = {t: node.model_dump(mode="json") for t, node in nodes.items()}
    inputs: dict[str, Artifact | str] = {"tables": tables, **weight_keys(settings)}

    def write(folder: Path) -> Facts:
        features = encode_features(
            load(),
            nodes,
            settings,
            fit_until_s=fit_until_s,
            cache=runner.store.scratch,
            engine=runner.engine,
            on_progress=runner.on_progress,
        )
        features.save(folder)
        return {t: node.widths for t, node in features.nodes.items()}

    return runner.stage(
        "features",
        stage_version=2,
        config={"features": settings, "nodes": described, "fit_until_s": fit_until_s},
        inputs=inputs,
        write=write,
        libraries=("torch", "transformers", "scikit-learn", "scikit-image", "pillow"),
    )  # fmt: skip


def model_stage(
    runner: Runner, config: RunConfig, tables: Artifact, features: Artifact, load: Callable[[], Split]
) -> Artifact:
    """Train the preset's model on the past of the split; weights, log and the layout of its input are the output."""
    earlier = earlier_of(config.model, runner.store)
    inputs = {"tables": tables, "features": features, **(earlier.inputs if earlier else {})}
    key: dict[str, Any] = {
        "model": config.model.model_dump(mode="json", exclude={"warm_start"}),  # its digests are inputs
        "training": config.training.model_dump(mode="json"),
        "neighbourhoods": config.neighbourhoods.model_dump(mode="json"),
        "split": config.evaluation.split.model_dump(mode="json"),
        "as_of": str(config.as_of),
    }

    def write(folder: Path) -> Facts:
        encoded = Features.open(features.path)
        checkpoints = runner.scratch("model", {**key, "tables": tables.digest, "features": features.digest})
        workshop = Workshop(checkpoints, runner.engine, runner.on_progress, earlier)
        trained = train_encoder(config, load(), encoded, workshop)
        trained.save(folder, encoded)
        shutil.rmtree(checkpoints, ignore_errors=True)
        return {"epochs": len(trained.log), "best": best_entry(trained.log), **trained.facts}

    return runner.stage(
        "model", stage_version=5, config=key, inputs=inputs, write=write, libraries=("torch", "numba"),
    )  # fmt: skip


def graph_stage(
    runner: Runner, name: str, config: RunConfig, tables: Artifact, load: Callable[[], Tables], part: Facts,
    as_of_s: int | None,
) -> Artifact:  # fmt: skip
    """Build a graph and its health report. ``part`` names which rows of the tables it holds."""

    def write(folder: Path) -> Facts:
        chosen = load()
        graph = build_graph(chosen, as_of_s=as_of_s)
        graph.save(folder)
        report = health(graph, chosen, dict(config.nodes))
        (folder / "health.json").write_text(json.dumps(report, indent=1))
        return {"edges": sum(one.num_edges for one in graph.relations.values()) // 2}

    return runner.stage(name, stage_version=1, config={"part": part}, inputs={"tables": tables}, write=write)


def neighbourhoods_stage(runner: Runner, name: str, config: RunConfig, graph: Artifact) -> Artifact:
    """Walk from every node."""

    def write(folder: Path) -> Facts:
        opened = InteractionGraph.open(graph.path)
        hoods = build_neighbourhoods(
            opened, config.neighbourhoods, engine=runner.engine, on_progress=named(runner.on_progress, "walks")
        )
        hoods.save(folder)
        return {"/".join(pair): list(rows.shape) for pair, rows in hoods.rows.items()}

    return runner.stage(
        name, stage_version=1, config=config.neighbourhoods, inputs={"graph": graph}, write=write, libraries=("numba",)
    )


def embeddings_stage(
    runner: Runner, name: str, config: RunConfig, inputs: Mapping[str, Artifact], graph: Artifact
) -> Artifact:
    """Embed every node of a graph, and note how near each stays to what its content alone would give.

    Args:
        runner: Where the artifact goes.
        name: Name of the stage.
        config: What to run.
        inputs: The artifacts ``model``, ``features`` and, where the preset walks, ``neighbourhoods``.
        graph: The graph.
    """

    def write(folder: Path) -> Facts:
        walks = inputs.get("neighbourhoods")
        embeddings = embed_graph(
            inputs["model"].path, inputs["features"].path, InteractionGraph.open(graph.path),
            config.neighbourhoods if walks is None else Neighbourhoods.open(walks.path),
            engine=runner.engine, on_progress=runner.on_progress,
        )  # fmt: skip
        embeddings.save(folder)
        net, content = load_model(inputs["model"].path), open_content(inputs["model"].path, inputs["features"].path)
        for node_type, vectors in embeddings.vectors.items():
            cosine = content_cosine(net, content, node_type, vectors, embeddings.content.get(node_type))
            np.save(folder / CONTENT_COSINE.format(node_type), cosine)
        return {t: list(matrix.shape) for t, matrix in embeddings.vectors.items()}

    return runner.stage(
        name, stage_version=4, config={}, inputs={**inputs, "graph": graph}, write=write, libraries=("torch",)
    )


def interests_stage(
    runner: Runner, name: str, settings: InterestConfig, tables: Artifact, load: Callable[[], Tables], part: Facts,
    embeddings: Artifact, as_of_s: int | None,
) -> Artifact:  # fmt: skip
    """Cluster every user's actions, and lower the interests of what he hid."""

    def write(folder: Path) -> Facts:
        chosen = load()
        _, flit_type = action_types(chosen)
        vectors = np.asarray(Embeddings.open(embeddings.path).vectors[flit_type])
        clustered = build_interests(history_of(chosen), vectors, settings, as_of_s=as_of_s, engine=runner.engine)
        interests = lower_hidden(clustered, hidden_of(chosen), vectors, settings, as_of_s=as_of_s)
        interests.save(folder)
        return {"interests": len(interests.medoid), "users": int((np.diff(interests.indptr) > 0).sum())}

    inputs = {"tables": tables, "embeddings": embeddings}
    return runner.stage(
        name, stage_version=3, config={"interests": settings, "part": part}, inputs=inputs, write=write,
        libraries=("numba",),
    )  # fmt: skip


def bundle_stage(
    runner: Runner, name: str, config: RunConfig, resolved: Resolved, part: Part, inputs: Mapping[str, Artifact]
) -> Artifact:
    """Put everything retrieval needs into one artifact.

    Args:
        runner: Where the artifact goes.
        name: Name of the stage.
        config: What to run.
        resolved: Settings without ``auto``.
        part: The rows the bundle may know.
        inputs: The artifacts ``tables``, ``embeddings``, ``index``, ``interests`` and ``tuning``.
    """

    def write(folder: Path) -> Facts:
        bundle = assemble(part, config, resolved, {stage: one.path for stage, one in inputs.items()})
        bundle.save(folder)
        return {
            "shown": int(bundle.allowed.sum()),
            "actions": bundle.history.num_actions,
            "length_exponent": bundle.settings.length_exponent,
            "near_duplicates": 0 if bundle.standing is None else int((~leads(bundle.standing)).sum()),
        }

    settings = {"part": part.described, "retrieval": config.retrieval.model_dump(mode="json")}
    return runner.stage(name, stage_version=8, config=settings, inputs=inputs, write=write)
