"""Where to cut: the merge cosine found in the actions themselves, without any truth.

The paper does not publish its cut. The rule here is the silhouette with strangers. For an action, a is its mean
squared distance to the others of its cluster, b the least of its mean squared distances to the user's other clusters
and to the actions of all other users; its silhouette is (b - a) / max(a, b), 0 where it is alone. Too fine a cut puts
the rest of an interest next door (small b), too coarse a cut makes clusters wide (large a). Rousseeuw's silhouette
(1987) knows no strangers and so says nothing about a user with one interest; here he is measured against all others.

Every user's Ward tree is cut at all heights tried. Where interests are vague the mean over users is flat and leans to
the coarse side; so, of the cuts within one standard error of the best (over users, paired), the finest is taken.
"""

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from graphrec.arrays import FloatMatrix, FloatVector, IntVector
from graphrec.history import History
from graphrec.interests.blocks import each_block
from graphrec.interests.config import InterestConfig
from graphrec.interests.points import Points, check_embeddings, gather, points_of
from graphrec.interests.ward import ROUNDING, WHOLE, cut_tree, merge_tree, squared_distances

logger = logging.getLogger(__name__)

DEFAULT_COSINE = 0.5
"""Taken where there is nobody to compare: fewer than two users with enough flits."""
MIN_FLITS = 4
MAX_USERS = 2000
MAX_PAIRS = 20_000_000
"""Users are thinned until their flits make no more pairs than this: some two seconds on two cores."""
FACTORS = 2.0 * 2.0 ** (-np.arange(32) / 6.0)
"""The cuts tried, coarsest first, as multiples of the mean squared distance between users' actions."""


def resolve_interest_config(
    history: History, embeddings: FloatMatrix, config: InterestConfig, *, as_of_s: int | None
) -> InterestConfig:
    """Return ``config`` with a number for ``merge_cosine``.

    Args:
        history: Actions of all users.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``.
        config: Settings; a number stays as it is.
        as_of_s: "Now"; ``None`` for undated actions.

    Raises:
        DataError: As :func:`build_interests` does.
        ShapeError: As :func:`build_interests` does.
    """
    if config.merge_cosine != "auto":
        return config
    found = calibrate_merge_cosine(history, embeddings, config, as_of_s=as_of_s)
    return config.model_copy(update={"merge_cosine": found})


def calibrate_merge_cosine(
    history: History, embeddings: FloatMatrix, config: InterestConfig, *, as_of_s: int | None
) -> float:
    """Return the finest merge cosine whose silhouette with strangers is as good as the best.

    Args:
        history: Actions of all users.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``.
        config: Window and number of actions; its ``merge_cosine`` is not read.
        as_of_s: "Now"; ``None`` for undated actions.

    Returns:
        A cosine in [-1, 1], rounded to six digits; :data:`DEFAULT_COSINE` where fewer than two users have
        :data:`MIN_FLITS` flits.
    """
    check_embeddings(embeddings)
    points = points_of(history, config, num_flits=len(embeddings), as_of_s=as_of_s)
    return _calibrate(points, embeddings)


def merge_cosine_of(points: Points, embeddings: FloatMatrix, config: InterestConfig) -> float:
    """Return the config's merge cosine, calibrated on ``points`` where it is ``auto``."""
    return config.merge_cosine if isinstance(config.merge_cosine, float) else _calibrate(points, embeddings)


def _calibrate(points: Points, embeddings: FloatMatrix) -> float:
    users = _chosen_users(np.diff(points.indptr))
    if len(users) < 2:
        return DEFAULT_COSINE
    sizes = np.diff(points.indptr)[users]
    indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    inside = np.arange(indptr[-1]) + np.repeat(points.indptr[users] - indptr[:-1], sizes)
    x = gather(embeddings, points.rows[inside])
    strangers = _stranger_distances(x, indptr)
    alphas = (FACTORS * strangers.mean()).astype(np.float32)
    scores = np.zeros((len(users), len(alphas)))

    def work(part_users: slice, part: slice) -> None:
        offsets = indptr[part_users.start : part_users.stop + 1] - part.start
        _silhouettes(x[part], offsets, strangers[part], alphas + np.float32(ROUNDING), scores[part_users])

    each_block(indptr, work)
    chosen = _finest_of_the_best(scores)
    cosine = round(1.0 - float(alphas[chosen]) / 2.0, 6)
    logger.info("merge_cosine %.6f: silhouette %.3f over %d users", cosine, scores[:, chosen].mean(), len(users))
    return min(max(cosine, -1.0), 1.0)


