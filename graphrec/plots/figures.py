"""Figures as matplotlib draws them; each function returns the figure and shows nothing."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.errors import ConfigError

try:
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    raise ConfigError("plots need matplotlib (got none); pip install 'graphrec[notebooks]'") from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = (
    "#2a7de1", "#e8590c", "#2b8a3e", "#9c36b5", "#c92a2a", "#0b7285", "#e0a800", "#5f3dc4", "#868e96", "#d6336c",
)  # fmt: skip
MOST_COLOURS = len(PALETTE)


class NotebookFigure(Figure):
    """A figure that notebooks show by itself: it belongs to no window and to no global state of matplotlib."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
        return buffer.getvalue()


def blank(width: float, height: float) -> tuple[Figure, "Axes"]:
    """Return an empty figure and its axes."""
    figure = NotebookFigure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def plot_intervals(title: str, names: Sequence[str], values: Sequence[tuple[float, float, float]]) -> Figure:
    """Draw one bar per name with its interval.

    Args:
        title: Above the figure.
        names: From the top down; the first is highlighted.
        values: Value and both ends of the interval, each.
    """
    figure, axes = blank(7, 0.45 * len(names) + 1.1)
    middle = np.array([one[0] for one in values])
    error = np.abs(np.array([[one[0] - one[1], one[2] - one[0]] for one in values])).T.reshape(2, -1)
    colours = [PALETTE[0], *["#adb5bd"] * (len(names) - 1)]
    axes.barh(range(len(names)), middle, color=colours, xerr=error, ecolor="#495057", capsize=2)
    axes.set_yticks(range(len(names)), list(names))
    axes.invert_yaxis()
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_points(
    title: str,
    points: FloatMatrix,
    labels: Sequence[str] | None = None,
    marked: Mapping[str, Sequence[int]] | None = None,
) -> Figure:
    """Draw a map of points, coloured by label.

    Args:
        title: Above the figure.
        points: Shape ``[n, 2]``.
        labels: One per point; the rarest beyond ten share the colour "other".
        marked: Name to places of points drawn on top (a user's actions, his candidates).
    """
    figure, axes = blank(8, 6)
    for name, places, colour in _groups(len(points), labels):
        axes.scatter(points[places, 0], points[places, 1], s=7, c=colour, label=name, alpha=0.75, linewidths=0)
    for number, (name, chosen) in enumerate((marked or {}).items()):
        at = points[list(chosen)]
        axes.scatter(at[:, 0], at[:, 1], s=60, marker="*X^"[number % 3], c="black", edgecolors="white", label=name)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, loc="left")
    if labels is not None or marked:
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=1.6)
    return figure


