"""Searching settings: trials up to the tuning stage, compared by recall on the validation window, never on test days.

Successive halving (Jamieson and Talwalkar, AISTATS 2016): every trial trains briefly, the better half trains again for
twice the epochs, until the last rung trains as long as the config says. Trials share every stage that their settings do
not reach, and a trial that is in the store already is found there: a search that was stopped goes on.
"""

import itertools
import json
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from graphrec.config import RunConfig, load_config, read_values
from graphrec.engine import Engine, LocalEngine
from graphrec.errors import ConfigError
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.pipeline.line import Line
from graphrec.pipeline.runner import Progress, Runner, silent
from graphrec.store import Store

logger = logging.getLogger(__name__)
METRIC = "validation_recall@50"
FIXED = ("data", "store", "as_of", "nodes", "edges", "quality", "evaluation", "runtime", "search", "training.window")
"""What no search may change: where work runs, or what the validation window is and holds."""
Setting = Mapping[str, Any]
"""Dotted name to value."""


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        trials: A row per trial and rung, the best of the last rung first: ``rung``, ``epochs``, a column per setting,
            ``validation_recall@50``, ``seconds``.
        best: The settings of the first row.
    """

    trials: pl.DataFrame
    best: Setting


def search(
    path: Path | str, overrides: Sequence[str] = (), *, absolute: bool = False, on_progress: Progress = silent
) -> Found:
    """Try the settings that the config's section ``search`` declares.

    Args:
        path: A config file.
        overrides: ``a.b=value`` settings in place of the file's.
        absolute: Refuse relative paths, as jobs do.
        on_progress: Told of trials done in each rung.

    Raises:
        ConfigError: If the space is empty, names what no search may change, or holds a value that breaks a rule.
    """
    config = load_config(path, overrides, absolute=absolute)
    drawn = draw(config)
    rungs = epochs_of_rungs(config, len(drawn))

    def configured(setting: Setting, epochs: int) -> RunConfig:
        rung = f"{epochs_name(config)}={epochs}"
        return load_config(path, [*overrides, rung, *_texts(setting)], absolute=absolute)

    for setting in drawn:
        configured(setting, rungs[-1])  # a broken rule is told before anything runs
    base = Line(config, Runner.of(config))
    _ = base.tables, base.features  # read by every trial: once, and with all workers
    return _climb(drawn, rungs, configured, base.runner.engine, on_progress)


def draw(config: RunConfig) -> list[Setting]:
    """Return the trials: all combinations of the space, or so many of them drawn alike without repetition.

    Raises:
        ConfigError: If the space is empty or names what no search may change.
    """
    space, limit = config.search.space, config.search.trials
    if not space:
        raise ConfigError("search.space must name settings and their values (got none), such as model.dim: [64, 128]")
    for name in space:
        if name.startswith(FIXED):
            raise ConfigError(f"search.space must leave {name!r} alone: trials could not be compared; take it out")
    if epochs_name(config) in space and config.search.rungs > 1:
        raise ConfigError(
            f"search.rungs must be 1 where the space holds {epochs_name(config)}: rungs set the epochs themselves"
        )
    sizes = [len(values) for values in space.values()]
    total = math.prod(sizes)
    chosen = np.arange(total)
    if total > limit:
        chosen = np.sort(np.random.default_rng(config.search.seed).choice(total, limit, replace=False))
    combinations = itertools.product(*space.values())
    wanted = set(chosen.tolist())
    return [dict(zip(space, one, strict=True)) for number, one in enumerate(combinations) if number in wanted]


def epochs_name(config: RunConfig) -> str:
    """Return the setting that says how long the config's preset trains."""
    return "training.epochs" if config.trains else "model.epochs"


def epochs_of_rungs(config: RunConfig, trials: int) -> list[int]:
    """Return the epochs of each rung, the last one the config's; no more rungs than halvings of the trials."""
    rungs = min(config.search.rungs, 1 + int(math.log2(max(trials, 1))))
    full = config.model.epochs if isinstance(config.model, LightGCNConfig | TwhinConfig) else config.training.epochs
    return [max(1, round(full / 2 ** (rungs - 1 - number))) for number in range(rungs)]


def _climb(
    drawn: list[Setting],
    rungs: Sequence[int],
    configured: Callable[[Setting, int], RunConfig],
    engine: Engine,
    on_progress: Progress,
) -> Found:
    """Run the rungs, each with the better half of the one before."""
    rows: list[dict[str, Any]] = []
    left = drawn
    for number, epochs in enumerate(rungs):
        name = f"rung {number + 1} of {len(rungs)}"
        parts = [configured(one, epochs) for one in left]
        results = engine.map_parts(run_trial, parts, engine.device, name="search", on_done=partial(on_progress, name))
        order = sorted(range(len(left)), key=lambda place: -results[place][METRIC])
        rung = [{"rung": number + 1, "epochs": epochs, **left[place], **results[place]} for place in order]
        rows = rung + rows
        left = [left[place] for place in order[: max(1, len(left) // 2)]]
        logger.info("%s: best %s %.4f", name, left[0], rung[0][METRIC])
    return Found(_table(rows), left[0])


def run_trial(config: RunConfig, device: str = "cpu") -> dict[str, float]:
    """Run one trial up to the tuning stage, in this process; return its recall and its seconds."""
    started = time.perf_counter()
    here = LocalEngine(config.runtime.workers, device)
    facts = Line(config, Runner(Store(config.store), here)).tuning.facts
    return {METRIC: float(facts[METRIC]), "seconds": time.perf_counter() - started}


def write_found(found: Found, path: Path | str, overrides: Sequence[str], folder: Path) -> None:
    """Write ``trials.csv``, and ``best.yaml``: the config with the best settings put in.

    Args:
        found: What a search found.
        path: The config file that was searched.
        overrides: Settings that were in place of the file's.
        folder: Where they go; made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found.trials.write_csv(folder / "trials.csv")
    config = load_config(path, overrides)
    values = read_values(path, [*overrides, *_texts(found.best)]) | {"data": config.data, "store": config.store}
    del values["search"]
    (folder / "best.yaml").write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def _texts(setting: Setting) -> list[str]:
    """Return a setting as overrides; JSON is YAML."""
    return [f"{name}={json.dumps(value)}" for name, value in setting.items()]


def _table(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame; lists and mappings as JSON, so that they fit into a cell."""
    plain = [
        {name: json.dumps(one) if isinstance(one, list | tuple | dict) else one for name, one in row.items()}
        for row in rows
    ]
    return pl.DataFrame(plain, infer_schema_length=None, strict=False)
