import io
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
from PIL import Image

from graphrec.errors import ConfigError
from graphrec.plots.figures import plot_cards, plot_ego, plot_histograms, plot_intervals, plot_points, project

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawn(figure: "Figure") -> Image.Image:
    """Return the figure as it would be seen; nothing may stick out or warn."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=50)
    return Image.open(buffer).convert("L")


def ink(figure: "Figure") -> float:
    return float((np.asarray(drawn(figure)) < 250).mean())


def test_bars_carry_their_values_and_names() -> None:
    figure = plot_intervals("t", ["ours", "theirs"], [(0.3, 0.25, 0.36), (0.1, 0.05, 0.2)])
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.3, 0.1]  # type: ignore[attr-defined]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ours", "theirs"]
    assert ink(figure) > 0.01


def test_a_map_has_one_colour_per_label_and_one_for_the_rest() -> None:
    labels = [f"topic {number % 14}" for number in range(140)]
    figure = plot_points(
        "t", np.random.default_rng(0).normal(size=(140, 2)).astype(np.float32), labels, {"his": [1, 2]}
    )
    legend = figure.axes[0].get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert len(names) == 11
    assert names[-2:] == ["other", "his"]
    assert ink(figure) > 0.01


def test_histograms_and_ego_graphs_draw() -> None:
    rng = np.random.default_rng(0)
    groups = {"a": rng.normal(size=100).astype(np.float32), "b": rng.normal(1, size=100).astype(np.float32)}
    assert ink(plot_histograms("t", groups, "cosine")) > 0.01
    ego: nx.MultiDiGraph[tuple[str, int]] = nx.MultiDiGraph()
    ego.add_node(("user", 0), distance=0)
    ego.add_node(("flit", 3), distance=1)
    ego.add_edge(("user", 0), ("flit", 3), key="likes", relation="likes")
    figure = plot_ego("t", ego, {("user", 0): "bird_0", ("flit", 3): "flit_3"})
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["likes", "flit", "user"]
    assert ink(figure) > 0.005


def test_cards_draw_with_and_without_an_image() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    entries = [{"text": "a long text " * 20, "share": 0.4, "note": "n", "image": buffer.getvalue()}]
    figure = plot_cards("t", [*entries, {"text": "x", "share": 0.1, "note": "n", "image": None}])
    assert ink(figure) > 0.05
    assert ink(plot_cards("nobody", [])) > 0


def test_neighbours_stay_neighbours_on_a_map() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(4, 16, dtype=np.float32)[np.repeat(np.arange(4), 20)]
    points = project((centres + 0.05 * rng.normal(size=centres.shape)).astype(np.float32), "tsne")
    distance = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(80)
    assert (distance.argmin(axis=1) // 20 == np.arange(80) // 20).mean() > 0.95


def test_too_few_points_for_a_map() -> None:
    with pytest.raises(ConfigError, match="at least 4 points"):
        project(np.eye(3, dtype=np.float32))