def _groups(number: int, labels: Sequence[str] | None) -> list[tuple[str, npt.NDArray[np.int64], str]]:
    """Return name, places and colour of every label, the most frequent first."""
    if labels is None:
        return [("", np.arange(number), PALETTE[0])]
    names, inverse, counts = np.unique(np.asarray(labels, dtype=str), return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    kept = order[:MOST_COLOURS] if len(order) <= MOST_COLOURS else order[: MOST_COLOURS - 1]
    groups = [(str(names[one]), np.flatnonzero(inverse == one), PALETTE[place]) for place, one in enumerate(kept)]
    if len(order) > len(kept):
        groups.append(("other", np.flatnonzero(~np.isin(inverse, kept)), "#ced4da"))
    return groups


def plot_histograms(title: str, groups: Mapping[str, FloatVector], axis: str) -> Figure:
    """Draw the distributions of several groups of numbers over each other."""
    figure, axes = blank(7, 3.5)
    every = np.concatenate([np.asarray(one) for one in groups.values()])
    bins = np.linspace(float(every.min()), float(every.max()), 60)
    for number, (name, values) in enumerate(groups.items()):
        axes.hist(np.asarray(values), bins=bins.tolist(), density=True, alpha=0.55, color=PALETTE[number], label=name)
    axes.set_xlabel(axis)
    axes.set_yticks([])
    axes.set_title(title, loc="left")
    axes.legend(frameon=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


def plot_ego(title: str, graph: Any, names: Mapping[Any, str]) -> Figure:
    """Draw a small networkx graph of typed nodes.

    Args:
        title: Above the figure.
        graph: Nodes are ``(type, row)`` with attribute ``distance`` (0: the centre); edges carry ``relation``.
        names: Node to what stands beside it.
    """
    import networkx as nx

    figure, axes = blank(9, 6.5)
    laid: dict[Any, Any] = nx.spring_layout(nx.Graph(graph), seed=7, k=1.6 / max(len(graph), 2) ** 0.5, iterations=200)
    at = {node: (float(place[0]), float(place[1])) for node, place in laid.items()}
    types = sorted({node[0] for node in graph})
    relations = sorted({relation for _, _, relation in graph.edges(data="relation")})
    for number, relation in enumerate(relations):
        pairs = [(at[a], at[b]) for a, b, name in graph.edges(data="relation") if name == relation]
        for place, (start, end) in enumerate(pairs):
            axes.plot(
                [start[0], end[0]], [start[1], end[1]], lw=0.8, zorder=1, color=PALETTE[-1 - number % MOST_COLOURS],
                label=relation if place == 0 else None,
            )  # fmt: skip
    for number, node_type in enumerate(types):
        nodes = [node for node in graph if node[0] == node_type]
        sizes = [260 if graph.nodes[node]["distance"] == 0 else 70 for node in nodes]
        axes.scatter(
            [at[n][0] for n in nodes], [at[n][1] for n in nodes], s=sizes, c=PALETTE[number], label=node_type, zorder=2
        )
    for node, name in names.items():
        axes.annotate(name, at[node], xytext=(4, 4), textcoords="offset points", fontsize=8, zorder=3)
    axes.margins(0.1)
    axes.set_axis_off()
    axes.set_title(title, loc="left")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def plot_cards(title: str, entries: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw one card per entry, side by side: image or nothing, text, a bar of its share, a note."""
    figure, first = blank(2.6 * max(len(entries), 1), 4.2)
    first.remove()
    figure.suptitle(title, x=0.01, ha="left")
    grid = figure.subplots(2, max(len(entries), 1), squeeze=False, height_ratios=[1.2, 1])
    for place, entry in enumerate(entries):
        top, low = grid[0][place], grid[1][place]
        for axes in (top, low):
            axes.set_axis_off()
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1)
        picture = _picture(entry.get("image"))
        if picture is not None:
            top.imshow(picture, extent=(0, 1, 0, 1), aspect="auto")
        low.barh([0.95], [float(entry["share"])], height=0.07, color=PALETTE[0])
        low.barh([0.95], [1.0], height=0.07, color="#e9ecef", zorder=0)
        low.text(0, 0.84, str(entry["note"]), fontsize=8, va="top", color="#495057")
        low.text(0, 0.66, "\n".join(textwrap.wrap(str(entry["text"]), 30)[:6]), fontsize=9, va="top")
    return figure


def _picture(content: bytes | None) -> npt.NDArray[np.uint8] | None:
    """Return the pixels of an encoded image, or nothing where there is none."""
    if content is None:
        return None
    from PIL import Image

    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGB"))


def project(vectors: FloatMatrix, method: Literal["umap", "tsne"] = "umap", seed: int = 0) -> FloatMatrix:
    """Return two coordinates per vector that keep neighbours together (cosine), float32 ``[n, 2]``.

    Raises:
        ConfigError: If umap-learn is not installed, or there are fewer than four vectors.
    """
    if len(vectors) < 4:
        raise ConfigError(f"a map must have at least 4 points (got {len(vectors)})")
    near = min(15, len(vectors) - 1)
    if method == "tsne":
        from sklearn.manifold import TSNE

        made: Any = TSNE(metric="cosine", init="pca", perplexity=min(30.0, near), random_state=seed)
        return np.asarray(made.fit_transform(np.asarray(vectors)), dtype=np.float32)
    try:
        from umap import UMAP
    except ModuleNotFoundError as error:
        raise ConfigError("maps need umap-learn (got none); pip install 'graphrec[notebooks]'") from error
    reducer: Any = UMAP(metric="cosine", n_neighbors=near, min_dist=0.05, random_state=seed, n_jobs=1)
    return np.asarray(reducer.fit_transform(np.asarray(vectors)), dtype=np.float32)
