"""The projection: a version's flits on a plane, neighbours together, in clusters that have names."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphrec.arrays import FloatMatrix, IntVector, RowVector
from graphrec.projection.config import Method, ProjectionConfig
from graphrec.retrieval.keywords import Keywords

FEWEST = 50
"""Flits that UMAP needs to show more than chance."""
_WORDS = 3


@dataclass(frozen=True)
class Projection:
    """Flits on a plane.

    Attributes:
        rows: Flits drawn, ascending, int32 ``[n]``.
        points: Coordinates from 0 to 1, the longer side of the map filling them, float32 ``[n, 2]``.
        cluster: Cluster of each, int32 ``[n]``; the largest is 0.
        names: Of the clusters: the words that set their texts apart.
        method: ``umap`` or ``pca``.
    """

    rows: RowVector
    points: FloatMatrix
    cluster: IntVector
    names: tuple[str, ...]
    method: Method

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``."""
        for name in ("rows", "points", "cluster"):
            np.save(folder / f"{name}.npy", getattr(self, name))
        (folder / "projection.json").write_text(json.dumps({"names": self.names, "method": self.method}, indent=1))

    @classmethod
    def open(cls, folder: Path) -> "Projection":
        """Open what :meth:`save` wrote."""
        told = json.loads((folder / "projection.json").read_text())
        rows, points, cluster = (np.load(folder / f"{name}.npy") for name in ("rows", "points", "cluster"))
        return cls(rows, points, cluster, tuple(told["names"]), told["method"])


def build_projection(vectors: FloatMatrix, texts: Sequence[str], config: ProjectionConfig, seed: int = 0) -> Projection:
    """Lay flits out on a plane and group them.

    Args:
        vectors: Unit vectors of all flits, float32 ``[num_flits, dim]``.
        texts: Text of each, empty where it has none; clusters are named after them.
        config: Settings; UMAP (McInnes et al., 2018) gives way to PCA where flits are few.
        seed: Where chance is rooted; the same seed gives the same map on one machine.

    Raises:
        ConfigError: If UMAP is asked for and not installed.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(vectors))[: config.flits]).astype(np.int32)
    drawn = np.asarray(vectors[rows], dtype=np.float32)
    used: Method = "umap" if config.resolved().method == "umap" and len(rows) >= FEWEST else "pca"
    cluster = _clusters(drawn, config.clusters, seed)
    names = _names(cluster, [texts[row] for row in rows], Keywords.fit(texts))
    return Projection(rows, _framed(_laid_out(drawn, used, seed)), cluster, names, used)


def _laid_out(vectors: FloatMatrix, method: Method, seed: int) -> FloatMatrix:
    if method == "umap":
        from graphrec.plots.maps import project

        return project(vectors, "umap", seed)
    from sklearn.decomposition import PCA

    flat = np.zeros((len(vectors), 2), dtype=np.float32)
    axes = min(2, vectors.shape[1], len(vectors) - 1)
    if axes:
        flat[:, :axes] = PCA(axes, svd_solver="full").fit_transform(vectors)
    return flat


def _framed(points: FloatMatrix) -> FloatMatrix:
    """Move points into the unit square, as wide as they are high."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = max(float((high - low).max()), 1e-9)
    return np.asarray((points - (low + high) / 2) / span + 0.5, dtype=np.float32)


def _clusters(vectors: FloatMatrix, most: int, seed: int) -> IntVector:
    """Return a cluster for each vector, numbered from the largest, int32 ``[n]``."""
    from sklearn.cluster import KMeans

    distinct = len(np.unique(vectors, axis=0))
    means: Any = KMeans(min(most, distinct), n_init=1, random_state=seed).fit(vectors)
    order = np.argsort(-np.bincount(means.labels_), kind="stable")
    return np.asarray(np.argsort(order)[means.labels_], dtype=np.int32)


def _names(cluster: IntVector, texts: Sequence[str], words: Keywords) -> tuple[str, ...]:
    """Return the words that set each cluster's texts apart, or its number."""
    found = []
    for number in range(int(cluster.max()) + 1):
        own = words.of([texts[int(place)] for place in np.flatnonzero(cluster == number)], _WORDS)
        found.append(", ".join(own) or f"group {number + 1}")
    return tuple(found)
