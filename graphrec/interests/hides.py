"""Negative actions: what a user hid lowers the interest it belongs to.

A hide goes to the interest whose medoid lies nearest, if it lies within the cut, as a new action would (``fold``). The
importance there is multiplied by the share that liking has of all that was said: w becomes w * w / (w + hidden). An
interest with as many hides as actions halves; none turns negative or vanishes, and a hide far from every interest, of
something shown by chance, says nothing about the others. Hidden flits take no part in the clustering: a medoid stands
for what is liked. :func:`lower_hidden` does so for all users of a version, :func:`lower_newest` for one user between
two versions.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatMatrix, FloatVector, IntVector, RowVector
from graphrec.errors import ConfigError
from graphrec.history import Actions, History
from graphrec.interests.config import InterestConfig
from graphrec.interests.interests import Interests, UserInterests
from graphrec.interests.online import LEAST, NEWEST, aged
from graphrec.interests.points import gather, points_of


def lower_hidden(
    interests: Interests, hidden: History, embeddings: FloatMatrix, config: InterestConfig, *, as_of_s: int | None
) -> Interests:
    """Return the interests with those lowered that users hid flits of, the most important of each user first.

    Args:
        interests: As :func:`build_interests` gave them.
        hidden: What each user hid, with weights as the config of the relation gives them.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``.
        config: Window and decay, which hold for hides too, and a number for ``merge_cosine``.
        as_of_s: "Now"; ``None`` for undated data.

    Raises:
        ConfigError: If ``merge_cosine`` is not resolved.
        DataError: If a hide is not before ``as_of_s``, or a flit row or a weight is out of range.
    """
    cut = _cut(config)
    points = points_of(hidden, config, num_flits=len(embeddings), as_of_s=as_of_s)
    against = np.zeros(len(interests.medoid))
    for user in np.flatnonzero((np.diff(points.indptr) > 0) & (np.diff(interests.indptr) > 0)):
        own = slice(int(interests.indptr[user]), int(interests.indptr[user + 1]))
        said = slice(int(points.indptr[user]), int(points.indptr[user + 1]))
        against[own] = _against(interests.medoid[own], points.rows[said], points.weight[said], embeddings, cut)
    return _reordered(interests, _left(interests.importance, against)) if against.any() else interests


def lower_newest(
    known: UserInterests, hidden: Actions, embeddings: FloatMatrix, config: InterestConfig, *, now_s: int | None
) -> UserInterests:
    """Return one user's interests with those lowered that he hid flits of since the version.

    Args:
        known: Interests at ``now_s``, the newest actions folded in.
        hidden: What he hid, oldest first, with weights above 0; the last :data:`NEWEST` count.
        embeddings: Unit vectors of the flits, float32 ``[num_flits, dim]``.
        config: Decay, and a number for ``merge_cosine``.
        now_s: "Now" of the answer; ``None`` for undated data.

    Raises:
        ConfigError: If ``merge_cosine`` is not resolved.
    """
    cut = _cut(config)
    if not len(known.medoid) or not len(hidden.rows):
        return known
    rows, weight = hidden.rows[-NEWEST:], hidden.weight[-NEWEST:].astype(np.float64)
    if hidden.time_s is not None:
        weight *= [aged(config, int(one), now_s) for one in hidden.time_s[-NEWEST:]]
    importance = _left(known.importance, _against(known.medoid, rows, weight, embeddings, cut))
    order = np.lexsort((known.medoid, -importance))
    return UserInterests(known.medoid[order], importance[order], known.size[order])


def _cut(config: InterestConfig) -> float:
    if isinstance(config.merge_cosine, str):
        raise ConfigError("InterestConfig.merge_cosine must be a number to lower (got 'auto'); resolve it first")
    return config.merge_cosine


def _against(
    medoids: RowVector, rows: RowVector, weight: npt.NDArray[np.float64], embeddings: FloatMatrix, cut: float
) -> npt.NDArray[np.float64]:
    """Return what a user's hides weigh against each of his interests, float64 ``[interests]``."""
    against = np.zeros(len(medoids))
    cosine = gather(embeddings, rows) @ gather(embeddings, medoids).T
    near = cosine.max(axis=1) >= cut
    np.add.at(against, cosine.argmax(axis=1)[near], weight[near])
    return against


def _left(importance: FloatVector, against: npt.NDArray[np.float64]) -> FloatVector:
    """Return what is left of importance, float32; something always is."""
    liking = importance / np.maximum(importance + against, np.finfo(np.float64).tiny)
    return np.maximum(importance * liking, LEAST).astype(np.float32)


def _reordered(interests: Interests, importance: FloatVector) -> Interests:
    """Return the interests with another importance, the most important of each user first."""
    owner = np.repeat(np.arange(interests.num_users), np.diff(interests.indptr))
    order = np.lexsort((interests.medoid, -importance, owner))
    rank: IntVector = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    start = np.repeat(interests.indptr[:-1], np.diff(interests.action_indptr))
    return replace(
        interests,
        medoid=interests.medoid[order],
        importance=importance[order],
        size=interests.size[order],
        action_interest=(rank[start + interests.action_interest] - start).astype(np.int32),
    )
