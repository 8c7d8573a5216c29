"""Slow and plain: what the interests must equal."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from graphrec.arrays import FloatMatrix, IntVector
from graphrec.history import History

DAY = 86_400


def scipy_labels(points: FloatMatrix, alpha: float) -> IntVector:
    """Cut scipy's Ward tree; scipy's heights are square roots of the distances merged at."""
    if len(points) == 1:
        return np.zeros(1, dtype=np.int64)
    tree = linkage(points.astype(np.float64), method="ward")
    return by_first_appearance(fcluster(tree, np.sqrt(alpha), criterion="distance"))


def by_first_appearance(labels: IntVector) -> IntVector:
    """Number clusters in the order their first members stand."""
    number: dict[int, int] = {}
    return np.array([number.setdefault(int(one), len(number)) for one in labels], dtype=np.int64)


def margin(points: FloatMatrix, alpha: float) -> float:
    """Return how near the nearest merge of the tree comes to the cut: float32 and float64 may differ there."""
    if len(points) == 1:
        return np.inf
    heights = linkage(points.astype(np.float64), method="ward")[:, 2] ** 2
    return float(np.abs(heights - alpha).min())


def unit(rng: np.random.Generator, count: int, dim: int) -> FloatMatrix:
    """Draw unit vectors."""
    vectors = rng.normal(size=(count, dim)).astype(np.float32)
    out: FloatMatrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return out


def mixtures(
    rng: np.random.Generator, *, users: int, topics: int, flits: int, actions: int, noise: float, dim: int = 16
) -> tuple[FloatMatrix, IntVector, History]:
    """Plant topics: flits scatter around their topic's direction, each user acts on those of three topics."""
    centres = unit(rng, topics, dim)
    topic = np.arange(flits) % topics
    vectors = centres[topic] + noise * rng.normal(size=(flits, dim)) / np.sqrt(dim)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    chosen = []
    for _ in range(users):
        own = np.flatnonzero(np.isin(topic, rng.choice(topics, size=3, replace=False)))
        chosen.append(rng.choice(own, size=min(actions, len(own)), replace=False))
    rows = np.concatenate(chosen).astype(np.int32)
    owner = np.repeat(np.arange(users, dtype=np.int32), [len(one) for one in chosen])
    time_s = rng.integers(0, 30 * DAY, size=len(rows))
    return vectors, topic.astype(np.int64), History.from_edges(owner, rows, time_s, None, users)
