"""The stages of one config: each is found or run when it is first asked for."""

from functools import cached_property

from graphrec.config import RunConfig
from graphrec.errors import ConfigError
from graphrec.graph.split import Split, action_types, newest_event_s, shown_tables, split_tables, tables_before
from graphrec.pipeline.assembly import Part, history_of, shown_at
from graphrec.pipeline.factors import factors_stage
from graphrec.pipeline.indexes import index_stage
from graphrec.pipeline.lists import lists_stage
from graphrec.pipeline.measure import evaluation_stage
from graphrec.pipeline.projection import projection_stage
from graphrec.pipeline.resolved import Resolved
from graphrec.pipeline.runner import Runner
from graphrec.pipeline.stages import (
    bundle_stage,
    embeddings_stage,
    features_stage,
    graph_stage,
    interests_stage,
    model_stage,
    neighbourhoods_stage,
    tables_stage,
)
from graphrec.pipeline.tuning import tuning_stage
from graphrec.store import Artifact
from graphrec.tables.clean import Tables

SHARED = ("tables", "features", "model", "tuning")
"""Stages that both lines stand on."""
PER_PART = ("graph", "neighbourhoods", "embeddings", "interests", "factors", "index", "bundle")
"""Stages that run once on what came before the split, and once on everything."""


class Line:
    """The stages of one config.

    Args:
        config: What to run.
        runner: Where artifacts go.
    """

    def __init__(self, config: RunConfig, runner: Runner) -> None:
        self.config = config
        self.runner = runner

    def stages(self) -> dict[str, Artifact]:
        """Return every artifact that a version names, running what is missing."""
        shared = {name: getattr(self, name) for name in SHARED}
        held_out = {**self.held_out.stages(), "evaluation": self.evaluation}
        served = {**self.served.stages(), **({"lists": self.lists} if self.config.lists.k else {})}
        return {**shared, **held_out, **served, "projection": self.projection}

    def stage(self, name: str) -> list[Artifact]:
        """Return the artifacts of one stage, running what is missing up to it: of both lines where it runs in both.

        Raises:
            ConfigError: If the config has no such stage.
        """
        if name == "neighbourhoods" and not self.config.walks:
            raise ConfigError(
                f"neighbourhoods must be walked by a preset that reads them (got {self.config.model.preset})"
            )
        if name == "lists" and not self.config.lists.k:
            raise ConfigError("lists.k must be above 0 for lists to be kept (got 0)")
        if name in PER_PART:
            return [getattr(part, name) for part in (self.held_out, self.served)]
        return [getattr(self, name)]

    @cached_property
    def tables(self) -> Artifact:
        """Clean tables."""
        return tables_stage(self.runner, self.config)

    @cached_property
    def known(self) -> Tables:
        """Clean tables up to ``as_of``."""
        tables = Tables.open(self.tables.path, self.config.input)
        as_of_s = self.config.as_of_s
        return tables if as_of_s is None else tables_before(tables, as_of_s)

    @cached_property
    def as_of_s(self) -> int | None:
        """The instant after the newest event, or the configured one."""
        newest = newest_event_s(self.known)
        if self.config.as_of_s is None:
            return None if newest is None else newest + 1
        if newest is None:
            raise ConfigError("as_of must be null where no edge is dated (got a time); remove it")
        return self.config.as_of_s

    @cached_property
    def split(self) -> Split:
        """What is known and what is held out."""
        return split_tables(self.known, self.config.evaluation.split, as_of_s=self.as_of_s)

    @cached_property
    def features(self) -> Artifact:
        """Content features; what is learnt from data is learnt before the split."""
        fit_until_s = self.split.at_s
        return features_stage(self.runner, self.config, self.tables, lambda: self.known, fit_until_s=fit_until_s)

    @cached_property
    def model(self) -> Artifact:
        """The trained encoder."""
        return model_stage(self.runner, self.config, self.tables, self.features, lambda: self.split)

    @cached_property
    def tuning(self) -> Artifact:
        """Settings chosen on the validation window."""
        return tuning_stage(self.runner, self.config, self.tables, self.model, self.features, lambda: self.split)

    @cached_property
    def evaluation(self) -> Artifact:
        """The held-out line measured beside the baselines."""
        return evaluation_stage(
            self.runner, self.config, self.held_out.bundle, self.features, self.tables, lambda: self.split
        )

    @cached_property
    def lists(self) -> Artifact:
        """The served answers to every user."""
        return lists_stage(self.runner, self.config, self.served.bundle)

    @cached_property
    def projection(self) -> Artifact:
        """The served flits on a plane."""
        return projection_stage(self.runner, self.config, self.served.embeddings, self.tables, lambda: self.known)

    @cached_property
    def held_out(self) -> "PartLine":
        """The line over what came before the split."""
        split = self.split
        _, flit_type = action_types(split.train)
        described = {"split": self.config.evaluation.split.model_dump(mode="json"), "as_of_s": self.as_of_s}
        return PartLine(self, Part("holdout_", split.train, split.at_s, {flit_type: split.available}, described))

    @cached_property
    def served(self) -> "PartLine":
        """The line over everything, which is served."""
        shown = shown_at(self.known, self.as_of_s)
        return PartLine(self, Part("", shown_tables(self.known), self.as_of_s, shown, {"as_of_s": self.as_of_s}))


