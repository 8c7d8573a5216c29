"""The LightGCN/NGCF protocol: given train and test pairs, all unseen items ranked, Recall@20 and NDCG@20.

A folder holds train.parquet and test.parquet with columns user and item (whole numbers), as the authors of NGCF and
LightGCN publish Gowalla, Yelp2018 and Amazon-Book. Settings are chosen on a holdout of the training rows (the column
lightgcnpp_valid where there is one, otherwise a random tenth), then everything is fitted on all training rows, and the
test rows are read once per method. Intervals resample users.

    python -m benchmarks.lightgcn_split --data DIR                       # every part
    python -m benchmarks.lightgcn_split --data DIR --only peers          # one of: peers, dim, free, fused
    python -m benchmarks.lightgcn_split --data DIR --dim 64 --recs OUT.parquet
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Result, arguments
from benchmarks.pairs import Pairs, add_figures, read_pairs, write_recommendations
from graphrec.evaluation.baselines import popular
from graphrec.evaluation.collaborative import Fused, ItemNeighbours, lightgcn, svd
from graphrec.evaluation.interactions import Walks, ials
from graphrec.evaluation.recommender import Scorer
from graphrec.metrics import Doubles
from graphrec.models.config.lightgcn import LightGCNConfig

K = 20
ASKED_WHILE_TUNING = 8_000
"""Users of the holdout that settings are compared by."""
SEEDS = (0, 1, 2)
PARTS = ("peers", "dim", "free", "fused")
START: Mapping[str, Any] = {"negatives": 1_000_000}
"""All items are negatives: no noise from drawing them, and fewer epochs."""
AXES: Mapping[str, Sequence[Any]] = {
    "temperature": (0.11, 0.09, 0.13),
    "users_per_step": (1024, 2048),
    "epochs": (10, 16),
    "num_layers": (3, 2),
}
"""Settings tried one axis after the other, the first of each as the start."""
WIDTHS = (128, 256)
WALKS = [{"alpha": alpha, "beta": beta} for alpha in (0.5, 0.7, 0.9) for beta in (0.15, 0.3, 0.45)]
WALK_WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
ALS = [{"alpha": alpha, "regularization": penalty} for alpha in (5.0, 20.0, 60.0) for penalty in (10.0, 50.0, 200.0)]

Builder = Callable[[Pairs], Scorer]


@dataclass
class Bench:
    """A folder, what was tuned on its holdout, and where figures go.

    Attributes:
        holdout: Train without the holdout, beside it.
        test: Train beside test.
        result: Where figures go.
        dim: Width of the embedding where it is given.
        deadline_s: No further setting is tried after it, by ``time.perf_counter``.
        tried: Every setting tried, for the result file.
        seconds: What was measured to the seconds its fit took.
        by_user: What was measured to its figures per user of the test, float64 ``[users]`` each.
    """

    holdout: Pairs
    test: Pairs
    result: Result
    dim: int
    deadline_s: float
    tried: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    by_user: dict[str, Mapping[str, Doubles]] = field(default_factory=dict)

    @cached_property
    def asked(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Users of the holdout that settings are compared by."""
        users = self.holdout.users
        return users[:: max(1, len(users) // ASKED_WHILE_TUNING)]

    def validated(self, name: str, scorer: Scorer, setting: object = None) -> float:
        """Return a scorer's recall on the holdout, and keep it with its setting."""
        recall = float(self.holdout.figures(self.holdout.lists(scorer, K, self.asked), K, self.asked)["recall"].mean())
        self.tried.append({"method": name, "setting": str(setting), f"validation recall@{K}": round(recall, 5)})
        print(f"  {name} {setting}: validation recall@{K} {recall:.4f}", flush=True)
        return recall

    def best(self, name: str, builders: Mapping[Any, Builder], *, deadline_s: float | None = None) -> Any:
        """Return the key of the builder with the highest recall on the holdout; late ones are not tried."""
        deadline_s = self.deadline_s if deadline_s is None else deadline_s
        recalls: dict[Any, float] = {}
        for key, build in builders.items():
            if not recalls or time.perf_counter() < deadline_s:
                recalls[key] = self.validated(name, build(self.holdout), key)
        return max(recalls, key=lambda key: recalls[key])

    def measure(self, name: str, build: Builder, fitted: str | None = None) -> Scorer:
        """Fit on all training rows, add figures on the test rows, return the scorer.

        Args:
            name: What figures start with.
            build: Fits it.
            fitted: An earlier one whose fit is part of this one, and whose seconds count here too.
        """
        started = time.perf_counter()
        scorer = build(self.test)
        seconds = time.perf_counter() - started + (self.seconds.get(fitted, 0.0) if fitted else 0.0)
        self.seconds[name] = seconds
        self.by_user[name] = self.test.figures(self.test.lists(scorer, K), K)
        add_figures(self.result, name, self.by_user[name], K)
        self.result.add(f"{name}train_seconds", seconds, unit="s", better="lower")
        return scorer

    @cached_property
    def walks(self) -> Mapping[str, float]:
        """Settings of the walks, chosen on the holdout."""
        chosen: int = self.best("walks", {place: walk_builder(one) for place, one in enumerate(WALKS)})
        return WALKS[chosen]

    @cached_property
    def embedding(self) -> LightGCNConfig:
        """Settings at the asked width, chosen on the holdout axis by axis."""
        first = {name: values[0] for name, values in AXES.items()}
        config = LightGCNConfig.parse({"dim": self.dim, **START, **first})
        for axis, values in AXES.items():
            tried = {value: _changed(config, axis, value) for value in values}
            config = tried[self.best(axis, {value: embedding_builder(one) for value, one in tried.items()})]
        return config

    @cached_property
    def widest(self) -> LightGCNConfig:
        """The same settings at the width that the holdout likes best."""
        widths = {width: _changed(self.embedding, "dim", width) for width in WIDTHS}
        chosen: int = self.best("dim", {width: embedding_builder(one) for width, one in widths.items()})
        return widths[chosen]


def walk_builder(setting: Mapping[str, float]) -> Builder:
    """Return a builder of walk scores."""
    return lambda pairs: Walks(pairs.history, pairs.available, **setting)  # type: ignore[arg-type]


@cache
def trained(pairs: Pairs, config: LightGCNConfig) -> Scorer:
    """Return trained id vectors; each setting is trained once on each side."""
    return lightgcn(pairs.history, pairs.available, config)


def embedding_builder(config: LightGCNConfig) -> Builder:
    """Return a builder of trained id vectors."""
    return lambda pairs: trained(pairs, config)


def _changed(config: LightGCNConfig, name: str, value: object) -> LightGCNConfig:
    return config.model_copy(update={name: value})


def measure_peers(bench: Bench) -> None:
    """Add popularity, SVD, item neighbours, walks and iALS at two widths."""
    bench.measure("popular.", lambda pairs: popular(pairs.history, pairs.available))
    bench.measure("svd64.", lambda pairs: svd(pairs.history, pairs.available, factors=64))
    bench.measure("svd256.", lambda pairs: svd(pairs.history, pairs.available, factors=256))
    sizes: dict[int, Builder] = {
        size: lambda pairs, size=size: ItemNeighbours(pairs.history, pairs.available, neighbours=size)  # type: ignore[misc]
        for size in (50, 200)
    }
    bench.measure("item_knn.", sizes[bench.best("item_knn", sizes)])
    bench.measure("walks.", walk_builder(bench.walks))

    def als(width: int, setting: Mapping[str, float]) -> Builder:
        return lambda pairs: ials(pairs.history, pairs.available, factors=width, **setting)  # type: ignore[arg-type]

    chosen = ALS[bench.best("als64", {place: als(64, one) for place, one in enumerate(ALS)})]
    for width in (64, 128):
        bench.measure(f"als{width}.", als(width, chosen))


def measure_dim(bench: Bench, recs: Path | None) -> None:
    """Measure the embedding at the asked width, over several seeds."""
    bench.result.add("dim", bench.dim)
    for seed in SEEDS:
        builder = embedding_builder(_changed(bench.embedding, "seed", seed))
        scorer = bench.measure("" if seed == SEEDS[0] else f"seed{seed}.", builder)
        if seed == SEEDS[0] and recs is not None:
            write_recommendations(recs, bench.test.users, bench.test.lists(scorer, K))
    bench.result.tables.append({"title": "embedding", "rows": [bench.embedding.model_dump(mode="json")]})


def measure_free(bench: Bench) -> None:
    """Measure the embedding at the width that the holdout likes best."""
    bench.result.add("free.dim", bench.widest.dim)
    bench.measure("free.", embedding_builder(bench.widest))


def measure_fused(bench: Bench) -> None:
    """Fuse the widest embedding's scores with walk scores, as retrieval fuses sources; not a plain inner product.

    The gain over the inner product alone is paired over users.
    """
    if "free." not in bench.by_user:
        measure_free(bench)
    parts = [build(bench.holdout) for build in (embedding_builder(bench.widest), walk_builder(bench.walks))]
    mixed: dict[float, Builder] = {weight: lambda _, w=weight: Fused(parts, [1.0, w]) for weight in WALK_WEIGHTS}  # type: ignore[misc]
    weight: float = bench.best("fused", mixed, deadline_s=math.inf)  # no weight trains anything
    bench.result.add("fused.walk_weight", weight)

    def build(pairs: Pairs) -> Scorer:
        return Fused([embedding_builder(bench.widest)(pairs), walk_builder(bench.walks)(pairs)], [1.0, weight])

    bench.measure("fused.", build, fitted="free.")
    own, fused = bench.by_user["free."], bench.by_user["fused."]
    gains = {metric: fused[metric] - own[metric] for metric in fused}
    add_figures(bench.result, "fused.over_free.", gains, K)


def main() -> None:
    """Run and write the result file."""
    parser = arguments("lightgcn_split", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of train.parquet and test.parquet")
    parser.add_argument("--dim", type=int, default=64, help="width of the embedding")
    parser.add_argument("--recs", type=Path, default=None, help="write its recommendations here: user, item, rank")
    parser.add_argument("--minutes", type=float, default=75.0, help="no further setting is tried after so many")
    options = parser.parse_args()
    parts = PARTS if options.only is None else (options.only,)
    if not set(parts) <= set(PARTS):
        parser.error(f"--only must be one of {', '.join(PARTS)} (got {options.only})")
    holdout, test = read_pairs(options.data)
    deadline_s = time.perf_counter() + 60 * options.minutes
    bench = Bench(holdout, test, Result("lightgcn_split", list(SEEDS)), options.dim, deadline_s)
    facts = {"users": len(test.users), "items": test.num_items, "train": test.history.num_actions}
    for name, value in {**facts, "test": test.truth.num_actions}.items():
        bench.result.add(name, value)
    if "peers" in parts:
        measure_peers(bench)
    if "dim" in parts:
        measure_dim(bench, options.recs)
    if "free" in parts:
        measure_free(bench)
    if "fused" in parts:
        measure_fused(bench)
    bench.result.tables.append({"title": "settings tried on the holdout", "rows": bench.tried})
    bench.result.save(options.out)


if __name__ == "__main__":
    main()
