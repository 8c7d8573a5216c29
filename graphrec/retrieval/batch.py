"""Candidates of all users, in batches that any number of workers share."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from graphrec.arrays import IntVector, RowVector
from graphrec.engine import LOCAL, Engine, Worker
from graphrec.ids import IdMap
from graphrec.retrieval.answering import Found
from graphrec.retrieval.answers import propensities
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever

USERS = 128
"""Users a worker answers at once."""


def recommend_batch(retriever: Retriever, user_rows: Sequence[int], k: int) -> pl.DataFrame:
    """Return the candidates of some users, one by one as :meth:`Retriever.recommend` gives them.

    Args:
        retriever: Who answers.
        user_rows: Users.
        k: Candidates of each at most.

    Returns:
        ``user`` (id), ``position`` from 0, ``id``, ``score``, ``interest`` (id of the medoid) and its
        ``propensity``, ``similarity``, ``factors``, ``prior``, ``ad`` (id of who promotes it).
    """
    bundle = retriever.bundle
    found = [retriever.found(row, k) for row in user_rows]
    lengths = [len(one.scored.rows) for one in found]
    rows, score, similarity, interest, factors = (
        np.concatenate(part) for part in zip(*(one.scored.parts() for one in found), strict=True)
    )
    medoids = np.concatenate([one.served.medoids for one in found])
    first = np.repeat(np.cumsum([0, *(len(one.served.medoids) for one in found)])[:-1], lengths)
    users, flits = bundle.ids[bundle.settings.user_type], bundle.ids[bundle.settings.flit_type]
    return pl.DataFrame(
        {
            "user": users.ids(np.repeat(np.asarray(user_rows, dtype=np.int32), lengths)),
            "position": pl.Series(np.concatenate([np.arange(one) for one in lengths]), dtype=pl.UInt32),
            "id": flits.ids(rows),
            "score": score,
            "interest": _ids(flits, medoids, np.where(interest >= 0, first + interest, -1)),
            "propensity": propensities([one.scored for one in found], [one.served for one in found]),
            "similarity": pl.Series(similarity, nan_to_null=True),
            "factors": pl.Series(factors, nan_to_null=True),
            "prior": bundle.prior[rows],
            "ad": _promoters(bundle, found),
        }
    )


def _ids(known: IdMap, rows: RowVector, places: IntVector) -> pl.Series:
    """Return the ids of the rows at some places, null where a place is negative."""
    taken = pl.Series(np.where(places >= 0, places, 0), dtype=pl.Int64).set(pl.Series(places < 0), None)
    return known.ids(rows).gather(taken)


def _promoters(bundle: Bundle, found: Sequence[Found]) -> pl.Series:
    """Return who promotes each candidate, null where it is no ad."""
    count = sum(len(one.scored.rows) for one in found)
    if bundle.campaigns is None:
        return pl.Series([None] * count, dtype=pl.String)
    owners = np.concatenate([one.owners for one in found if one.owners is not None])
    known = bundle.ids[bundle.campaigns.rules.node_type]
    return _ids(known, np.arange(len(known), dtype=np.int32), owners)


def recommend_all(store: str, version: str, k: int, *, engine: Engine = LOCAL) -> Iterator[pl.DataFrame]:
    """Yield the candidates of all users, batch by batch in the order of their rows; see :func:`recommend_batch`.

    Args:
        store: A folder or URI that every worker reaches.
        version: A version's name or an alias.
        k: Candidates of each user at most.
        engine: Where users are answered.

    Raises:
        ArtifactError: If the store holds no such version, or a file is damaged.
    """
    retriever = Retriever.open(store, version)
    users = pl.DataFrame({"row": np.arange(len(retriever.bundle.ids[retriever.bundle.settings.user_type]))})
    # The name, not the alias: it may move while workers open it.
    return engine.map_batches(_worker, users, store, retriever.version, k, name="retrieval", batch_size=USERS)


def _worker(store: str, version: str, k: int) -> Worker:
    """Open the version once, and return the function that answers a batch of users."""
    retriever = Retriever.open(store, version)
    return lambda users: recommend_batch(retriever, users["row"].to_list(), k)
