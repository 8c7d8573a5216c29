"""What more sources of candidates bring: walks, follows and mixtures beside interests and factors, on two networks.

The held-out bundle of a simulated network is asked as it is, and with a source that draws a quarter as many flits as
the others together; weights stay those that were tuned without it. Differences are paired over users. ``few`` are users
with fewer than ten training actions, whom a mixture is meant for.

    python -m benchmarks.sources [--only seed75]   # one of: seed75, seed76
"""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.common import Result, arguments
from graphrec.config import RunConfig, load_config
from graphrec.evaluation import Held, evaluate
from graphrec.pipeline import Runner
from graphrec.pipeline.drawn import sources_of
from graphrec.pipeline.line import Line
from graphrec.pipeline.measure import BundleRecommender
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.sources import FEW
from graphrec.simulate import SimulationConfig, simulate

SEEDS, K, MOST = (75, 76), 50, 100
CONFIG = Path(__file__).parent.parent / "configs" / "flutter.yaml"
SHIPPED = "shipped"
WAYS: Mapping[str, Mapping[str, int]] = {
    SHIPPED: {}, "walks": {"walks": MOST}, "follows": {"follows": MOST}, "mixture": {"mixture": MOST},
    "all": {"walks": MOST, "follows": MOST, "mixture": MOST},
}  # fmt: skip


def main() -> None:
    """Run and write the result file."""
    options = arguments("sources", __doc__).parse_args()
    result = Result("sources", list(SEEDS))
    for seed in SEEDS:
        if options.only in (None, f"seed{seed}"):
            with tempfile.TemporaryDirectory() as folder:
                measure(result, f"seed{seed}", _network(seed, Path(folder)))
            result.save(options.out)


def _network(seed: int, folder: Path) -> RunConfig:
    """Return the config of a network that is simulated now."""
    simulate(SimulationConfig.preset("default", seed=seed), folder / "data")
    return load_config(CONFIG, [f"data={folder / 'data'}", f"store={folder / 'store'}"])


def measure(result: Result, name: str, config: RunConfig) -> None:
    """Add the recall of every way on one network, for all users and for those with few actions."""
    line = Line(config, Runner.of(config))
    split, bundle = line.split, Bundle.open(line.held_out.bundle.path)
    users, flits = (split.test[column].to_numpy() for column in ("user_row", "flit_row"))
    held = Held.from_edges(users, flits, bundle.history, split.available, split.at_s)
    light = bundle.history.actions_per_user < FEW
    slices = {"all": ("everybody", held), "few": (f"fewer than {FEW} actions", held.only_users(light))}
    asked = {way: BundleRecommender(with_sources(bundle, line, config, most)) for way, most in WAYS.items()}
    found = evaluate(asked, held, bundle.history, (K,), reference=SHIPPED, slices=slices)
    for row in found.frame.filter(metric="recall").to_dicts():
        for suffix, value in (("", row["value"]), (".low", row["low"]), (".high", row["high"])):
            result.add(f"{name}.{row['method']}.recall@{K}.{row['slice']}{suffix}", value)
    for row in found.differences.filter(metric="recall").to_dicts():
        for suffix, value in (("", row["difference"]), (".low", row["low"]), (".high", row["high"])):
            result.add(f"{name}.{row['method']}.gain.{row['slice']}{suffix}", value)
    for part, (_, some) in slices.items():
        result.add(f"{name}.users.{part}", len(some.users))
        result.add(f"{name}.events.{part}", some.num_events)


def with_sources(bundle: Bundle, line: Line, config: RunConfig, most: Mapping[str, int]) -> Bundle:
    """Return the bundle with more sources."""
    retrieval = config.retrieval.model_copy(update={"sources": config.retrieval.sources.model_copy(update=dict(most))})
    fields: dict[str, Any] = sources_of(
        line.split.train, config.model_copy(update={"retrieval": retrieval}), bundle.flit_vectors
    )
    return replace(bundle, settings=replace(bundle.settings, sources=dict(most)), **fields)


if __name__ == "__main__":
    main()
