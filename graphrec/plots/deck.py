"""Cards side by side: a picture, a share, a note, a text."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from graphrec.plots.canvas import INK, PALE, PALETTE, Sheet, blank, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 2.5
"""Inches of a card; a line of its text holds about thirty letters."""
_PICTURE, _HEAD, _LINE = 2.2, 0.85, 0.175
"""Inches of the picture, of the bar with its note, of a line of text."""
_LINES, _PIXELS = 8, 480


def plot_cards(title: str, entries: Sequence[Mapping[str, Any]]) -> Sheet:
    """Draw one card per entry, side by side.

    Args:
        title: Above the figure.
        entries: ``text``, ``share`` (0 to 1, a bar), ``note`` and, where there is one, ``image`` (encoded bytes).
    """
    pictures = [_picture(entry.get("image")) for entry in entries]
    high = _PICTURE if any(one is not None for one in pictures) else 0.0
    most = max((_wrapped(entry["text"], 29, _LINES).count("\n") + 1 for entry in entries), default=1)
    low = _HEAD + _LINE * max(most, 3)
    figure, first = blank(WIDTH * max(len(entries), 2), high + low + 0.4)
    first.remove()
    figure.suptitle(plain(title), x=0.01, ha="left")
    if not entries:
        figure.text(0.02, 0.5, "none", color=INK)
        return figure
    grid = figure.subplots(1, max(len(entries), 2), squeeze=False)[0]
    for axes, entry, picture in zip(grid, entries, pictures, strict=False):
        _card(axes, entry, picture, high, low)
    for axes in grid[len(entries) :]:
        axes.set_axis_off()
    return figure


def _card(
    axes: "Axes", entry: Mapping[str, Any], picture: npt.NDArray[np.uint8] | None, high: float, low: float
) -> None:
    """Draw one card into its axes: ``high`` inches for the picture, ``low`` for what stands below."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, high + low)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#ced4da")
    if high:
        inner = axes.inset_axes((0.04, (low + 0.04) / (high + low), 0.92, (high - 0.12) / (high + low)))
        inner.set_axis_off()
        if picture is None:
            inner.add_patch(_block())
            inner.text(0.5, 0.5, "no image", ha="center", va="center", color="#868e96", fontsize=9)
        else:
            inner.imshow(picture, interpolation="nearest")
    axes.barh([low - 0.13], [0.92], left=0.04, height=0.07, color=PALE)
    axes.barh([low - 0.13], [0.92 * _share(entry)], left=0.04, height=0.07, color=PALETTE[0])
    axes.text(0.04, low - 0.26, _wrapped(entry["note"], 34, 2), fontsize=8, va="top", color=INK)
    axes.text(0.04, low - 0.68, _wrapped(entry["text"], 29, _LINES), fontsize=9, va="top", linespacing=1.25)


def _share(entry: Mapping[str, Any]) -> float:
    return min(max(float(entry["share"]), 0.0), 1.0)


def _wrapped(text: object, width: int, lines: int) -> str:
    """Return a text in lines, cut where they run out."""
    return "\n".join(plain(line) for line in textwrap.wrap(str(text), width, max_lines=lines, placeholder=" …"))


def _block() -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((0, 0), 1, 1, color="#f1f3f5")


def _picture(content: bytes | None) -> npt.NDArray[np.uint8] | None:
    """Return the pixels of an encoded image, or nothing where there is none that can be read."""
    if content is None:
        return None
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as opened:
            small = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    small.thumbnail((_PIXELS, _PIXELS))
    return np.asarray(small)
