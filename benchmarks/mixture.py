"""A user as a mixture over clusters of the space instead of one vector (TwHIN, section 4.4; kNN-Embed).

El-Kishky et al., "kNN-Embed: locally smoothed embedding mixtures for multi-interest candidate retrieval", 2022: a
user's share of a cluster is how often he acted in it, smoothed by the shares of the users nearest to him; every cluster
asks with the mean of what he met there and brings its share of the answer.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse

from graphrec.arrays import BoolVector, FloatMatrix, RowVector, normalise_rows
from graphrec.evaluation.recommender import Scorer, actions_of_block
from graphrec.history import History

MOST_CLUSTERS = 5
"""Clusters that answer for a user, as published."""
NEIGHBOURS = 10
"""Users whose shares smooth his."""
DEPTH = 50
"""Places each cluster fills at most."""


@dataclass(frozen=True)
class MixtureConfig:
    """How users are mixed.

    Attributes:
        clusters: Number of clusters.
        own: Weight of the user's own shares beside those of his neighbours.
        unit: Whether vectors are brought to length one first.
    """

    clusters: int
    own: float
    unit: bool


@dataclass(frozen=True, eq=False)
class Space:
    """One space of users, of what they acted on and of what is recommended.

    Attributes:
        users: float32 ``[num_users, dim]``.
        met: Vectors of what users acted on, float32 ``[num_met, dim]``.
        engaged: Who acted on what, CSR ``[num_users, num_met]``.
        targets: Vectors of what is recommended, float32 ``[num_targets, dim]``.
    """

    users: FloatMatrix
    met: FloatMatrix
    engaged: scipy.sparse.csr_array
    targets: FloatMatrix


class Mixture(Scorer):
    """Candidates of a user's largest clusters, each bringing as many as its share.

    Args:
        history: What is never recommended again.
        available: What may be recommended, bool ``[num_targets]``.
        space: The vectors.
        config: Clusters and smoothing.
    """

    def __init__(self, history: History, available: BoolVector, space: Space, config: MixtureConfig) -> None:
        super().__init__(history, available, vars(config))
        self._met = normalise_rows(space.met) if config.unit else space.met
        self._targets = normalise_rows(space.targets) if config.unit else space.targets
        self._engaged = space.engaged
        self._labels = cluster(normalise_rows(space.met), config.clusters)
        shares = cluster_shares(space.engaged, self._labels, config.clusters)
        self._shares = smoothed(shares, normalise_rows(space.users), config.own)

    def block_size(self) -> int:
        """Return how many users are scored at once; each brings a line per cluster."""
        return max(1, super().block_size() // MOST_CLUSTERS)

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return minus the place at which a target is drawn, float32 ``[users, num_targets]``."""
        out = np.full((len(users), self.num_flits), -np.inf, dtype=np.float32)
        line, rows = actions_of_block(self.history, users)
        seen = np.zeros(out.shape, dtype=np.bool_)
        seen[line, rows] = True
        for place, user in enumerate(users):
            for number in np.argsort(-self._shares[user], kind="stable")[:MOST_CLUSTERS]:
                share = self._shares[user, number]
                if share > 0:
                    scores = np.where(seen[place] | ~self.available, -np.inf, self._targets @ self._query(user, number))
                    best = np.argpartition(-scores, min(DEPTH, len(scores) - 1))[:DEPTH]
                    best = best[np.argsort(-scores[best], kind="stable")]
                    drawn = -np.arange(1, len(best) + 1, dtype=np.float32) / np.float32(share)
                    out[place, best] = np.maximum(out[place, best], drawn)
        return out

    def _query(self, user: int, number: int) -> FloatMatrix:
        """Return the mean of what a user met in a cluster; where he met nothing, the cluster's own mean."""
        own = self._engaged.indices[self._engaged.indptr[user] : self._engaged.indptr[user + 1]]
        own = own[self._labels[own] == number]
        chosen = own if len(own) else np.flatnonzero(self._labels == number)
        return np.asarray(self._met[chosen].mean(axis=0), dtype=np.float32)


def cluster(vectors: FloatMatrix, number: int, seed: int = 0) -> RowVector:
    """Return the k-means cluster of each vector, int32 ``[rows]``."""
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(number, random_state=seed, n_init=1, batch_size=2048, max_iter=20)
    return np.asarray(model.fit_predict(vectors), dtype=np.int32)


def cluster_shares(engaged: scipy.sparse.csr_array, labels: RowVector, number: int) -> FloatMatrix:
    """Return each user's share of his actions in each cluster, float32 ``[num_users, number]``."""
    member = scipy.sparse.csr_array(
        (np.ones(len(labels), dtype=np.float32), labels, np.arange(len(labels) + 1)), shape=(len(labels), number)
    )
    counts = np.asarray((engaged @ member).todense(), dtype=np.float32)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), dtype=np.float32)


def smoothed(shares: FloatMatrix, users: FloatMatrix, own: float) -> FloatMatrix:
    """Return ``own * shares + (1 - own) * mean of the nearest users' shares`` (kNN-Embed, equation 4)."""
    if own >= 1:
        return shares
    cosine = users @ users.T
    np.fill_diagonal(cosine, -np.inf)
    near = np.argpartition(-cosine, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    return np.asarray(own * shares + (1 - own) * shares[near].mean(axis=1), dtype=np.float32)
