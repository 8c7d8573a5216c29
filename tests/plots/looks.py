"""What a figure looks like, as far as a test can tell."""

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image


def ink(figure: Figure) -> float:
    """Return the share of a drawn figure that is not white."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=50)
    return float((np.asarray(Image.open(buffer).convert("L")) < 250).mean())


def legend_of(figure: Figure) -> list[str]:
    """Return the names in the legend."""
    legend = figure.axes[0].get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Return which texts of the axes meet, turned ones left out."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.axes[0].texts
        if text.get_text() and not text.get_rotation()
    ]
    return [(a, b) for at, (a, one) in enumerate(boxes) for b, other in boxes[:at] if one.overlaps(other)]
