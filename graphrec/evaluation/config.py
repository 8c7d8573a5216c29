"""Settings of the measurement."""

from typing import Literal

from pydantic import Field

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
