"""Candidates of all users, in batches that any number of workers share."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from graphrec.engine import LOCAL, Engine, Worker
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
        ``user`` (id), ``position`` from 0, ``id``, ``score``, ``interest`` (id of the medoid), ``similarity``,
        ``factors``, ``prior``.
    """
    ids = retriever.bundle.ids[retriever.bundle.settings.user_type].ids(np.asarray(user_rows, dtype=np.int32))
    answers = [
        retriever.recommend(user, k)
        .to_polars()
        .with_row_index("position")
        .select(pl.lit(user, dtype=ids.dtype).alias("user"), pl.all())
        for user in ids
    ]
    return pl.concat(answers)


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
