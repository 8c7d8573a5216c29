"""The line: tables to bundle, once measured on held-out days and once served over everything."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from graphrec.arrays import BoolVector
from graphrec.config import RunConfig, load_config
from graphrec.errors import ConfigError
from graphrec.graph.split import Split, newest_event_s, shown_tables, split_tables, tables_before
from graphrec.pipeline.assembly import assemble, shown_at
from graphrec.pipeline.measure import evaluation_stage
from graphrec.pipeline.runner import Runner
from graphrec.pipeline.stages import (
    embeddings_stage,
    features_stage,
    graph_stage,
    index_stage,
    interests_stage,
    model_stage,
    neighbourhoods_stage,
    tables_stage,
)
from graphrec.pipeline.tuning import Resolved, tuning_stage
from graphrec.retrieval.bundle import Bundle
from graphrec.store import Artifact, Store, Version
from graphrec.tables.clean import Tables

logger = logging.getLogger(__name__)


def run(config: RunConfig | str | Path, overrides: Sequence[str] = (), *, runner: Runner | None = None) -> Version:
    """Take tables to a version: every stage whose fingerprint is not in the store yet runs, the rest are found.

    Args:
        config: A config, or the path of one.
        overrides: ``a.b=value`` settings, where ``config`` is a path.
        runner: Store and progress; default: the config's store, silently.

    Returns:
        The new version, which ``latest`` then names; the newest one where nothing changed.

    Raises:
        ConfigError: If a setting breaks a rule.
        DataError: If the tables break more rules than ``quality.max_bad_fraction`` allows.
    """
    if not isinstance(config, RunConfig):
        config = load_config(config, overrides)
    runner = runner or Runner(Store(config.store))
    _set_threads(config.runtime.workers)
    line = Line(config, runner)
    stages = line.stages()
    metrics = json.loads((stages["evaluation"].path / "evaluation.json").read_text())
    version = runner.store.add_version(stages, {"figures": metrics["figures"]})
    runner.store.set_alias("latest", version)
    return version


def _set_threads(workers: int) -> None:
    """Hold every library to the configured number of threads."""
    import numba
    import torch

    torch.set_num_threads(workers)
    most = int(os.environ.get("NUMBA_NUM_THREADS", os.cpu_count() or 1))
    numba.set_num_threads(min(workers, most))


@dataclass(frozen=True)
class _Part:
    """One of the two lines: which rows it may know, and what the stage names start with."""

    prefix: str
    tables: Tables
    as_of_s: int | None
    allowed: Mapping[str, BoolVector]
    described: Mapping[str, Any]


class Line:
    """The stages of one config; each is found or run when it is first asked for.

    Args:
        config: What to run.
        runner: Where artifacts go.
    """

    def __init__(self, config: RunConfig, runner: Runner) -> None:
        self.config = config
        self.runner = runner

    def stages(self) -> dict[str, Artifact]:
        """Return every artifact that a version names, running what is missing."""
        held_out = self._line(self._held_out)
        evaluation = evaluation_stage(
            self.runner, self.config, held_out["holdout_bundle"], self.features, self.tables_artifact,
            lambda: self.split,
        )  # fmt: skip
        return {
            "tables": self.tables_artifact,
            "features": self.features,
            "model": self.model,
            "tuning": self.tuning,
            **held_out,
            "evaluation": evaluation,
            **self._line(self._served),
        }

    @cached_property
    def tables_artifact(self) -> Artifact:
        """Clean tables."""
        return tables_stage(self.runner, self.config)

    @cached_property
    def tables(self) -> Tables:
        """Clean tables up to ``as_of``."""
        tables = Tables.open(self.tables_artifact.path, self.config.input)
        as_of_s = self.config.as_of_s
        return tables if as_of_s is None else tables_before(tables, as_of_s)

    @cached_property
    def as_of_s(self) -> int | None:
        """The instant after the newest event, or the configured one."""
        newest = newest_event_s(self.tables)
        if self.config.as_of_s is None:
            return None if newest is None else newest + 1
        if newest is None:
            raise ConfigError("as_of must be null where no edge is dated (got a time); remove it")
        return self.config.as_of_s

    @cached_property
    def split(self) -> Split:
        """What is known and what is held out."""
        return split_tables(self.tables, self.config.evaluation.split, as_of_s=self.as_of_s)

    @cached_property
    def features(self) -> Artifact:
        """Content features; what is learnt from data is learnt before the split."""
        fit_until_s = self.split.at_s
        return features_stage(
            self.runner, self.config, self.tables_artifact, lambda: self.tables, fit_until_s=fit_until_s
        )

    @cached_property
    def model(self) -> Artifact:
        """The trained encoder."""
        return model_stage(self.runner, self.config, self.tables_artifact, self.features, lambda: self.split)

    @cached_property
    def tuning(self) -> Artifact:
        """Settings chosen on the validation window."""
        return tuning_stage(
            self.runner, self.config, self.tables_artifact, self.model, self.features, lambda: self.split
        )

    @property
    def _held_out(self) -> _Part:
        split = self.split
        _, flit_type = next(
            iter({(e.config.source, e.config.target) for e in split.train.edges if e.config.role == "action"})
        )
        described = {"split": self.config.evaluation.split.model_dump(mode="json"), "as_of_s": self.as_of_s}
        return _Part("holdout_", split.train, split.at_s, {flit_type: split.available}, described)

    @property
    def _served(self) -> _Part:
        shown = shown_at(self.tables, self.as_of_s)
        return _Part("", shown_tables(self.tables), self.as_of_s, shown, {"as_of_s": self.as_of_s})

    def _line(self, part: _Part) -> dict[str, Artifact]:
        """Run graph to bundle for one part."""
        runner, config, name = self.runner, self.config, part.prefix
        resolved = Resolved.open(self.tuning.path)

        def load() -> Tables:
            return part.tables

        graph = graph_stage(runner, f"{name}graph", config, self.tables_artifact, load, part.described, part.as_of_s)
        hoods = neighbourhoods_stage(runner, f"{name}neighbourhoods", config, graph)
        embeddings = embeddings_stage(runner, f"{name}embeddings", self.model, self.features, graph, hoods)
        interests = interests_stage(
            runner, f"{name}interests", resolved.interests, self.tables_artifact, load, part.described, embeddings,
            part.as_of_s,
        )  # fmt: skip
        index = index_stage(runner, f"{name}index", config, embeddings, part.allowed)
        bundle = self._bundle(part, resolved, embeddings, index, interests)
        return {
            f"{name}{stage}": artifact
            for stage, artifact in {
                "graph": graph, "neighbourhoods": hoods, "embeddings": embeddings, "interests": interests,
                "index": index, "bundle": bundle,
            }.items()
        }  # fmt: skip

    def _bundle(
        self, part: _Part, resolved: Resolved, embeddings: Artifact, index: Artifact, interests: Artifact
    ) -> Artifact:
        """Put everything retrieval needs into one artifact."""

        def write(folder: Path) -> Mapping[str, Any]:
            bundle: Bundle = assemble(
                part.tables, self.config, resolved.interests, resolved.weights, resolved.half_life_days,
                as_of_s=part.as_of_s, embeddings=embeddings.path, index=index.path, interests_at=interests.path,
                allowed=next(iter(part.allowed.values())),
            )  # fmt: skip
            bundle.save(folder)
            return {"shown": int(bundle.allowed.sum()), "actions": bundle.history.num_actions}

        inputs = {
            "tables": self.tables_artifact, "embeddings": embeddings, "index": index, "interests": interests,
            "tuning": self.tuning,
        }  # fmt: skip
        settings = {"part": part.described, "retrieval": self.config.retrieval.model_dump(mode="json")}
        return self.runner.stage(f"{part.prefix}bundle", stage_version=2, config=settings, inputs=inputs, write=write)
