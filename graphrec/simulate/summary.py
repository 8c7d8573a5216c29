"""Figures that tell whether an interaction log looks real: popularity Gini, activity quantiles, density."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.errors import DataError

_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


@dataclass(frozen=True)
class Shape:
    """The shape of an interaction log over its distinct (user, item) pairs.

    ``activity`` holds the 10, 25, 50, 75, 90 and 99 % quantiles of distinct items per user; ``gini`` is the Gini
    coefficient of distinct users per item. Users and items without a pair do not count.
    """

    name: str
    users: int
    items: int
    pairs: int
    gini: float
    activity: tuple[float, ...]
    density: float


# Computed by `shape_of` over all rows of the public files: MovieLens ml-latest-small (the 100,004 ratings of 2016,
# columns userId, movieId) and Deskdrop users_interactions.csv (72,312 events of all five kinds, VIEW among them,
# columns personId, contentId).
REFERENCES: tuple[Shape, ...] = (
    Shape("MovieLens (ml-latest-small)", 671, 9_066, 100_004, 0.7187, (24, 37, 71, 161, 323, 1131.4), 0.01644),
    Shape("Deskdrop", 1_895, 2_987, 40_710, 0.5266, (1, 2, 6, 19, 46, 257.2), 0.00719),
)
"""The same figures of two public logs."""


def gini(counts: npt.NDArray[np.integer]) -> float:
    """Return the Gini coefficient of ``counts`` (0: all equal, near 1: one holds everything)."""
    ordered = np.sort(counts).astype(np.float64)
    n = len(ordered)
    if not n or ordered.sum() == 0:
        return 0.0
    return float(2.0 * (np.arange(1, n + 1) * ordered).sum() / (n * ordered.sum()) - (n + 1) / n)


def shape_of(frame: pl.DataFrame | pl.LazyFrame, user: str, item: str, *, name: str = "") -> Shape:
    """Return the shape of any frame of interactions.

    Args:
        frame: One row per interaction; repeated pairs count once.
        user: Column of the user.
        item: Column of the item.
        name: What the log is called beside others.

    Raises:
        DataError: If there is no row.
    """
    pairs = frame.lazy().select(pl.col(user).alias("user"), pl.col(item).alias("item")).unique()
    per_user = pairs.group_by("user").len().collect()["len"].to_numpy()
    per_item = pairs.group_by("item").len().collect()["len"].to_numpy()
    if not len(per_user):
        raise DataError(f"{name or 'interactions'} must hold a row (got 0); give a log with interactions")
    total = int(per_user.sum())
    activity = tuple(float(one) for one in np.quantile(per_user, _QUANTILES))
    density = total / (len(per_user) * len(per_item))
    return Shape(name, len(per_user), len(per_item), total, gini(per_item), activity, density)


def within_references(shape: Shape, slack: float = 0.1) -> dict[str, bool]:
    """Return for Gini, median and 90 % activity and density whether they lie between the references'.

    Args:
        shape: The log to judge.
        slack: Relative widening of the range at both ends.
    """
    median, tail = _QUANTILES.index(0.5), _QUANTILES.index(0.9)

    def figures(one: Shape) -> dict[str, float]:
        return {
            "gini": one.gini,
            "activity_median": one.activity[median],
            "activity_90": one.activity[tail],
            "density": one.density,
        }

    known = [figures(one) for one in REFERENCES]
    return {
        key: min(one[key] for one in known) * (1 - slack) <= value <= max(one[key] for one in known) * (1 + slack)
        for key, value in figures(shape).items()
    }


def comparison(shape: Shape) -> pl.DataFrame:
    """Return ``shape`` beside the references as a table with one row per log, to print."""
    rows = [replace(shape, name=shape.name or "simulated"), *REFERENCES]
    columns: dict[str, list[object]] = {
        "log": [one.name for one in rows],
        "users": [one.users for one in rows],
        "items": [one.items for one in rows],
        "pairs": [one.pairs for one in rows],
        "popularity_gini": [round(one.gini, 4) for one in rows],
    }
    for place, share in enumerate(_QUANTILES):
        columns[f"activity_{share * 100:.0f}%"] = [round(one.activity[place], 1) for one in rows]
    columns["density"] = [round(one.density, 5) for one in rows]
    return pl.DataFrame(columns)
