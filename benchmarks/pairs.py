"""What benchmarks over published train and test pairs share: the folder, the figures, the file for a judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common import Result
from graphrec import metrics
from graphrec.arrays import BoolVector, RowVector
from graphrec.evaluation import Recommender
from graphrec.history import History

PAIR = ["user", "item"]
HOLDOUT_COLUMN = "lightgcnpp_valid"
HOLDOUT_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Pairs:
    """What is known and what is asked.

    Attributes:
        history: Known pairs; a user is a row.
        truth: Pairs that are asked, of the same users.
        num_items: Size of the catalogue.
    """

    history: History
    truth: History
    num_items: int

    @cached_property
    def users(self) -> RowVector:
        """Users that are asked about, int32."""
        return np.flatnonzero(self.truth.actions_per_user).astype(np.int32)

    @property
    def available(self) -> BoolVector:
        """Every item may be recommended, bool ``[num_items]``."""
        return np.ones(self.num_items, dtype=np.bool_)

    def lists(self, recommender: Recommender, k: int, users: RowVector | None = None) -> RowVector:
        """Return what a recommender answers, int32 ``[users, k]``."""
        return recommender.recommend(self.users if users is None else users, k)

    def figures(self, lists: RowVector, k: int, users: RowVector | None = None) -> Mapping[str, metrics.Doubles]:
        """Return recall and NDCG of lists per user, float64 ``[users]`` each."""
        chosen = self.users if users is None else users
        sizes = self.truth.actions_per_user[chosen].astype(np.int64)
        rows = np.concatenate([self.truth.of(int(user)).rows for user in chosen])
        hits = metrics.find_hits(lists, np.concatenate([[0], np.cumsum(sizes)]), rows)
        return {"recall": metrics.recall(hits, sizes, k), "ndcg": metrics.ndcg(hits, sizes, k)}


def read_pairs(folder: Path) -> tuple[Pairs, Pairs]:
    """Read a folder: the holdout to choose settings on, and the test.

    Args:
        folder: Holds train.parquet and test.parquet, columns user and item.

    Returns:
        Train without holdout beside the holdout; train beside test.
    """
    train, test = (
        pl.read_parquet(folder / f"{name}.parquet").unique(PAIR, keep="first", maintain_order=True)
        for name in ("train", "test")
    )
    both = pl.concat([train.select(PAIR).cast(pl.Int64), test.select(PAIR).cast(pl.Int64)])
    num_users, num_items = int(both["user"].max()) + 1, int(both["item"].max()) + 1  # type: ignore[arg-type]
    held = _holdout(train)

    def history(frame: pl.DataFrame) -> History:
        users, items = (frame[name].to_numpy().astype(np.int32) for name in PAIR)
        return History.from_edges(users, items, None, None, num_users)

    holdout = Pairs(history(train.filter(~held)), history(train.filter(held)), num_items)
    return holdout, Pairs(history(train), history(test), num_items)


def _holdout(train: pl.DataFrame) -> pl.Series:
    if HOLDOUT_COLUMN in train.columns:
        return train[HOLDOUT_COLUMN].cast(pl.Boolean)
    return pl.Series(np.random.default_rng(0).random(train.height) < HOLDOUT_SHARE)


def add_figures(result: Result, name: str, figures: Mapping[str, metrics.Doubles], k: int) -> None:
    """Add means with 95 % intervals over resampled users."""
    intervals = metrics.intervals(np.stack(list(figures.values()), axis=1), seed=0)
    for metric, interval in zip(figures, intervals, strict=True):
        for suffix, value in (("", interval.mean), (".low", interval.low), (".high", interval.high)):
            result.add(f"{name}{metric}@{k}{suffix}", value)


def write_recommendations(path: Path, users: RowVector, lists: RowVector) -> None:
    """Write lists as the columns user, item, rank (from 0); short lists end early."""
    frame = pl.DataFrame(
        {
            "user": np.repeat(users, lists.shape[1]),
            "item": lists.ravel(),
            "rank": np.tile(np.arange(lists.shape[1], dtype=np.int32), len(users)),
        }
    )
    frame.filter(pl.col("item") >= 0).write_parquet(path)
