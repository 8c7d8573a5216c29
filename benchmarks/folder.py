"""What benchmarks over a folder of public tables share: one config run end to end, every figure of its evaluation."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common import Result, arguments
from graphrec.config import RunConfig, load_config
from graphrec.evaluation import Evaluation
from graphrec.features import Features
from graphrec.pipeline import Runner, run
from graphrec.pipeline.line import Line
from graphrec.pipeline.measure import OURS
from graphrec.pipeline.measure import measure as evaluated
from graphrec.retrieval.bundle import Bundle
from graphrec.store import Store

CONFIGS = Path(__file__).parent.parent / "configs"
SLICES = ("all", "warm", "cold", "light", "heavy")
METRICS = ("recall", "ndcg", "coverage")


@dataclass(frozen=True)
class Measured:
    """A finished run and what it measured."""

    config: RunConfig
    runner: Runner
    evaluation: Evaluation
    result: Result


def measure_folder(
    name: str, doc: str | None, overrides: Sequence[str] = (), also: Callable[[Measured], None] | None = None
) -> None:
    """Run ``configs/<name>.yaml`` on the folder of the command line and write the result file.

    Args:
        name: The benchmark and its config.
        doc: Description for ``--help``.
        overrides: Settings that differ from the config.
        also: Adds further figures.
    """
    parser = arguments(name, doc)
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--store", type=Path, default=None, help="keep the store here; default: a temporary one")
    options = parser.parse_args()
    result = Result(name, 0)
    with tempfile.TemporaryDirectory() as folder:
        places = [f"data={options.data}", f"store={options.store or Path(folder) / 'store'}"]
        measured = measure(load_config(CONFIGS / f"{name}.yaml", [*places, *overrides]), result)
        if also is not None:
            also(measured)
    result.save(options.out)


def measure(config: RunConfig, result: Result) -> Measured:
    """Run a config and add every figure of its table."""
    store = Store(config.store)
    runner = Runner.of(config)
    version = run(config, runner=runner)
    evaluation = Evaluation.open(store.artifact(version, "evaluation").path)
    days = [name for name in evaluation.slices if name.startswith("day_")]
    results = [name for name in days if evaluation.slices[name].is_result]
    for one in evaluation.figures(slices=(*SLICES, *results)):
        if one["value"] is not None:
            result.add(one["name"], one["value"])
    for name, value in evaluation.slices["all"].counts().items():
        result.add(name, value)
    result.add("seconds", sum(one.seconds for one in runner.history), unit="s", better="lower")
    shown = evaluation.frame.filter(pl.col("slice").is_in(SLICES), pl.col("metric").is_in(METRICS))
    result.tables.append({"title": "figures", "rows": shown.fill_nan(None).to_dicts()})
    result.tables.append({"title": "differences", "rows": evaluation.differences.fill_nan(None).to_dicts()})
    if days:
        result.tables.append({"title": "days", "rows": [_day(evaluation, name) for name in days]})
    return Measured(config, runner, evaluation, result)


def known_alone(measured: Measured) -> None:
    """Add graphrec's recall of flits met before, by the same weights, where no place of a list is another flit's.

    What collaborative filtering can be compared with: it knows no others.
    """
    line = Line(measured.config, measured.runner)
    bundle = Bundle.open(line.held_out.bundle.path)
    alone = replace(
        bundle, settings=replace(bundle.settings, cold_share=0.0), allowed=np.asarray(bundle.allowed & ~bundle.cold)
    )
    config = measured.config.model_copy(
        update={"evaluation": measured.config.evaluation.model_copy(update={"baselines": ("als",)})}
    )
    evaluation = evaluated(config, alone, Features.open(line.features.path), line.split, measured.runner)
    cut = max(evaluation.frame["k"])
    kept = pl.col("slice") == "warm", pl.col("metric") == "recall", pl.col("k") == cut
    (own,) = evaluation.frame.filter(*kept, pl.col("method") == OURS)["value"]
    measured.result.add(f"known_alone.recall@{cut}.warm", own)
    beside = evaluation.differences.filter(*kept).with_columns(own=pl.lit(own))
    measured.result.tables.append({"title": "known alone", "rows": beside.to_dicts()})


def _day(evaluation: Evaluation, name: str) -> dict[str, object]:
    """Return one day of the test window: what it rests on, and each method's recall at the longest cut."""
    cut = max(evaluation.frame["k"])
    rows = evaluation.frame.filter(slice=name, metric="recall", k=cut)
    recall = dict(zip(rows["method"], rows["value"], strict=True))
    return {"day": name, **evaluation.slices[name].to_dict(), f"recall@{cut}": recall}
