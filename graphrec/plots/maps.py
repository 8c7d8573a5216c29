"""Maps: many vectors on a plane, neighbours together."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatMatrix, IntVector
from graphrec.errors import ConfigError
from graphrec.plots.canvas import GREY, PALETTE, Sheet, blank, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Method = Literal["umap", "tsne"]
_DENSE = 800
"""Points of a group looked at to find where it is densest."""
_EXACT = 50_000
"""Vectors whose neighbours are found by comparing each with all."""
_BLOCK = 1024
"""Vectors compared with all at once."""
_EPOCHS = 200
"""Passes of UMAP; its own default on small data, 500, keeps hardly more neighbours together."""
_NAME = (0.13, 0.035)
"""Width and height of a name, in shares of the map."""


def plot_points(
    title: str,
    points: FloatMatrix,
    labels: Sequence[object] | None = None,
    marked: Mapping[str, Sequence[int]] | None = None,
) -> Sheet:
    """Draw a map of points, coloured by label; every label stands where its points are densest.

    Args:
        title: Above the figure.
        points: Shape ``[n, 2]``.
        labels: One per point; where there are more than twelve, the rarest share the grey of "other".
        marked: Name to places of points drawn on top (a user's actions, his candidates).
    """
    figure, axes = blank(9, 6.4)
    for name, places, colour in _groups(len(points), labels):
        axes.scatter(points[places, 0], points[places, 1], s=14, c=colour, label=name or None, alpha=0.8, linewidths=0)
    for number, (name, chosen) in enumerate((marked or {}).items()):
        at = points[list(chosen)]
        axes.scatter(
            at[:, 0], at[:, 1], s=90, marker="*X^"[number % 3], c="black", edgecolors="white", label=plain(name)
        )
    named = [(name, points[places]) for name, places, colour in _groups(len(points), labels) if name and colour != GREY]
    for (name, _), (x, y) in zip(named, _spots([one for _, one in named], points), strict=True):
        _write(axes, name, x, y)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#ced4da")
    axes.set_title(plain(title), loc="left")
    if labels is not None or marked:
        legend(axes, scale=2.0)
    return figure


def project(vectors: FloatMatrix, method: Method = "umap", seed: int = 0) -> FloatMatrix:
    """Return two coordinates per vector that keep neighbours together (by cosine), float32 ``[n, 2]``.

    Args:
        vectors: Shape ``[n, dim]``.
        method: ``umap`` (McInnes et al., 2018) or ``tsne`` (van der Maaten and Hinton, 2008).
        seed: Where chance is rooted; the same seed gives the same map on one machine.

    Raises:
        ConfigError: If the method is unknown or not installed, or there are fewer than four vectors.
    """
    if method not in ("umap", "tsne"):
        raise ConfigError(f"method must be umap or tsne (got {method!r})")
    if len(vectors) < 4:
        raise ConfigError(f"a map must have at least 4 points (got {len(vectors)})")
    matrix = np.array(vectors, dtype=np.float32)
    reducer = _tsne(len(matrix), seed) if method == "tsne" else _umap(matrix, seed)
    with warnings.catch_warnings():  # said of any map whose neighbours were found beforehand: it takes in no new points
        warnings.filterwarnings("ignore", "precomputed_knn", UserWarning)
        return np.asarray(reducer.fit_transform(matrix), dtype=np.float32)


def nearest(vectors: FloatMatrix, k: int) -> tuple[IntVector, FloatMatrix]:
    """Return the ``k`` nearest of each vector among all, itself among them, and their cosine distances, ``[n, k]``."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    rows, distances = [], []
    for start in range(0, len(unit), _BLOCK):
        apart = np.maximum(1 - unit[start : start + _BLOCK] @ unit.T, 0)
        near = np.argpartition(apart, k - 1, axis=1)[:, :k]
        order = np.lexsort((near, np.take_along_axis(apart, near, 1)), axis=1)
        rows.append(np.take_along_axis(near, order, 1))
        distances.append(np.take_along_axis(apart, rows[-1], 1))
    return np.concatenate(rows).astype(np.int32), np.concatenate(distances).astype(np.float32)


def _tsne(number: int, seed: int) -> Any:
    from sklearn.manifold import TSNE

    return TSNE(metric="cosine", init="pca", perplexity=min(30.0, (number - 1) / 3), max_iter=500, random_state=seed)


def _umap(matrix: FloatMatrix, seed: int) -> Any:
    try:
        with warnings.catch_warnings():  # it misses Tensorflow aloud
            warnings.simplefilter("ignore", ImportWarning)
            from umap import UMAP
    except ModuleNotFoundError as error:
        raise ConfigError("maps need umap-learn (got none); pip install 'graphrec[notebooks]'") from error
    near = min(15, len(matrix) - 1)
    # Finding neighbours exactly takes a second where compiling the approximate search takes half a minute.
    found = (*nearest(matrix, near), None) if near < len(matrix) <= _EXACT else None
    # Few points have no principal axes to start from.
    start = "pca" if len(matrix) > 20 else "random"
    return UMAP(
        metric="cosine", n_neighbors=near, min_dist=0.1, init=start, random_state=seed, n_jobs=1, n_epochs=_EPOCHS,
        precomputed_knn=found or (None, None, None), force_approximation_algorithm=found is not None,
    )  # fmt: skip


def _groups(number: int, labels: Sequence[object] | None) -> list[tuple[str, IntVector, str]]:
    """Return name, places and colour of every label, the most frequent first."""
    if labels is None:
        return [("", np.arange(number), PALETTE[0])]
    texts = np.array([plain(one) for one in labels])
    names, inverse, counts = np.unique(texts, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    kept = order[: len(PALETTE)]
    groups = [(str(names[one]), np.flatnonzero(inverse == one), PALETTE[place]) for place, one in enumerate(kept)]
    rest = np.flatnonzero(~np.isin(inverse, kept))
    # The rest goes below what is coloured, and last into the legend.
    return [*groups, ("other", rest, GREY)] if len(rest) else groups


def _spots(groups: Sequence[FloatMatrix], points: FloatMatrix) -> list[tuple[float, float]]:
    """Return where each group's name goes: where its points are densest, and not over another name."""
    taken: list[npt.NDArray[np.float32]] = []
    size = np.maximum(np.ptp(points, axis=0), 1e-9) * _NAME
    for group in groups:
        some = group[np.linspace(0, len(group) - 1, min(len(group), _DENSE)).astype(np.int64)]
        apart = np.linalg.norm(some[:, None] - some[None], axis=2)
        near = np.sort(apart, axis=1)[:, : max(len(some) // 3, 1)].mean(axis=1)
        spots = some[np.argsort(near, kind="stable")]
        free = [spot for spot in spots if all((np.abs(spot - other) > size).any() for other in taken)]
        taken.append(free[0] if free else spots[0])
    return [(float(x), float(y)) for x, y in taken]


def _write(axes: "Axes", name: str, x: float, y: float) -> None:
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]
    axes.text(x, y, name, fontsize=10, weight="bold", ha="center", va="center", path_effects=halo, zorder=5)
