"""Settings of the measurement."""

from typing import Any, Literal

from pydantic import Field, field_validator

from graphrec.graph.split import SplitConfig
from graphrec.section import Section

Baseline = Literal[
    "random",
    "popular",
    "recent_popular",
    "last_action",
    "decayed_average",
    "content_knn",
    "lsa",
    "lda",
    "item2vec",
    "item_knn",
    "als",
    "bpr",
    "svd",
    "lightgcn",
    "walks",
]


class EvaluationConfig(Section):
    """What is held out, what is measured, and what beside."""

    split: SplitConfig = SplitConfig()
    """What is held out."""
    k: tuple[int, ...] = (10, 50)
    """Cuts of the metrics."""
    baselines: tuple[Baseline, ...] = (
        "popular",
        "recent_popular",
        "last_action",
        "decayed_average",
        "content_knn",
        "als",
        "walks",
    )
    """Measured in the same table, each tuned on the newest training actions."""
    by_day: bool = False
    """Measure each day of the test window by itself too (slices ``day_1``, ``day_2``, …), for ``time`` splits."""
    seed: int = Field(default=0, ge=0)
    """Root of the bootstrap."""
    oracle: bool = True
    """Measure the oracle too where the tables are simulated, that is, where the truth lies beside them."""


class SearchConfig(Section):
    """Settings to try, by successive halving on the validation window."""

    space: dict[str, tuple[Any, ...]] = Field(default={})
    """Dotted setting to the values tried, such as ``model.temperature: [0.1, 0.2]``."""
    trials: int = Field(default=16, ge=1)
    """Combinations tried; where there are more, so many are drawn."""
    rungs: int = Field(default=1, ge=1, le=6)
    """Each rung but the last halves the trials; the first of n trains for 1 / 2^(n-1) of the epochs."""
    seed: int = 0
    """Root of the draw."""

    @field_validator("space")
    @classmethod
    def _every_setting_has_values(cls, space: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        for name, values in space.items():
            if not values:
                raise ValueError(f"must give {name} at least one value (got none)")
        return space
