"""More sources of candidates beside interests and factors: each names flits, which are then ranked like all others."""

from dataclasses import dataclass

import numpy as np

from graphrec.arrays import FloatMatrix, IntVector, RowVector, distinct, normalise_rows
from graphrec.history import History
from graphrec.index import VectorIndex
from graphrec.metrics import Doubles
from graphrec.retrieval.paths import Actors
from graphrec.retrieval.shelf import Query
from graphrec.retrieval.visits import scored_visits

STARTS = 20
"""Newest actions that walks begin at."""
VISITS = 200
"""Visits of each."""
FOLLOWED = 100
"""Accounts whose newest flits are looked at, the first of those a user follows."""
NEWEST = 20
"""Newest actions, and newest flits, of each of them."""
FEW = 10
"""Distinct flits below which a user is asked for as a mixture."""
NEIGHBOURS = 10
"""Users whose actions smooth his."""
OWN = 0.5
"""Weight of his own shares beside theirs."""
CLUSTERS = 5
"""Clusters that ask for him at most."""


@dataclass(frozen=True)
class Walks:
    """Flits that walks from the user's newest actions end at, over who acted on what (Pixie).

    Attributes:
        history: What everybody did.
        actors: Who acted on each flit.
    """

    history: History
    actors: Actors
    name = "walks"
    why = "where walks from the newest actions lead"

    def draw(self, query: Query, most: int) -> RowVector:
        """Return the flits visited most."""
        starts = distinct(query.actions[-STARTS:])
        if not len(starts):
            return starts
        acted = np.asarray(self.history.indptr), np.asarray(self.history.rows)
        rows, strength = scored_visits(starts, VISITS, acted, self.actors.arrays)
        return np.sort(rows[np.argsort(-strength, kind="stable")[:most]])


@dataclass(frozen=True)
class Follows:
    """The newest flits that the accounts a user follows acted on or wrote.

    Attributes:
        followed: Accounts that each user follows, as a history.
        history: What everybody did, oldest first.
        written: Flits that each user wrote, as a history, oldest first.
    """

    followed: History
    history: History
    written: History
    name = "follows"
    why = "the newest of those he follows"

    def draw(self, query: Query, most: int) -> RowVector:
        """Return the newest flits, each as old as its newest action or itself; undated ones count as the oldest."""
        if query.user is None:
            return np.zeros(0, np.int32)
        found = [of.of(int(one)) for one in self.followed.of(query.user).rows[:FOLLOWED]
                 for of in (self.history, self.written)]  # fmt: skip
        rows = np.concatenate([np.zeros(0, np.int32), *(one.rows[-NEWEST:] for one in found)])
        ages = [np.full(len(one.rows), np.inf) if one.time_s is None else -one.time_s for one in found]
        age = np.concatenate([np.zeros(0), *(one[-NEWEST:] for one in ages)])
        newest = rows[np.argsort(age, kind="stable")]
        _, first = np.unique(newest, return_index=True)
        return np.sort(newest[np.sort(first)[:most]])


@dataclass(frozen=True)
class Mixture:
    """Somebody who did little, as a mixture over clusters of the flits, smoothed by the users nearest to him.

    El-Kishky et al., "kNN-Embed: locally smoothed embedding mixtures for multi-interest candidate retrieval", 2022:
    each of his largest clusters asks with the mean of what was met there, and brings its share.

    Attributes:
        cluster: Of each flit, int32 ``[num_flits]``.
        vectors: Of the flits, float32 ``[num_flits, dim]``.
        index: Of the flits that may be shown.
        users: Index of the users.
        user_vectors: float32 ``[num_users, dim]``.
        history: What everybody did.
    """

    cluster: RowVector
    vectors: FloatMatrix
    index: VectorIndex
    users: VectorIndex
    user_vectors: FloatMatrix
    history: History
    name = "mixture"
    why = "the clusters of a user with few actions and of those like him"

    def draw(self, query: Query, most: int) -> RowVector:
        """Return the neighbours of his clusters' means; nothing for somebody who did much or nothing at all."""
        own = distinct(query.actions)
        if not 0 < len(own) < FEW:
            return np.zeros(0, np.int32)
        near = np.concatenate([np.zeros(0, np.int32), *(self.history.of(int(one)).rows for one in self._alike(query))])
        share = OWN * self._shares(own) + (1 - OWN) * self._shares(near)
        largest = np.argsort(-share, kind="stable")[:CLUSTERS]
        largest = largest[share[largest] > 0]
        size = (most * share[largest] / max(share[largest].sum(), 1e-9)).astype(np.int64)
        found = [self._near(one, own, near, k) for one, k in zip(largest.tolist(), size.tolist(), strict=True) if k]
        return distinct(np.zeros(0, np.int32), *(one[one >= 0] for one in found))

    def _alike(self, query: Query) -> IntVector:
        """Return the users who stand nearest to him, himself aside."""
        own = query.medoids.mean(axis=0)[None] if query.user is None else np.asarray(self.user_vectors[[query.user]])
        if not len(self.users) or not np.any(own):
            return np.zeros(0, np.int64)
        found = self.users.query(normalise_rows(own), NEIGHBOURS + 1).rows[0]
        himself = -1 if query.user is None else query.user
        return np.asarray(found[(found >= 0) & (found != himself)][:NEIGHBOURS], dtype=np.int64)

    def _shares(self, rows: RowVector) -> Doubles:
        """Return the share of each cluster among some flits, float64 ``[clusters]``."""
        counts = np.bincount(self.cluster[rows], minlength=int(self.cluster.max()) + 1)
        return np.asarray(counts / max(len(rows), 1))

    def _near(self, cluster: int, own: RowVector, near: RowVector, size: int) -> RowVector:
        """Return what lies nearest to what he, or else those like him, met in a cluster."""
        met = own[self.cluster[own] == cluster]
        met = met if len(met) else near[self.cluster[near] == cluster]
        mean = normalise_rows(self.vectors[met].mean(axis=0)[None])
        return np.asarray(self.index.query(mean, size).rows[0]) if mean.any() else met[:0]