class PartLine:
    """Graph to bundle over one part of the rows, with the line's model.

    Args:
        line: What both parts share.
        part: Which rows, and what the stage names start with.
    """

    def __init__(self, line: Line, part: Part) -> None:
        self._line = line
        self._part = part

    def stages(self) -> dict[str, Artifact]:
        """Return the artifacts by their full names."""
        config = self._line.config
        left_out = {"neighbourhoods"} if not config.walks else set()
        left_out |= {"factors"} if not config.retrieval.factors_weight else set()
        names = [name for name in PER_PART if name not in left_out]
        return {f"{self._part.prefix}{name}": getattr(self, name) for name in names}

    @cached_property
    def _resolved(self) -> Resolved:
        return Resolved.open(self._line.tuning.path)

    @cached_property
    def graph(self) -> Artifact:
        """The graph of this part."""
        line, part = self._line, self._part
        return graph_stage(
            line.runner, f"{part.prefix}graph", line.config, line.tables, lambda: part.tables, part.described,
            part.as_of_s,
        )  # fmt: skip

    @cached_property
    def neighbourhoods(self) -> Artifact:
        """Its walks."""
        return neighbourhoods_stage(
            self._line.runner, f"{self._part.prefix}neighbourhoods", self._line.config, self.graph
        )

    @cached_property
    def embeddings(self) -> Artifact:
        """Every node embedded in it."""
        line = self._line
        inputs = {"model": line.model, "features": line.features}
        if line.config.walks:
            inputs["neighbourhoods"] = self.neighbourhoods
        return embeddings_stage(line.runner, f"{self._part.prefix}embeddings", line.config, inputs, self.graph)

    @cached_property
    def interests(self) -> Artifact:
        """Every user's interests."""
        line, part = self._line, self._part
        return interests_stage(
            line.runner, f"{part.prefix}interests", self._resolved.interests, line.tables, lambda: part.tables,
            part.described, self.embeddings, part.as_of_s,
        )  # fmt: skip

    @cached_property
    def factors(self) -> Artifact:
        """The collaborative source."""
        line, part = self._line, self._part
        inputs = {"tables": line.tables, "model": line.model, "features": line.features}
        return factors_stage(line.runner, line.config, part, lambda: history_of(part.tables), inputs)

    @cached_property
    def index(self) -> Artifact:
        """What may be shown, indexed."""
        line, exponent = self._line, self._resolved.length_exponent
        return index_stage(line.runner, line.config, exponent, self._part, self.embeddings, line.features)

    @cached_property
    def bundle(self) -> Artifact:
        """Everything retrieval needs."""
        line, part = self._line, self._part
        inputs = {
            "tables": line.tables, "embeddings": self.embeddings, "index": self.index, "interests": self.interests,
            "tuning": line.tuning,
        }  # fmt: skip
        if line.config.retrieval.factors_weight:
            inputs["factors"] = self.factors
        return bundle_stage(line.runner, f"{part.prefix}bundle", line.config, self._resolved, part, inputs)
