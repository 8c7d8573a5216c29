"""What is chosen on the validation window: where clusters are cut, and how candidates are weighed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from graphrec.arrays import FloatVector, RowVector
from graphrec.config import RunConfig
from graphrec.engine import Engine
from graphrec.graph.build import build_graph
from graphrec.graph.split import Split, action_types
from graphrec.index import build_index
from graphrec.interests import build_interests, lower_hidden, resolve_interest_config
from graphrec.pipeline.assembly import hidden_of, history_of
from graphrec.pipeline.duplicates import leads, standing_for
from graphrec.pipeline.encoder import embed_graph
from graphrec.pipeline.factors import factor_source
from graphrec.pipeline.kinds import kinds_of, links_since
from graphrec.pipeline.popularity import prior_of
from graphrec.pipeline.runner import Runner
from graphrec.pipeline.stages import Facts
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.settings import Settings
from graphrec.retrieval.shelf import Weights
from graphrec.retrieval.tune import half_lives
from graphrec.retrieval.tune_cold import tune_cold_share, tune_cold_weights
from graphrec.retrieval.tune_kinds import tune_kinds
from graphrec.retrieval.tune_lengths import tune_lengths
from graphrec.store import Artifact
from graphrec.training.snapshots import validation_split


def tuning_stage(
    runner: Runner, config: RunConfig, tables: Artifact, model: Artifact, features: Artifact, load: Callable[[], Split]
) -> Artifact:
    """Resolve every ``auto`` of interests and retrieval on the training side's validation window."""

    def write(folder: Path) -> Facts:
        split = load()
        validation = validation_split(split.train, config.training, end_s=split.at_s)
        runner.on_progress("tuning", 0, 2)
        bundle = _past(config, validation, model.path, features.path, runner.engine)
        runner.on_progress("tuning", 1, 2)
        priors = {
            half_life: prior_of(
                validation.train, config.retrieval.prior_relations, as_of_s=validation.at_s, half_life_days=half_life
            )
            for half_life in half_lives(config.retrieval)
        }
        truth = _truth(validation)
        bundle, tuned, lengths = tune_lengths(bundle, truth, priors, config.index, config.retrieval)
        weighed = _weighed(bundle, tuned.weights, tuned.weights, priors[tuned.half_life_days])
        cold_weights, cold_trials = tune_cold_weights(weighed, truth, config.retrieval)
        weighed = _weighed(bundle, tuned.weights, cold_weights, priors[tuned.half_life_days])
        cold_share, shares = tune_cold_share(weighed, truth, config.retrieval)
        links = links_since(split.train, validation.at_s, bundle.kinds)
        kind_prior_weights, kind_trials = tune_kinds(weighed, links)
        runner.on_progress("tuning", 2, 2)
        best = max(trial["recall"] for trial in tuned.trials)
        resolved = {
            "interests": bundle.settings.interests.model_dump(mode="json"),
            "weights": vars(tuned.weights),
            "cold_weights": vars(cold_weights),
            "half_life_days": tuned.half_life_days,
            "cold_share": cold_share,
            "kind_prior_weights": kind_prior_weights,
            "length_exponent": bundle.settings.length_exponent,
        }
        (folder / "resolved.json").write_text(json.dumps(resolved, indent=1))
        trials = [*lengths, *tuned.trials, *cold_trials, *shares, *kind_trials]
        (folder / "trials.json").write_text(json.dumps(trials, indent=1))
        return {**resolved, "validation_recall@50": best}

    settings = {
        "interests": config.interests.model_dump(mode="json"),
        "retrieval": config.retrieval.model_dump(mode="json", exclude={"ads", "segment"}),
        "neighbourhoods": config.neighbourhoods.model_dump(mode="json"),
        "index": config.index.model_dump(mode="json"),
        "factors": config.factors.model_dump(mode="json"),
        "training": config.training.model_dump(mode="json"),
    }
    inputs = {"tables": tables, "model": model, "features": features}
    return runner.stage(
        "tuning", stage_version=18, config=settings, inputs=inputs, write=write, libraries=("hnswlib", "implicit")
    )


def _weighed(bundle: Bundle, weights: Weights, cold_weights: Weights, prior: FloatVector) -> Bundle:
    """Return a bundle with the weights and the prior that were chosen."""
    settings = replace(bundle.settings, weights=weights, cold_weights=cold_weights)
    return replace(bundle, settings=settings, prior=prior)


def _past(config: RunConfig, split: Split, model: Path, features: Path, engine: Engine) -> Bundle:
    """Return the bundle of the validation split's past, with interests resolved."""
    user_type, flit_type = action_types(split.train)
    graph = build_graph(split.train, as_of_s=split.at_s)
    embeddings = embed_graph(model, features, graph, config.neighbourhoods, engine=engine)
    history = history_of(split.train)
    vectors = np.asarray(embeddings.vectors[flit_type])
    kinds = kinds_of(split.train, config.nodes, embeddings.vectors, as_of_s=split.at_s, prior_weights={})
    interests = resolve_interest_config(history, vectors, config.interests, as_of_s=split.at_s)
    clustered = build_interests(history, vectors, interests, as_of_s=split.at_s, engine=engine)
    hidden = hidden_of(split.train)
    standing = standing_for(split.train, config, {flit_type: split.available}, features)
    allowed = split.available & leads(standing)
    return Bundle(
        settings=Settings(
            user_type,
            flit_type,
            split.at_s,
            Weights(0.0, 0.0),
            Weights(0.0, 0.0),
            config.retrieval.candidates,
            0.0,
            interests,
            (),
        ),
        ids=split.train.ids,
        embeddings=embeddings,
        indexes={
            flit_type: build_index(vectors, config.index, allowed),
            **{name: build_index(np.asarray(embeddings.vectors[name]), config.index) for name in kinds},
        },
        interests=lower_hidden(clustered, hidden, vectors, interests, as_of_s=split.at_s),
        history=history,
        hidden=hidden,
        prior=np.zeros(len(vectors), dtype=np.float32),
        allowed=allowed,
        standing=None if leads(standing).all() else standing,
        catalogue=split.train.nodes[flit_type].select("id"),
        factors=factor_source(config, history, allowed, flit_type, model, features)
        if config.retrieval.factors_weight
        else None,
        kinds=kinds,
    )


def _truth(split: Split) -> dict[int, RowVector]:
    """Return held-out flits per user row."""
    grouped = split.test.group_by("user_row", maintain_order=True).agg("flit_row")
    return {
        user: np.asarray(rows, dtype=np.int32)
        for user, rows in zip(grouped["user_row"].to_list(), grouped["flit_row"].to_list(), strict=True)
    }
