"""Bars with intervals, and distributions over each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.plots.canvas import GREY, INK, PALETTE, Sheet, blank, plain


def plot_intervals(
    title: str, names: Sequence[str], values: Sequence[tuple[float, float | None, float | None]]
) -> Sheet:
    """Draw one bar per name, its value and, where there is one, its interval.

    Args:
        title: Above the figure.
        names: From the top down; the first is highlighted.
        values: Value and both ends of the interval, each.
    """
    figure, axes = blank(7, 0.42 * len(names) + 0.9)
    middle = [float(value) for value, _, _ in values]
    ends = [(value if low is None else low, value if high is None else high) for value, low, high in values]
    error = np.array([[value - low, high - value] for value, (low, high) in zip(middle, ends, strict=True)])
    colours = [PALETTE[0], *[GREY] * (len(names) - 1)]
    axes.barh(range(len(names)), middle, color=colours, height=0.7)
    axes.errorbar(
        middle, range(len(names)), xerr=np.maximum(error, 0).T.reshape(2, -1), fmt="none", ecolor=INK, capsize=3
    )
    for place, (value, (_, high)) in enumerate(zip(middle, ends, strict=True)):
        axes.annotate(
            f"{value:.3f}", (max(high, value), place), xytext=(6, 0), textcoords="offset points", va="center",
            fontsize=9, color=INK,
        )  # fmt: skip
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.12 * max((high for _, high in ends), default=1.0) or 1.0)
    axes.invert_yaxis()
    axes.set_title(plain(title), loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


def plot_histograms(title: str, groups: Mapping[str, npt.NDArray[Any]], axis: str) -> Sheet:
    """Draw the distributions of several groups of numbers over each other, each with its median.

    Args:
        title: Above the figure.
        groups: Name to numbers.
        axis: What the numbers are.
    """
    figure, axes = blank(7, 3.6)
    every = np.concatenate([np.asarray(one) for one in groups.values()])
    low, high = float(every.min()), float(every.max())
    bins = np.linspace(low, high if high > low else low + 1e-3, 60).tolist()
    for number, (name, values) in enumerate(groups.items()):
        middle, colour = float(np.median(values)), PALETTE[number % len(PALETTE)]
        label = f"{plain(name)}, median {middle:.2f}"
        axes.hist(np.asarray(values), bins=bins, density=True, alpha=0.5, color=colour, label=label)
        axes.axvline(middle, color=colour, lw=1.5)
    axes.set_xlabel(plain(axis))
    axes.set_yticks([])
    axes.set_title(plain(title), loc="left")
    axes.legend(frameon=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure
