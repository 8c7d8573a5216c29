"""Users whose interests are known, and the slow twins of the fast paths."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage

from graphrec.arrays import FloatMatrix, IntVector, normalise_rows
from graphrec.history import History
from graphrec.interests import Interests
from graphrec.interests.ward import squared_cut

DAY_S = 86_400


@dataclass(frozen=True)
class Planted:
    """An undated history where each action is on a flit of its own, and the topic of every flit."""

    history: History
    embeddings: FloatMatrix
    topic: IntVector


def planted(
    rng: np.random.Generator, *, cosine: float, num_users: int = 150, most_topics: int = 6, shared: float = 0.0
) -> Planted:
    """Draw users of 1 to ``most_topics`` topics out of 40; two flits of a topic have about this cosine.

    ``shared`` is the length of a direction common to all flits, as trained embeddings have one.
    """
    dim, spread = 64, np.sqrt(1.0 / cosine - 1.0)
    topics = normalise_rows((rng.normal(size=(40, dim)) + shared * rng.normal(size=(1, dim))).astype(np.float32))
    labels = []
    for _ in range(num_users):
        number = int(rng.integers(1, most_topics + 1))
        mix = rng.dirichlet(np.ones(number))
        count = int(np.exp(rng.uniform(np.log(6), np.log(80))))
        labels.append(rng.choice(rng.choice(40, number, replace=False), size=count, p=mix))
    topic = np.concatenate(labels).astype(np.int64)
    noise = rng.normal(size=(len(topic), dim)) * spread / np.sqrt(dim)
    embeddings = normalise_rows((topics[topic] + noise).astype(np.float32))
    indptr = np.concatenate([[0], np.cumsum([len(one) for one in labels])]).astype(np.int64)
    rows = np.arange(len(topic), dtype=np.int32)
    return Planted(History(indptr, rows, None, np.ones(len(rows), np.float32)), embeddings, topic)


def one_user(rows: list[int], days_ago: list[float] | None = None, weight: list[float] | None = None) -> History:
    """Return the history of a single user, "now" being second 0."""
    times = None if days_ago is None else np.array([round(-day * DAY_S) for day in days_ago], dtype=np.int64)
    weights = None if weight is None else np.array(weight, dtype=np.float32)
    return History.from_edges(np.zeros(len(rows), np.int32), np.array(rows, np.int32), times, weights, 1)


def unit_vectors(rng: np.random.Generator, count: int, dim: int) -> FloatMatrix:
    """Return random directions."""
    return normalise_rows(rng.normal(size=(count, dim)).astype(np.float32))


def scipy_labels(vectors: FloatMatrix, merge_cosine: float) -> IntVector:
    """Return the clusters of scipy's Ward tree, cut at the same height, numbered by first appearance."""
    if len(vectors) == 1:
        return np.zeros(1, dtype=np.int64)
    tree = linkage(vectors.astype(np.float64), method="ward")
    return renumbered(fcluster(tree, t=np.sqrt(squared_cut(merge_cosine)), criterion="distance"))


def renumbered(labels: npt.NDArray[np.integer]) -> IntVector:
    """Return labels numbered by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def labels_of(interests: Interests, user: int) -> IntVector:
    """Return a user's clusters, one label per clustered action, numbered by first appearance."""
    part = slice(int(interests.action_indptr[user]), int(interests.action_indptr[user + 1]))
    return renumbered(interests.action_interest[part])


def assert_same(one: Interests, other: Interests) -> None:
    """Check that two answers are equal to the last bit."""
    for name in vars(one):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
