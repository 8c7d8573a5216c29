"""The figure that training watches: recall of held-out actions from the newest actions before them."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.arrays import FloatMatrix
from graphrec.graph.split import Split, action_types, actions_of

NEWEST = 20
"""Actions per user that stand for his interests."""
MOST_SCORES = 2**25
"""Scores held at once, 128 MiB: users of a block times their actions times all flits."""


def validation_recall(vectors: Mapping[str, FloatMatrix], split: Split, *, k: int = 50, max_users: int = 2000) -> float:
    """Return the mean recall@k of the split's held-out actions.

    A flit's score is its highest cosine to any of the user's newest actions: what interests and their neighbours
    approximate, without clustering in every epoch.

    Args:
        vectors: Node type to unit vectors.
        split: Past and held-out actions.
        k: Length of the list.
        max_users: Users measured, the lowest rows first.
    """
    _, flit_type = action_types(split.train)
    flits = np.asarray(vectors[flit_type])
    history = actions_of(split.train).select("user_row", "flit_row")
    seen = _lists(history, "flit_row")
    truth = _lists(split.test, "flit_row")
    users = [user for user in truth if user in seen][:max_users]
    recalls = []
    size = max(1, MOST_SCORES // (NEWEST * len(flits)))
    for start in range(0, len(users), size):
        block = users[start : start + size]
        newest = np.stack([np.resize(seen[user][-NEWEST:], NEWEST) for user in block])  # who has fewer repeats them
        best = (flits[newest.ravel()] @ flits.T).reshape(len(block), NEWEST, -1).max(axis=1)
        best[:, ~split.available] = -np.inf
        for user, row in zip(block, best, strict=True):
            row[seen[user]] = -np.inf
            top = np.argpartition(-row, min(k, len(row) - 1))[:k]
            recalls.append(np.isin(truth[user], top).mean())
    return float(np.mean(recalls)) if recalls else 0.0


def best_entry(log: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """Return the log entry of the epoch to keep: the best, and the latest among equals.

    A validation that measures nobody (users with one action each, a catalogue no longer than the list) gives every
    epoch the same recall, which is no reason to keep the first.
    """
    return max(log, key=lambda entry: (entry["validation_recall"], entry["epoch"]))


def _lists(frame: pl.DataFrame, column: str) -> dict[int, npt.NDArray[np.int32]]:
    """Return each user's rows in the frame's order."""
    grouped = frame.group_by("user_row", maintain_order=True).agg(pl.col(column))
    return {
        user: np.asarray(rows, dtype=np.int32)
        for user, rows in zip(grouped["user_row"].to_list(), grouped[column].to_list(), strict=True)
    }
