"""The line as one call: tables to a version that ``latest`` names."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphrec.config import RunConfig, load_config
from graphrec.pipeline.line import Line
from graphrec.pipeline.runner import Runner
from graphrec.store import Artifact, Store, Version


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
    runner = runner or Runner.of(config)
    set_threads(config.runtime.workers)
    return publish(runner.store, Line(config, runner).stages())


def publish(store: Store, stages: Mapping[str, Artifact]) -> Version:
    """Add the version that names these artifacts, with what evaluation measured, and point ``latest`` at it."""
    metrics = json.loads((stages["evaluation"].path / "evaluation.json").read_text())
    version = store.add_version(stages, {"figures": metrics["figures"]})
    store.set_alias("latest", version)
    return version


def set_threads(workers: int) -> None:
    """Hold every library to the configured number of threads."""
    import numba
    import torch

    torch.set_num_threads(workers)
    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # processors this process may run on
    numba.set_num_threads(min(workers, most))
