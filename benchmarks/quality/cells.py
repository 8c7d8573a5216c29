"""How figures stand in a table."""

from collections.abc import Mapping, Sequence
from typing import Any

Figures = Mapping[str, float]
"""Name to value."""
MARKS = {"above": " ▲", "below": " ▼"}


def table(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, the head first, as Markdown."""
    head, *rest = lines
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rest))


def figures(result: Mapping[str, Any]) -> Figures:
    """Return the figures of a result file by name."""
    return {one["name"]: one["value"] for one in result["figures"]}


def plain(value: float) -> str:
    """Return a number, short."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def interval(row: Mapping[str, Any] | None) -> str:
    """Return a row of a result table: the value and its interval."""
    if row is None or row["value"] is None:
        return ""
    return f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"


def with_interval(figures: Figures, key: str) -> str:
    """Return a figure and its interval, nothing where it was not measured."""
    if key not in figures:
        return ""
    return interval({"value": figures[key], "low": figures[f"{key}.low"], "high": figures[f"{key}.high"]})


def apart(figures: Figures, key: str) -> str:
    """Return whether a difference is sure, as a mark; nothing where there is no such figure."""
    if key not in figures:
        return ""
    return " ▲" if figures[f"{key}.low"] > 0 else " ▼" if figures[f"{key}.high"] < 0 else ""
