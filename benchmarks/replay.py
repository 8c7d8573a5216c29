"""Walk forward day by day: what stands for a user, and how much of tomorrow it brings (PinnerSage's table 3).

The model is trained once, on what came before the first day. Before each day the graph, the embeddings, the interests
and what may be shown are those of that morning; any row that is newer fails the run. Every method draws 400 flits that
the user has not met, by exact search. *Recall* is the share of the day's new actions among them, *relevance* the share
that lies within cosine .8 of one of them.

    python -m benchmarks.replay               # two simulated networks
    python -m benchmarks.replay --only 72     # one of them
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common import Result, arguments
from benchmarks.users import METHODS, Morning, queries_of
from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.config import RunConfig, load_config
from graphrec.graph.build import build_graph
from graphrec.graph.split import Split, action_types, split_at
from graphrec.interests import InterestConfig, resolve_interest_config
from graphrec.metrics import Doubles, bootstrap_mean, paired_bootstrap
from graphrec.pipeline import Runner
from graphrec.pipeline.assembly import history_of
from graphrec.pipeline.encoder import embed_graph
from graphrec.pipeline.line import Line
from graphrec.simulate import SimulationConfig, simulate
from graphrec.store import Store
from graphrec.tables.clean import Tables

SEEDS = (71, 72)
CONFIG = Path(__file__).parent.parent / "configs" / "flutter.yaml"
REFERENCE = "ward, medoid, decay .01"
BUDGET, NEAR, DAY_S, DAYS = 400, 0.8, 86_400, 7


def main() -> None:
    """Run and write the result file."""
    options = arguments("replay", __doc__).parse_args()
    seeds = SEEDS if options.only is None else (int(options.only),)
    result = Result("replay", list(SEEDS))
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            simulate(SimulationConfig.preset("default", seed=seed), Path(folder) / "data")
            config = load_config(CONFIG, [f"data={folder}/data", f"store={folder}/store"])
            report(result, f"seed{seed}", replay(config))
        result.save(options.out)


@dataclass(frozen=True)
class Days:
    """What the methods brought, one row per user and day.

    Attributes:
        users: User of each row.
        recall: Method to the share of the day's new actions it drew.
        relevance: Method to the share that lies near something it drew.
    """

    users: RowVector
    recall: Mapping[str, Doubles]
    relevance: Mapping[str, Doubles]


def replay(config: RunConfig, days: int = DAYS) -> Days:
    """Walk the days of the test window."""
    line = Line(config, Runner(Store(config.store)))
    start_s = line.split.at_s
    assert start_s is not None, "the replay needs dated actions"
    settings: InterestConfig | None = None
    rows: list[pl.DataFrame] = []
    for day in range(days):
        split = split_at(line.known, start_s + day * DAY_S, start_s + (day + 1) * DAY_S)
        vectors, user_vectors = embedded(config, line, split)
        history = history_of(split.train)
        if settings is None:
            settings = resolve_interest_config(history, vectors, config.interests, as_of_s=split.at_s)
        assert split.at_s is not None
        morning = Morning(history, vectors, user_vectors, settings, split.at_s, seed=day)
        rows.append(measured(morning, split))
    found = pl.concat(rows)
    kinds = ({name: found[f"{kind} {name}"].to_numpy() for name in METHODS} for kind in ("recall", "relevance"))
    return Days(found["user"].to_numpy(), *kinds)


def embedded(config: RunConfig, line: Line, split: Split) -> tuple[FloatMatrix, FloatMatrix]:
    """Return flit and user vectors as they are at the morning of a split."""
    check_past(split.train, split.at_s)
    user_type, flit_type = action_types(split.train)
    graph = build_graph(split.train, as_of_s=split.at_s)
    vectors = embed_graph(line.model.path, line.features.path, graph, config.neighbourhoods).vectors
    return np.asarray(vectors[flit_type]), np.asarray(vectors[user_type])


def check_past(tables: Tables, at_s: int | None) -> None:
    """Fail where a row is not older than the morning: an edge, and with it every count and feature made of it."""
    for edges in tables.edges:
        if "time_s" in edges.frame.columns and at_s is not None:
            late = edges.frame["time_s"].to_numpy() >= at_s
            assert not late.any(), f"{edges.config.relation} must end before {at_s} (got {int(late.sum())} newer edges)"


def measured(morning: Morning, split: Split) -> pl.DataFrame:
    """Return recall and relevance of every method for every user who acts on something new that day."""
    day = split.test.group_by("user_row", maintain_order=True).agg(pl.col("flit_row").unique())
    lines = []
    for user, wanted in day.iter_rows():
        if not len(morning.history.of(user).rows) or not len(morning.interests.of(user).medoid):
            continue
        allowed = split.available.copy()
        allowed[morning.history.of(user).rows] = False
        truth, one = np.asarray(wanted, dtype=np.int32), {"user": user}
        for name in METHODS:
            drawn = nearest(morning.flits, *queries_of(name, morning, user), allowed)
            one[f"recall {name}"] = float(np.isin(truth, drawn).mean())
            near = (morning.flits[truth] @ morning.flits[drawn].T).max(axis=1, initial=-1.0) >= NEAR
            one[f"relevance {name}"] = float(near.mean())
        lines.append(one)
    return pl.DataFrame(lines)


def nearest(flits: FloatMatrix, queries: FloatMatrix, share: FloatVector, allowed: BoolVector) -> RowVector:
    """Return :data:`BUDGET` flits, each query bringing its share of them, nearest first, none twice.

    Args:
        flits: Unit vectors, float32 ``[num_flits, dim]``.
        queries: Vectors, float32 ``[queries, dim]``.
        share: Of the budget, ``[queries]``, summing to 1.
        allowed: Flits that may be drawn, bool ``[num_flits]``.
    """
    free = allowed.copy()
    found: list[RowVector] = []
    for number, query in enumerate(queries):
        count = round(BUDGET * float(share[: number + 1].sum())) - sum(len(one) for one in found)
        rows = np.flatnonzero(free).astype(np.int32)
        scores = flits[rows] @ query
        best = rows[np.argpartition(-scores, min(count, len(rows) - 1))[:count]] if count > 0 else rows[:0]
        free[best] = False
        found.append(best)
    return np.concatenate(found).astype(np.int32)


def report(result: Result, name: str, days: Days) -> None:
    """Add means over users with intervals, and paired differences to PinnerSage's own choice."""
    users, place = np.unique(days.users, return_inverse=True)
    result.add(f"{name}.users", len(users))
    count = np.bincount(place)
    for kind, values in (("recall", days.recall), ("relevance", days.relevance)):
        mean = {method: np.bincount(place, one) / count for method, one in values.items()}
        for method, one in mean.items():
            value, low, high = bootstrap_mean(one, seed=0)
            for suffix, figure in (("", value), (".low", low), (".high", high)):
                result.add(f"{name}.{method}.{kind}{suffix}", figure)
            if method != REFERENCE:
                difference = paired_bootstrap(one, mean[REFERENCE], seed=0)
                for suffix, figure in zip(("", ".low", ".high"), difference, strict=True):
                    result.add(f"{name}.{method}.{kind}.difference{suffix}", figure)


if __name__ == "__main__":
    main()
