"""Dot product against MLP: each user's last rating among 99 drawn negatives, HR@10 and NDCG@10.

The protocol of "Neural Collaborative Filtering" (He et al., WWW 2017) on MovieLens 1M, every rating a positive, as
Rendle et al. use it (RecSys 2020), who report matrix factorization at .7294/.4523, NeuMF at .7093/.4349. The folder
holds train.parquet (user, item), test_negatives.parquet (user, item, negatives); the public original is that of the NCF
authors. ``sgd`` and ``mlp`` take published settings; others are chosen on one random training pair a user, beside 99
negatives of its own. PinSage needs the films' contents: --content DIR with users, movies, movies_plot, posters_160x240.

    python -m benchmarks.leave_one_out --data DIR [--content DIR] [--only mf]   # one of: sgd, mf, mlp, peers, pinsage
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.common import Result, arguments
from benchmarks.mlp import train_mlp
from benchmarks.sgd import train_sgd
from graphrec import metrics
from graphrec.arrays import FloatMatrix, RowVector
from graphrec.evaluation.baselines import popular
from graphrec.evaluation.collaborative import ItemNeighbours, pairs_of
from graphrec.evaluation.interactions import Walks, ials
from graphrec.evaluation.recommender import Scorer
from graphrec.history import History
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.lightgcn import Served
from graphrec.training.lightgcn import train_lightgcn

K = 10
PARTS = ("sgd", "mf", "mlp", "peers", "pinsage")
GOALS = {"sgd.hr@10": 0.728, "sgd.ndcg@10": 0.45}
START: Mapping[str, Any] = {"dim": 192, "num_layers": 0, "users_per_step": 512, "negatives": 10_000}
AXES: Mapping[str, tuple[Any, ...]] = {
    "temperature": (0.12, 0.09, 0.16),
    "epochs": (10, 6, 16),
    "learning_rate": (0.02, 0.01),
}
ALS = [{"alpha": alpha, "regularization": penalty} for alpha in (1.0, 10.0, 40.0) for penalty in (1.0, 10.0, 100.0)]
Score = Callable[[RowVector, npt.NDArray[np.int64]], FloatMatrix]
"""Users ``[n]`` and items ``[n, m]`` to scores ``[n, m]``."""


@dataclass(frozen=True, eq=False)
class Lists:
    """Known pairs, and per user one item to find among others.

    Attributes:
        history: Known pairs.
        num_items: Size of the catalogue.
        users: Users that are asked about, int32 ``[n]``.
        items: The item to find, then the others, int64 ``[n, 100]``.
    """

    history: History
    num_items: int
    users: RowVector
    items: npt.NDArray[np.int64]

    def figures(self, score: Score) -> dict[str, metrics.Doubles]:
        """Return hit rate and NDCG per user, float64 ``[n]``; among equal scores the wanted item comes last."""
        scores = score(self.users, self.items).astype(np.float64)
        wanted = scores[:, :1].copy()
        scores[self.items == self.items[:, :1]] = -np.inf  # a list may hold the item itself: it stands once
        rank = (scores >= wanted).sum(axis=1)
        return {"hr": (rank < K).astype(np.float64), "ndcg": np.where(rank < K, 1 / np.log2(rank + 2.0), 0.0)}


def main() -> None:
    """Run and write the result file."""
    parser = arguments("leave_one_out", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of train and test_negatives")
    parser.add_argument("--content", type=Path, default=None, help="folder of the films' contents, beside DIR")
    options = parser.parse_args()
    parts = PARTS if options.only is None else (options.only,)
    holdout, test = read_lists(options.data)
    result = Result("leave_one_out", 0)
    result.add("users", len(test.users))
    result.add("train", test.history.num_actions)
    pairs = pairs_of(test.history, test.num_items)
    if "sgd" in parts:
        measure(result, "sgd", test, lambda: train_sgd(pairs, dim=START["dim"], seed=0))
    if "mf" in parts:
        measure(result, "mf", test, lambda: _dot(_trained(test, tuned(holdout, result))))
    if "mlp" in parts:
        measure(result, "mlp", test, lambda: train_mlp(pairs, dim=START["dim"], seed=0))
    if "peers" in parts:
        measure_peers(result, holdout, test)
    if "pinsage" in parts and options.content is not None:
        from benchmarks.rated import Rated

        rated = Rated(options.data, options.content)
        measure(result, "pinsage_vectors", test, rated.vectors)
        measure(result, "pinsage", test, rated.retrieval)
    result.save(options.out)


def read_lists(folder: Path) -> tuple[Lists, Lists]:
    """Return lists to choose settings by, made of training pairs, and those of the test."""
    train = pl.read_parquet(folder / "train.parquet").select("user", "item").unique(maintain_order=True)
    asked = pl.read_parquet(folder / "test_negatives.parquet").sort("user")
    num_users = 1 + max(_most(train["user"]), _most(asked["user"]))
    num_items = 1 + max(_most(train["item"]), _most(asked["item"]), _most(asked["negatives"].explode()))
    users, items = (train[name].to_numpy().astype(np.int32) for name in ("user", "item"))
    wanted = np.column_stack([asked["item"].to_numpy(), np.array(asked["negatives"].to_list())]).astype(np.int64)
    known = History.from_edges(users, items, None, None, num_users)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(users))
    _, first = np.unique(users[order], return_index=True)
    held = order[first]
    rest = np.delete(np.arange(len(users)), held)
    others = np.stack([_unseen(known, int(user), num_items, rng) for user in users[held]])
    holdout = Lists(
        History.from_edges(users[rest], items[rest], None, None, num_users),
        num_items, users[held], np.column_stack([items[held], others]).astype(np.int64),
    )  # fmt: skip
    return holdout, Lists(known, num_items, asked["user"].to_numpy().astype(np.int32), wanted)


def _unseen(history: History, user: int, num_items: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    left = np.setdiff1d(np.arange(num_items), history.of(user).rows)
    return rng.choice(left, 99, replace=len(left) < 99)


def _most(column: pl.Series) -> int:
    return int(column.max())  # type: ignore[arg-type]


def tuned(holdout: Lists, result: Result) -> LightGCNConfig:
    """Return settings of the factorization, chosen on the holdout axis by axis."""
    config = LightGCNConfig.parse({**START, **{name: values[0] for name, values in AXES.items()}})
    tried = []
    for axis, values in AXES.items():
        rates = {}
        for value in values:
            one = config.model_copy(update={axis: value})
            rates[value] = float(holdout.figures(_dot(_trained(holdout, one)))["hr"].mean())
            tried.append({"axis": axis, "value": value, "validation hr@10": round(rates[value], 4)})
            print(tried[-1], flush=True)
        config = config.model_copy(update={axis: max(rates, key=lambda value: rates[value])})
    result.tables.append({"title": "settings tried on the holdout", "rows": tried})
    return config


def _trained(lists: Lists, config: LightGCNConfig) -> Served:
    return train_lightgcn(pairs_of(lists.history, lists.num_items), config).served()


def _dot(served: Served) -> Score:
    def score(users: RowVector, items: npt.NDArray[np.int64]) -> FloatMatrix:
        return np.asarray(np.einsum("nd,nmd->nm", served.users[users], served.flits[items]))

    return score


def _listed(scorer: Scorer) -> Score:
    return lambda users, items: np.take_along_axis(scorer.scores(users), items, axis=1)


def measure(result: Result, name: str, test: Lists, build: Callable[[], Score]) -> None:
    """Fit, add HR@10 and NDCG@10 with 95 % intervals, and the seconds."""
    started = time.perf_counter()
    score = build()
    seconds = time.perf_counter() - started
    figures = test.figures(score)
    intervals = metrics.intervals(np.stack(list(figures.values()), axis=1), seed=0)
    for metric, interval in zip(figures, intervals, strict=True):
        for suffix, value in (("", interval.mean), (".low", interval.low), (".high", interval.high)):
            key = f"{name}.{metric}@{K}{suffix}"
            result.add(key, value, goal=GOALS.get(key))
    result.add(f"{name}.seconds", seconds, unit="s", better="lower")


def measure_peers(result: Result, holdout: Lists, test: Lists) -> None:
    """Add popularity, iALS (settings chosen on the holdout), item neighbours and walks."""
    every = np.ones(test.num_items, dtype=np.bool_)

    def als(lists: Lists, setting: Mapping[str, float]) -> Scorer:
        return ials(lists.history, every, factors=START["dim"], **setting)  # type: ignore[arg-type]

    rates = [float(holdout.figures(_listed(als(holdout, one)))["hr"].mean()) for one in ALS]
    chosen = ALS[int(np.argmax(rates))]
    peers: Mapping[str, Callable[[], Scorer]] = {
        "popular": lambda: popular(test.history, every),
        "als": lambda: als(test, chosen),
        "item_knn": lambda: ItemNeighbours(test.history, every),
        "walks": lambda: Walks(test.history, every),
    }
    for name, build in peers.items():
        measure(result, name, test, lambda build=build: _listed(build()))  # type: ignore[misc]


if __name__ == "__main__":
    main()
