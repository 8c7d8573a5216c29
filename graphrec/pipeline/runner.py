"""Runs a stage unless its fingerprint is already published: resume, caching and lineage are one mechanism."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphrec.config import RunConfig
from graphrec.engine import LOCAL, Engine, open_engine
from graphrec.section import Section
from graphrec.store import Artifact, Store, fingerprint

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


@dataclass(frozen=True)
class StageDone:
    """A stage that finished, or was found finished.

    Attributes:
        stage: Its name.
        seconds: Time it took this time.
        found: Whether its artifact was there already.
        facts: What the artifact says of itself.
    """

    stage: str
    seconds: float
    found: bool
    facts: Mapping[str, Any]


def silent(what: str, done: int, total: int) -> None:
    """Report progress to nobody."""


def named(on_progress: Progress, what: str) -> Callable[[int, int], None]:
    """Return a callback that reports one kind of work."""
    return lambda done, total: on_progress(what, done, total)


@dataclass
class Runner:
    """Finds or publishes artifacts in one store.

    Attributes:
        store: Where artifacts go.
        engine: Where stages run.
        on_progress: Called while a stage works.
        on_stage: Called when a stage is done.
        history: Every stage of this run, in order.
    """

    store: Store
    engine: Engine = LOCAL
    on_progress: Progress = silent
    on_stage: Callable[[StageDone], None] = lambda done: None
    history: list[StageDone] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        config: RunConfig,
        *,
        on_progress: Progress = silent,
        on_stage: Callable[[StageDone], None] = lambda done: None,
    ) -> "Runner":
        """Return the runner that a config asks for: its store, and the engine of its ``runtime``.

        Args:
            config: What is run.
            on_progress: Called while a stage works.
            on_stage: Called when a stage is done.

        Raises:
            ConfigError: If a GPU is asked for where there is none.
            EngineError: If the cluster does not answer.
        """
        return cls(Store(config.store), open_engine(config.runtime), on_progress, on_stage)

    def stage(
        self,
        name: str,
        *,
        stage_version: int,
        config: Section | Mapping[str, Any],
        inputs: Mapping[str, Artifact | str],
        write: Callable[[Path], Mapping[str, Any] | None],
        libraries: Sequence[str] = (),
    ) -> Artifact:
        """Return the stage's artifact, publishing it where it is not there yet.

        Args:
            name: Name of the stage.
            stage_version: Raised when the stage's output changes.
            config: Resolved settings that shape the output.
            inputs: Name to artifact read, or to the digest of something that is no artifact.
            write: Writes the output into the folder it is given and returns facts about it.
            libraries: Distributions whose versions shape the output.
        """
        digests = {key: one if isinstance(one, str) else one.digest for key, one in inputs.items()}
        key = fingerprint(name, stage_version=stage_version, config=config, inputs=digests, libraries=libraries)
        start = time.perf_counter()
        artifact = self.store.find(name, key)
        found = artifact is not None
        if artifact is None:
            artifact = self.store.publish(name, key, write, inputs=digests, libraries=libraries)
        done = StageDone(name, time.perf_counter() - start, found, artifact.facts)
        logger.info("%s %s in %.1f s", name, "found" if found else "published", done.seconds)
        self.history.append(done)
        self.on_stage(done)
        return artifact

    def scratch(self, name: str, key: Mapping[str, Any]) -> Path:
        """Return a place for unfinished work that survives a kill: checkpoints, named by what they belong to."""
        digest = fingerprint(name, stage_version=1, config=key, inputs={})
        return self.store.scratch / "checkpoints" / f"{name}-{digest[:16]}"
