"""MovieLens 1M end to end: cold films held out whole, each user's last like for the rest, beside every baseline.

The data folder holds ncf-ml-1m/ (the leave-one-out split of "Neural Collaborative Filtering") and ml-1m-content/
(users, movies, plots) as parquet; the public originals are GroupLens' ml-1m and the NCF authors' repository.

    python -m benchmarks.movielens --data DIR
"""

import tempfile
from pathlib import Path

from benchmarks.common import Result, arguments
from graphrec.config import load_config
from graphrec.evaluation import Evaluation
from graphrec.pipeline import Runner, run
from graphrec.store import Store

CONFIG = Path(__file__).parent.parent / "configs" / "movielens.yaml"


def main() -> None:
    """Run and write the result file."""
    parser = arguments("movielens", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--store", type=Path, default=None, help="keep the store here; default: a temporary one")
    options = parser.parse_args()
    result = Result("movielens", 0)
    with tempfile.TemporaryDirectory() as folder:
        measure(options.data, options.store or Path(folder) / "store", result)
    result.save(options.out)


def measure(data: Path, where: Path, result: Result) -> None:
    """Run the config and add every figure of the table; then once more without places kept for cold films."""
    store = Store(where)
    evaluation, seconds = _run(data, store)
    for one in evaluation.figures(slices=("all", "warm", "cold", "light", "heavy")):
        if one["value"] is not None:
            result.add(one["name"], one["value"])
    for name, value in evaluation.slices["all"].counts().items():
        result.add(name, value)
    result.add("seconds", seconds, unit="s", better="lower")
    result.tables.append({"title": "differences", "rows": evaluation.differences.fill_nan(None).to_dicts()})
    without, _ = _run(data, store, "retrieval.cold_share=0", "evaluation.baselines=[popular]")
    for one in without.figures(slices=("all", "warm", "cold")):
        if one["name"].startswith("graphrec.") and one["value"] is not None:
            result.add(one["name"].replace("graphrec.", "graphrec_cold_share_0."), one["value"])


def _run(data: Path, store: Store, *changes: str) -> tuple[Evaluation, float]:
    """Return what a run measured, and its seconds."""
    config = load_config(CONFIG, [f"data={data}", f"store={store.root}", *changes])
    runner = Runner(store)
    version = run(config, runner=runner)
    evaluation = Evaluation.open(store.artifact(version, "evaluation").path)
    return evaluation, sum(one.seconds for one in runner.history)


if __name__ == "__main__":
    main()
