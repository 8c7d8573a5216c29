"""Walk forward day by day: what stands for a user, and how much of tomorrow it brings (PinnerSage's table 3).

The model is trained once, on what came before the first morning. On each morning the graph, the embeddings, the
interests and what may be shown are made anew of what had happened until then; anything newer fails the run. Every
method draws the same number of flits that the user has not met, by exact search. *Recall* is the share of the day's
new actions among them, *relevance* the share that lies within cosine .8 of one of them. Actions on flits that were not
there in the morning are no truth; ``not_there_share`` tells how many they are.

Simulated networks walk their last week, 400 flits a user and day as in the paper. With a data folder so do two public
logs, chosen with their windows by the calendar, before any figure: Deskdrop from the Monday at which the week of
``benchmarks.deskdrop`` begins, two weeks, a hundred of its few articles; Last.fm's tags (HetRec 2011), which are dated
to the month, over the last seven months that are whole, a month a step. The folder holds deskdrop-interactions/ and
hetrec-lastfm-2k/ as parquet; the public originals are Kaggle's "Articles sharing and reading from CI&T DeskDrop" and
GroupLens' hetrec2011-lastfm-2k.

    python -m benchmarks.replay --data DIR                  # without --data: the two simulated networks
    python -m benchmarks.replay --data DIR --only deskdrop  # one of: seed71, seed72, deskdrop, lastfm_tags
"""

import tempfile
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.common import Result, arguments
from benchmarks.forward import Days, Window, replay
from graphrec.config import load_config
from graphrec.errors import DataError
from graphrec.evaluation.report import MIN_USERS
from graphrec.metrics import bootstrap_mean, paired_bootstrap
from graphrec.simulate import SimulationConfig, simulate

SEEDS = (71, 72)
CONFIGS = Path(__file__).parent.parent / "configs"
REFERENCE = "ward, medoid, decay .01"
PAPER = (
    REFERENCE, "ward, centroid", "ward, medoid, decay 0", "ward, medoid, decay .1", "k-means 5, centroid",
    "complete linkage, medoid", "one sampled interest", "decayed average", "last action",
)  # fmt: skip
"""The order of the paper's table 3, the best first, the same by recall and by relevance."""


def main() -> None:
    """Run and write the result file."""
    parser = arguments("replay", __doc__)
    parser.add_argument("--data", type=Path, default=None, help="folder of the logs; without it only networks")
    options = parser.parse_args()
    parts: dict[str, Callable[[Path], Window]] = {f"seed{seed}": partial(network, seed) for seed in SEEDS}
    if options.data is not None:
        parts |= {"deskdrop": partial(deskdrop, options.data), "lastfm_tags": partial(lastfm_tags, options.data)}
    if options.only not in (None, *parts):
        parser.error(f"--only must be one of {', '.join(parts)} (got {options.only}); logs need --data")
    result = Result("replay", list(SEEDS))
    for name in parts if options.only is None else (options.only,):
        with tempfile.TemporaryDirectory() as folder:
            report(result, name, replay(parts[name](Path(folder))))
        result.save(options.out)


def network(seed: int, folder: Path) -> Window:
    """Return a simulated network."""
    simulate(SimulationConfig.preset("default", seed=seed), folder / "data")
    return Window(load_config(CONFIGS / "flutter.yaml", [f"data={folder / 'data'}", f"store={folder / 'store'}"]))


def deskdrop(data: Path, folder: Path) -> Window:
    """Return two weeks of Deskdrop, 25 July to 7 August 2016."""
    window = ["as_of=2016-08-08", "evaluation.split.test_days=14"]
    return Window(load_config(CONFIGS / "deskdrop.yaml", [f"data={data}", f"store={folder}", *window]), budget=100)


def lastfm_tags(data: Path, folder: Path) -> Window:
    """Return seven months of Last.fm's tags, August 2010 to February 2011."""
    return Window(load_config(CONFIGS / "lastfm_tags.yaml", [f"data={data}", f"store={folder}"]), step="1mo")


def report(result: Result, name: str, days: Days) -> None:
    """Add means over users with intervals, paired differences to PinnerSage's own choice and along the paper's order.

    Raises:
        DataError: If there are too few users for a figure.
    """
    users, place = np.unique(days.users, return_inverse=True)
    if len(users) < MIN_USERS:
        raise DataError(f"{name}.users must be at least {MIN_USERS} for a figure (got {len(users)}); walk further")
    for fact, figure in {"users": len(users), **days.facts}.items():
        result.add(f"{name}.{fact}", figure)
    count, steps = np.bincount(place), []
    for kind, values in (("recall", days.recall), ("relevance", days.relevance)):
        mean = {method: np.bincount(place, one) / count for method, one in values.items()}
        for method, one in mean.items():
            _add(result, f"{name}.{method}.{kind}", bootstrap_mean(one, seed=0))
            if method != REFERENCE:
                _add(result, f"{name}.{method}.{kind}.difference", paired_bootstrap(one, mean[REFERENCE], seed=0))
        for above, below in pairwise(PAPER):
            value, low, high = paired_bootstrap(mean[above], mean[below], seed=0)
            steps.append({"step": f"{above} over {below}", "kind": kind, "value": value, "low": low, "high": high})
    result.tables.append({"title": name, "rows": steps})


def _add(result: Result, name: str, interval: tuple[float, float, float]) -> None:
    for suffix, figure in zip(("", ".low", ".high"), interval, strict=True):
        result.add(f"{name}{suffix}", figure)


if __name__ == "__main__":
    main()
