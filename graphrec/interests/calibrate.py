"""Where to cut: the merge cosine chosen from the actions themselves, without any truth.

PinnerSage does not publish its cut. The rule here: a good cut gives clusters whose medoids tell the user's held-back
actions from other users' actions. Half of each user's flits (every other one) are clustered; a flit of the other half
should be within the cut of one of the medoids, a flit of somebody else should not. The cut with the largest gap between
the two shares (Youden's index) is taken: too fine a cut misses own actions, too coarse a cut catches strangers' ones.
"""

import numpy as np

from graphrec.arrays import FloatMatrix, IntVector, RowVector
from graphrec.history import History
from graphrec.interests.actions import Points, points_of
from graphrec.interests.config import InterestConfig
from graphrec.interests.ward import ward_labels

GRID = tuple(round(0.05 * step, 2) for step in range(-6, 19))
MAX_USERS = 500
MIN_FLITS = 8


def resolve_interest_config(
    history: History, embeddings: FloatMatrix, config: InterestConfig, *, as_of_s: int | None
) -> InterestConfig:
    """Return ``config`` with a number for ``merge_cosine``.

    Args:
        history: Actions of all users.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``.
        config: Settings; a number is kept.
        as_of_s: "Now"; ``None`` for undated actions.
    """
    if config.merge_cosine != "auto":
        return config
    points = points_of(history, config, as_of_s=as_of_s)
    return config.model_copy(update={"merge_cosine": calibrate_merge_cosine(points, embeddings)})


def calibrate_merge_cosine(points: Points, embeddings: FloatMatrix) -> float:
    """Return the cut of :data:`GRID` with the largest gap; .5 where nobody has enough flits to tell.

    Args:
        points: Each user's distinct flits.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``.
    """
    counts = np.diff(points.indptr)
    users = np.flatnonzero(counts >= MIN_FLITS)[:MAX_USERS]
    if not len(users):
        return 0.5
    rng = np.random.default_rng(0)
    shuffled = [rng.permutation(points.rows[points.indptr[u] : points.indptr[u + 1]]) for u in users]
    known = [np.sort(rows[::2]) for rows in shuffled]
    own = [rows[1::2] for rows in shuffled]
    strangers = [rng.choice(points.rows, size=len(rows)) for rows in own]
    indptr = np.concatenate([[0], np.cumsum([len(rows) for rows in known])]).astype(np.int64)
    rows = np.concatenate(known).astype(np.int32)
    gaps = [_gap(cosine, indptr, rows, own, strangers, embeddings) for cosine in GRID]
    return GRID[int(np.argmax(gaps))]


def _gap(
    cosine: float,
    indptr: IntVector,
    rows: RowVector,
    own: list[RowVector],
    strangers: list[RowVector],
    embeddings: FloatMatrix,
) -> float:
    """Return the share of own held-back flits near a cluster's centre less that of strangers' flits."""
    labels = ward_labels(embeddings, indptr, rows, 2.0 * (1.0 - cosine))
    inside = outside = 0.0
    for user in range(len(own)):
        part = slice(int(indptr[user]), int(indptr[user + 1]))
        vectors, mine = embeddings[rows[part]], labels[part]
        sums = np.zeros((int(mine.max()) + 1, vectors.shape[1]), dtype=np.float32)
        np.add.at(sums, mine, vectors)
        centres = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        inside += float(((embeddings[own[user]] @ centres.T).max(axis=1) >= cosine).mean())
        outside += float(((embeddings[strangers[user]] @ centres.T).max(axis=1) >= cosine).mean())
    return (inside - outside) / len(own)