def _finest_of_the_best(scores: npt.NDArray[np.float64]) -> int:
    """Return the last (finest) cut within one standard error of the best; ``scores`` is ``[num_users, num_cuts]``."""
    behind = scores[:, [scores.mean(axis=0).argmax()]] - scores
    error = behind.std(axis=0) / np.sqrt(len(scores))
    return int(np.flatnonzero(behind.mean(axis=0) <= error)[-1])


def _chosen_users(counts: IntVector) -> IntVector:
    """Return the users to measure, evenly spread over the rows."""
    users = np.flatnonzero(counts >= MIN_FLITS)
    pairs = float((counts[users].astype(np.float64) ** 2).sum())
    return users[:: max(1, -(-len(users) // MAX_USERS), int(np.ceil(pairs / MAX_PAIRS)))]


def _stranger_distances(x: FloatMatrix, indptr: IntVector) -> FloatVector:
    """Return each point's mean squared distance to the points of all other users, float32 ``[num_points]``."""
    sizes = np.diff(indptr)
    norm = np.einsum("nd,nd->n", x, x, dtype=np.float64)
    sums, norms = np.add.reduceat(x, indptr[:-1], axis=0, dtype=np.float64), np.add.reduceat(norm, indptr[:-1])
    others = (len(x) - sizes)[:, None]
    means, mean_norms = (sums.sum(axis=0) - sums) / others, (norms.sum() - norms) / others[:, 0]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    # mean_y |x - y|^2 = |x|^2 + mean |y|^2 - 2 x . mean y
    away = norm + mean_norms[owner] - 2.0 * np.einsum("nd,nd->n", x, means.astype(np.float32)[owner])
    return np.asarray(np.maximum(away, 0.0), dtype=np.float32)


@njit(cache=True, nogil=True)
def _silhouettes(x: Any, indptr: Any, strangers: Any, alphas: Any, scores: Any) -> None:  # pragma: no cover - compiled
    """Write each user's mean silhouette under every cut."""
    for user in range(len(scores)):
        lo, hi = indptr[user], indptr[user + 1]
        n = hi - lo
        distance = np.empty((n, n), dtype=np.float32)
        squared_distances(x[lo:hi], distance)
        keeps, goes = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
        heights, labels = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.int32)
        merges = merge_tree(distance.copy(), n, WHOLE, keeps, goes, heights)
        before = 0
        for a in range(len(alphas)):
            number = cut_tree(n, keeps, goes, heights, merges, alphas[a], labels)
            # Cuts of one tree are nested: the same number of clusters means the same clusters.
            if number == before:
                scores[user, a] = scores[user, a - 1]
            else:
                scores[user, a] = _silhouette(distance, labels, number, strangers[lo:hi])
            before = number


@njit(cache=True, nogil=True)
def _silhouette(distance: Any, labels: Any, number: Any, strangers: Any) -> Any:  # pragma: no cover - compiled
    """Mean silhouette with strangers of one user's points."""
    n, total = len(labels), 0.0
    size = np.zeros(number)
    for i in range(n):
        size[labels[i]] += 1.0
    sums = np.empty(number)
    for i in range(n):
        if size[labels[i]] == 1.0:
            continue
        sums[:] = 0.0
        for j in range(n):
            if j != i:
                sums[labels[j]] += distance[i, j]
        own = sums[labels[i]] / (size[labels[i]] - 1.0)
        other = np.float64(strangers[i])
        for c in range(number):
            if c != labels[i]:
                other = min(other, sums[c] / size[c])
        total += (other - own) / max(own, other, 1e-12)
    return total / n
