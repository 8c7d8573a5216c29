"""Interests against the planted truth of a simulated network."""

from typing import NamedTuple

import numpy as np
import polars as pl

from graphrec.history import History
from graphrec.interests import Interests
from graphrec.metrics import adjusted_rand

MIN_ACTIONS = 20
MIN_INTERESTS = 2


class Agreement(NamedTuple):
    """Mean adjusted Rand index and how many users it rests on."""

    mean: float
    users: int


def interest_ari(interests: Interests, history: History, truth: pl.DataFrame) -> Agreement:
    """Return how well each user's clusters match the interests that produced his actions.

    Measured over the clustered actions that an interest produced (noise has no interest to match), for users with at
    least 20 of them from at least 2 interests; 1 is perfect, 0 is chance.

    Args:
        interests: What was found.
        history: The actions it was found in.
        truth: ``user_row``, ``flit_row``, ``interest`` (-1 for none), one or more rows a pair: the newest counts.
    """
    owners = np.repeat(np.arange(interests.num_users, dtype=np.int32), np.diff(interests.action_indptr))
    found = pl.DataFrame(
        {
            "user_row": owners,
            "flit_row": np.asarray(history.rows)[np.asarray(interests.action_position)],
            "cluster": np.asarray(interests.action_interest),
        }
    )
    planted = truth.sort("time_s") if "time_s" in truth.columns else truth
    planted = planted.unique(["user_row", "flit_row"], keep="last", maintain_order=True).filter(pl.col("interest") >= 0)
    joined = found.join(planted, on=["user_row", "flit_row"], how="inner").sort("user_row", "flit_row")
    scores = [
        adjusted_rand(part["cluster"].to_numpy(), part["interest"].to_numpy())
        for part in joined.partition_by("user_row")
        if part.height >= MIN_ACTIONS and part["interest"].n_unique() >= MIN_INTERESTS
    ]
    return Agreement(float(np.mean(scores)) if scores else float("nan"), len(scores))
