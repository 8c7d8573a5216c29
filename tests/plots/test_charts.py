import numpy as np
import pytest

from graphrec.plots.charts import plot_histograms, plot_intervals
from tests.plots.looks import ink, legend_of, overlaps


def test_bars_carry_their_values_names_and_intervals() -> None:
    figure = plot_intervals("t", ["ours", "_theirs"], [(0.3, 0.25, 0.36), (0.1, 0.05, 0.2)])
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.3, 0.1]  # type: ignore[attr-defined]
    assert [label.get_text().strip() for label in axes.get_yticklabels()] == ["ours", "_theirs"]
    assert [text.get_text() for text in axes.texts] == ["0.300", "0.100"]
    (whiskers,) = axes.collections
    segments = [segment[:, 0].tolist() for segment in whiskers.get_segments()]  # type: ignore[attr-defined]
    assert segments == [pytest.approx([0.25, 0.36]), pytest.approx([0.05, 0.2])]
    assert ink(figure) > 0.01
    assert overlaps(figure) == []


def test_bars_without_an_interval_or_at_zero_draw() -> None:
    assert ink(plot_intervals("t", ["a", "b"], [(0.3, None, None), (0.0, 0.0, 0.0)])) > 0.01
    assert ink(plot_intervals("t", ["a"], [(0.0, None, None)])) > 0


def test_many_bars_keep_their_names_apart() -> None:
    figure = plot_intervals("t", [f"method {one}" for one in range(15)], [(one / 20, 0.0, 0.9) for one in range(15)])
    assert overlaps(figure) == []


def test_distributions_tell_their_medians() -> None:
    rng = np.random.default_rng(0)
    groups = {"a": np.array([1.0, 2.0, 9.0]), "b": rng.normal(1, size=100)}
    figure = plot_histograms("t", groups, "cosine")
    assert legend_of(figure)[0] == "a, median 2.00"
    assert len(legend_of(figure)) == 2
    assert ink(figure) > 0.01


def test_a_distribution_of_one_value_draws() -> None:
    assert ink(plot_histograms("t", {"same": np.ones(5, np.float32)}, "cosine")) > 0.01
