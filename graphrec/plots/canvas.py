"""The sheet that figures are drawn on: notebooks show it by itself, and any text may stand on it."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from graphrec.errors import ConfigError

try:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties, findfont, get_font
except ModuleNotFoundError as error:
    raise ConfigError("plots need matplotlib (got none); pip install 'graphrec[notebooks]'") from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = (
    "#2a7de1", "#f08c00", "#2b8a3e", "#9c36b5", "#e03131", "#22b8cf", "#8d5524", "#f783ac", "#94d82d", "#1b2a6b",
    "#808000", "#b197fc",
)  # fmt: skip
GREY, PALE, INK = "#adb5bd", "#e9ecef", "#495057"
DPI = 100
_UNKNOWN = "\N{WHITE VERTICAL RECTANGLE}"


class Sheet(Figure):
    """A figure that shows itself as the value of a notebook's cell; matplotlib's global state stays untouched."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight")
        return buffer.getvalue()


def blank(width: float, height: float) -> tuple[Sheet, "Axes"]:
    """Return an empty figure and its axes, sizes in inches."""
    figure = Sheet(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.add_subplot()


def plain(text: object) -> str:
    """Return a text as it is to be read: no formula, no line break, a box for what the font cannot draw.

    A leading underscore gets a thin space before it: matplotlib leaves such names out of a legend.
    """
    words = " ".join(str(text).split())
    shown = "".join(one if _drawable(one) else _UNKNOWN for one in words).replace("$", r"\$")
    return f"\N{THIN SPACE}{shown}" if shown.startswith("_") else shown


@lru_cache(maxsize=4096)
def _drawable(character: str) -> bool:
    font: Any = get_font(findfont(FontProperties()))
    return bool(font.get_char_index(ord(character)))


def legend(axes: "Axes", *, scale: float = 1.0) -> None:
    """Put the legend to the right of the axes."""
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, markerscale=scale)
