"""TwHIN: several relations in one space against each alone, one vector against a mixture (kNN-Embed).

On Last.fm (HetRec 2011): a fifth of each user's listens, and a fifth of the friendships, held out; trained on listens,
friends and tags together, and on each relation alone. On simulated networks: the advertisers whose ads a user answers,
from answers alone, and together with promotions and what users do to flits. Settings are chosen on a holdout of the
training edges; popularity and iALS stand in every table.

    python -m benchmarks.twhin --data DIR
"""

import resource
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import Result, arguments
from benchmarks.relations import Holdout, advertisers, friends, listens, read_lastfm
from benchmarks.twhin_methods import METHODS, Bench
from graphrec.evaluation import evaluate

SEEDS = (71, 72)
KS = (10, 50)


def main() -> None:
    """Run and write the result file."""
    parser = arguments("twhin", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the Last.fm tables")
    options = parser.parse_args()
    result = Result("twhin", list(SEEDS))
    if options.only in (None, "lastfm"):
        tables = read_lastfm(options.data)
        measure(result, "listens", listens(tables))
        measure(result, "friends", friends(tables))
    if options.only in (None, "advertisers"):
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as folder:
                measure(result, f"advertisers{seed}", advertisers(Path(folder), seed))
    result.save(options.out)


def measure(result: Result, name: str, holdout: Holdout) -> None:
    """Choose settings on the validation edges, fit on all training edges, add every figure."""
    bench = Bench(holdout)
    found, seconds = {}, {}
    for method, build in METHODS.items():
        started = time.perf_counter()
        scorer = build(bench)
        if scorer is not None:
            found[method], seconds[method] = scorer, time.perf_counter() - started
    test = holdout.test
    evaluation = evaluate(found, test.held, test.seen, KS, reference="joint", slices={"all": ("all", test.held)})
    rows: list[dict[str, Any]] = []
    verdicts = {(row["method"], row["metric"], row["k"]): row for row in evaluation.differences.iter_rows(named=True)}
    for row in evaluation.frame.iter_rows(named=True):
        if row["metric"] in ("recall", "ndcg"):
            rows.append({**row, **_difference(verdicts, row), "seconds": seconds[row["method"]]})
            figure = f"{name}.{row['method']}.{row['metric']}@{row['k']}"
            for suffix, key in (("", "value"), (".low", "low"), (".high", "high")):
                result.add(f"{figure}{suffix}", row[key])
    for key, value in evaluation.slices["all"].counts().items():
        result.add(f"{name}.{key}", value)
    result.add(f"{name}.edges_per_s", bench.edges_per_s, unit="1/s")
    result.add(f"{name}.peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, unit="MB", better="lower")
    result.tables.append({"title": name, "rows": rows})
    result.tables.append({"title": f"{name}: settings tried on validation edges", "rows": bench.tried})


def _difference(verdicts: Mapping[Any, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the paired difference to joint training and whether it is sure."""
    found = verdicts.get((row["method"], row["metric"], row["k"]))
    return {} if found is None else {"difference": found["difference"], "verdict": found["verdict"]}


if __name__ == "__main__":
    main()
