"""A graph small enough to read."""

import numpy as np
import polars as pl
import pytest

from graphrec.tables.clean import Edges, Tables
from graphrec.tables.config import EdgeConfig


def edges(
    relation: str,
    pairs: list[tuple[int, int]],
    *,
    source: str = "user",
    target: str = "flit",
    times: list[int] | None = None,
    role: str = "action",
    half_life_days: float | None = None,
    split: str = "auto",
) -> Edges:
    """Build one clean edge table by hand."""
    config = EdgeConfig.parse(
        {
            "table": "events.parquet", "source": source, "relation": relation, "target": target, "role": role,
            "time": {"column": "timestamp"} if times is not None else None,
            "half_life_days": half_life_days, "split": split,
        }
    )  # fmt: skip
    frame = pl.DataFrame(
        {
            "source_row": np.array([one for one, _ in pairs], dtype=np.int32),
            "target_row": np.array([other for _, other in pairs], dtype=np.int32),
            "weight": np.ones(len(pairs), dtype=np.float32),
        }
    )
    if times is not None:
        frame = frame.with_columns(pl.Series("time_s", times, dtype=pl.Int64))
    return Edges(config, frame)


def nodes(prefix: str, number: int, created_s: list[int] | None = None) -> pl.DataFrame:
    """Build a node table of ``number`` rows."""
    frame = pl.DataFrame({"id": [f"{prefix}{row}" for row in range(number)]})
    return frame if created_s is None else frame.with_columns(pl.Series("created_s", created_s, dtype=pl.Int64))


DAY = 86_400


@pytest.fixture
def tables() -> Tables:
    """Three users and four flits over ten days; user 2 follows user 0; flit 3 is new and untouched."""
    likes = edges(
        "likes", [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)], times=[1 * DAY, 2 * DAY, 3 * DAY, 8 * DAY, 9 * DAY]
    )
    hides = edges("hides", [(2, 0)], times=[4 * DAY], role="negative")
    follows = edges("follows", [(2, 0)], target="user", times=[1 * DAY], role="context")
    return Tables({"user": nodes("u", 3), "flit": nodes("f", 4, [0, 0, 0, 9 * DAY])}, (likes, hides, follows))
