"""Maps: many vectors on a plane, neighbours together."""

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
    for name, places, _ in _groups(len(points), labels):
        if name and name != "other":
            _write(axes, name, points[places])
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
    reducer = _tsne(len(matrix), seed) if method == "tsne" else _umap(len(matrix), seed)
    return np.asarray(reducer.fit_transform(matrix), dtype=np.float32)


def _tsne(number: int, seed: int) -> Any:
    from sklearn.manifold import TSNE

    return TSNE(metric="cosine", init="pca", perplexity=min(30.0, (number - 1) / 3), random_state=seed)


def _umap(number: int, seed: int) -> Any:
    try:
        from umap import UMAP
    except ModuleNotFoundError as error:
        raise ConfigError("maps need umap-learn (got none); pip install 'graphrec[notebooks]'") from error
    # Few points have no spectrum to start from.
    start = "spectral" if number > 20 else "random"
    near = min(15, number - 1)
    return UMAP(metric="cosine", n_neighbors=near, min_dist=0.1, init=start, random_state=seed, n_jobs=1)


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


def _write(axes: "Axes", name: str, points: FloatMatrix) -> None:
    """Write a group's name where its points are densest."""
    from matplotlib.patheffects import withStroke

    some = points[np.linspace(0, len(points) - 1, min(len(points), _DENSE)).astype(np.int64)]
    apart: npt.NDArray[np.float32] = np.linalg.norm(some[:, None] - some[None], axis=2)
    near = np.sort(apart, axis=1)[:, : max(len(some) // 3, 1)].mean(axis=1)
    x, y = some[int(near.argmin())]
    halo = [withStroke(linewidth=3, foreground="white")]
    axes.text(
        float(x), float(y), name, fontsize=10, weight="bold", ha="center", va="center", path_effects=halo, zorder=5
    )
