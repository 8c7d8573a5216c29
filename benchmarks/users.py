"""What may stand for a user when tomorrow's flits are drawn: the rows of PinnerSage's table 3, and a mixture."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector, normalise_rows
from graphrec.history import DAY_S, History
from graphrec.interests import InterestConfig, Interests, build_interests, medoid

METHODS = (
    "last action",
    "decayed average",
    "one sampled action",
    "one sampled interest",
    "user vector",
    "k-means 5, centroid",
    "complete linkage, medoid",
    "ward, centroid",
    "ward, medoid, decay 0",
    "ward, medoid, decay .01",
    "ward, medoid, decay .1",
    "mixture over 40 clusters",
)
SERVED, CLUSTERS, OWN, NEIGHBOURS = 3, 40, 0.8, 10
Queries = tuple[FloatMatrix, FloatVector]
"""Query vectors, and the share of the budget of each."""


@dataclass
class Morning:
    """What is known before a day.

    Attributes:
        history: Actions so far.
        flits: Unit vectors of the flits, float32 ``[num_flits, dim]``; NaN where they are from after the morning.
        users: Unit vectors of the users, float32 ``[num_users, dim]``.
        settings: Clustering, with a number for ``merge_cosine``.
        published: Flits that are there, bool ``[num_flits]``.
        as_of_s: The instant.
        seed: Root of what is drawn.
    """

    history: History
    flits: FloatMatrix
    users: FloatMatrix
    settings: InterestConfig
    published: BoolVector
    as_of_s: int
    seed: int

    @cached_property
    def interests(self) -> Interests:
        """PinnerSage's, at a decay of .01 a day."""
        return self.decayed(0.01)

    @cached_property
    def at_decay(self) -> dict[str, Interests]:
        """Interests by the name of their decay."""
        return {"0": self.decayed(0.0), ".01": self.interests, ".1": self.decayed(0.1)}

    def decayed(self, per_day: float) -> Interests:
        """Return everybody's interests at another decay."""
        settings = self.settings.model_copy(update={"decay_per_day": per_day})
        return build_interests(self.history, self.flits, settings, as_of_s=self.as_of_s)

    def weighed(self, user: int) -> tuple[RowVector, FloatVector]:
        """Return a user's distinct flits of the window and their decayed weight, the oldest first."""
        rows, times, weight = self.history.of(user)
        assert times is not None, "the replay needs dated actions"
        age = (self.as_of_s - times) / DAY_S
        keep = age <= (self.settings.window_days or np.inf)
        rows, weight = rows[keep], (weight * np.exp(-0.01 * age))[keep]
        flits, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return flits[order], np.bincount(inverse, weight)[order].astype(np.float32)

    @cached_property
    def clusters(self) -> tuple[RowVector, FloatMatrix]:
        """Cluster of every flit (-1 where it is not there yet) and the unit centroids of a k-means over the others."""
        found = KMeans(CLUSTERS, n_init=1, random_state=self.seed).fit(self.flits[self.published])
        labels = np.full(len(self.flits), -1, dtype=np.int32)
        labels[self.published] = found.labels_
        return labels, normalise_rows(found.cluster_centers_.astype(np.float32))

    @cached_property
    def mixtures(self) -> FloatMatrix:
        """Share of each cluster in each user's weight, float64 ``[num_users, CLUSTERS]``."""
        labels, _ = self.clusters
        out = np.zeros((self.history.num_users, CLUSTERS))
        for user in np.flatnonzero(self.history.actions_per_user):
            rows, weight = self.weighed(int(user))
            out[user] = np.bincount(labels[rows], weight, CLUSTERS)
        return np.asarray(out / np.maximum(out.sum(axis=1, keepdims=True), 1e-12))


def queries_of(name: str, morning: Morning, user: int) -> Queries:
    """Return what stands for a user under a method of :data:`METHODS`."""
    rows, weight = morning.weighed(user)
    vectors = morning.flits[rows]
    if name.startswith("ward, medoid"):
        return _medoids(morning, morning.at_decay[name.rsplit(" ", 1)[1]], user)
    if name == "last action":
        return _one(morning.flits[morning.history.of(user).rows[-1:]])
    if name == "decayed average":
        return _one(normalise_rows((weight @ vectors)[None]))
    if name == "one sampled action":
        drawn = np.random.default_rng([morning.seed, user]).integers(len(rows))
        return _one(vectors[drawn : drawn + 1])
    if name == "one sampled interest":
        return _one(morning.flits[morning.interests.served(user, 1, "sampled", morning.seed).medoid])
    if name == "user vector":
        return _one(morning.users[user : user + 1])
    if name == "mixture over 40 clusters":
        return _mixture(morning, user)
    return _clustered(name, morning, user, vectors, weight)


def _one(vector: FloatMatrix) -> Queries:
    return vector, np.ones(1, np.float32)


def _medoids(morning: Morning, interests: Interests, user: int) -> Queries:
    served = interests.served(user, SERVED)
    return morning.flits[served.medoid], _even(len(served.medoid))


def _even(count: int) -> FloatVector:
    return np.full(count, 1 / count, dtype=np.float32)


def _clustered(name: str, morning: Morning, user: int, vectors: FloatMatrix, weight: FloatVector) -> Queries:
    """Cluster anew, and take the heaviest clusters' centroids or medoids."""
    count = len(morning.interests.of(user).medoid)
    if name.startswith("k-means"):
        found = KMeans(min(5, len(vectors)), n_init=1, random_state=morning.seed)
        labels = found.fit(vectors, sample_weight=weight).labels_
    elif len(vectors) == 1:
        labels = np.zeros(1, np.int64)
    else:
        tree = linkage(vectors, "complete" if name.startswith("complete") else "ward")
        labels = fcluster(tree, count, "maxclust") - 1
    heaviest = np.argsort(-np.bincount(labels, weight), kind="stable")[:SERVED]
    members = [labels == one for one in heaviest]
    if name.endswith("medoid"):
        chosen = [vectors[mask][medoid(vectors[mask])] for mask in members]
    else:
        chosen = [weight[mask] @ vectors[mask] for mask in members]
    return normalise_rows(np.stack(chosen).astype(np.float32)), _even(len(chosen))


def _mixture(morning: Morning, user: int) -> Queries:
    """Return the centroids of all clusters with a user's share of each, smoothed over his nearest users (kNN-Embed)."""
    known = morning.mixtures.sum(axis=1) > 0
    cosine = np.where(known, morning.users @ morning.users[user], -np.inf)
    cosine[user] = -np.inf
    near = np.argpartition(-cosine, min(NEIGHBOURS, len(cosine) - 1))[:NEIGHBOURS]
    share = OWN * morning.mixtures[user] + (1 - OWN) * morning.mixtures[near].mean(axis=0)
    order = np.argsort(-share, kind="stable")
    order = order[share[order] > 0]
    return morning.clusters[1][order], (share[order] / share[order].sum()).astype(np.float32)
