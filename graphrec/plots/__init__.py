"""What notebooks show: HTML tables and cards, matplotlib figures. Plain values in, no model knows of it."""

from typing import TYPE_CHECKING

from graphrec.plots.html import cards, page, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Figure", "cards", "page", "table"]
