"""Negative actions: what a user hid lowers the interest it belongs to.

A hide goes to the interest whose medoid lies nearest, if it lies within the cut, as a new action would (``fold``). The
importance there is multiplied by the share that liking has of all that was said: w becomes w * w / (w + hidden). An
interest with as many hides as actions halves; none turns negative or vanishes, and a hide far from every interest, of
something shown by chance, says nothing about the others. Hidden flits take no part in the clustering: a medoid stands
for what is liked.
"""

from dataclasses import replace

import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, IntVector
from graphrec.errors import ConfigError
from graphrec.history import History
from graphrec.interests.config import InterestConfig
from graphrec.interests.interests import Interests
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
    if isinstance(config.merge_cosine, str):
        raise ConfigError("InterestConfig.merge_cosine must be a number to lower (got 'auto'); resolve it first")
    points = points_of(hidden, config, num_flits=len(embeddings), as_of_s=as_of_s)
    against = np.zeros(len(interests.medoid))
    for user in np.flatnonzero((np.diff(points.indptr) > 0) & (np.diff(interests.indptr) > 0)):
        own = slice(int(interests.indptr[user]), int(interests.indptr[user + 1]))
        said = slice(int(points.indptr[user]), int(points.indptr[user + 1]))
        cosine = gather(embeddings, points.rows[said]) @ gather(embeddings, interests.medoid[own]).T
        near = cosine.max(axis=1) >= config.merge_cosine
        np.add.at(against[own], cosine.argmax(axis=1)[near], points.weight[said][near])
    if not against.any():
        return interests
    liking = interests.importance / np.maximum(interests.importance + against, np.finfo(np.float64).tiny)
    return _reordered(interests, np.asarray(interests.importance * liking, dtype=np.float32))


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
