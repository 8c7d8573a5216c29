"""Tables for people."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphrec.cli.console import stdout

if TYPE_CHECKING:
    import polars as pl

    from graphrec.tables.report import TableReport

NAME_WIDTH = 60
"""Characters of a flit's text inside a sentence."""


def print_frame(title: str, frame: "pl.DataFrame") -> None:
    """Print a frame as a table."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title))
    for name, dtype in frame.schema.items():
        number = dtype.is_numeric()
        table.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold", no_wrap=number)
    for row in frame.iter_rows():
        table.add_row(*(_cell(value) for value in row))
    stdout().print(table)


def print_beside(title: str, frame: "pl.DataFrame") -> None:
    """Print a frame with a column per row, named by the first value: for few rows of many figures."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title))
    first, *rest = frame.columns
    for name in ("", *frame[first].to_list()):
        table.add_column(escape(name), justify="right" if name else "left")
    for name in rest:
        values = frame[name].to_list()
        table.add_row(name.replace("_", " "), *(f"{one:,}" if isinstance(one, int) else f"{one:,g}" for one in values))
    stdout().print(table)


def print_pairs(title: str, rows: Mapping[str, object]) -> None:
    """Print names and what they are."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), show_header=False)
    for name, value in rows.items():
        table.add_row(escape(name), escape(str(value)))
    stdout().print(table)


def print_candidates(title: str, reasons: Sequence[Mapping[str, Any]], *, explain: bool) -> None:
    """Print candidates, with the why of each where ``explain``."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), show_lines=explain)
    table.add_column("#", justify="right")
    for name in ("id", "score", "text"):
        table.add_column(name, justify="right" if name == "score" else "left", no_wrap=name != "text")
    if explain:
        table.add_column("because")
    for place, one in enumerate(reasons, start=1):
        cells = [str(place), escape(str(one["id"])), f"{one['score']:.3f}", escape(str(one["text"]))]
        table.add_row(*cells, *([escape(because(one))] if explain else []))
    stdout().print(table)


def because(reason: Mapping[str, Any]) -> str:
    """Return one explanation in words."""
    return (f"ad for {reason['ad']}; " if "ad" in reason else "") + _why(reason)


def _why(reason: Mapping[str, Any]) -> str:
    if "interest" not in reason:
        if reason["reason"].startswith("the graph"):
            return f"where the user stands in the graph; popularity {reason['prior']:+.1f}"
        return f"popular of late ({reason['prior']:+.1f} deviations)"
    interest, nearest, path = reason["interest"], reason["nearest_action"], reason.get("path")
    shared = f"; {path['others']} others went there from “{_named(path)}”" if path else ""
    length = f" × length {reason['length']:.2f}" if "length" in reason else ""
    content = f", cosine to its content alone {reason['content']:.2f}" if "content" in reason else ""
    alike = f", like-minded {reason['factors']:+.1f}" if "factors" in reason else ""
    return (
        f"interest “{_named(interest)}” ({reason['importance_share']:.0%} of the served), cosine "
        f"{reason['similarity']:.2f}{length}; engaged with “{_named(nearest)}” ({nearest['similarity']:.2f}); "
        f"popularity {reason['prior']:+.1f}{alike}{content}{shared}"
    )


def print_health(report: Mapping[str, Any]) -> None:
    """Print a health report: nodes, a column per type, then relations."""
    from rich.markup import escape
    from rich.table import Table

    nodes = report["nodes"]
    table = Table(title="graph health: nodes")
    table.add_column("")
    for node_type in nodes:
        table.add_column(escape(node_type), justify="right")
    for name in dict.fromkeys(key for one in nodes.values() for key in one if key != "missing"):
        table.add_row(name.replace("_", " "), *(_figure(name, one.get(name)) for one in nodes.values()))
    for name in dict.fromkeys(name for one in nodes.values() for name, share in one["missing"].items() if share):
        table.add_row(
            f"{escape(name)} missing", *(_figure("share", one["missing"].get(name)) for one in nodes.values())
        )
    stdout().print(table)
    span = "undated" if report["span_days"] is None else f"over {report['span_days']:.0f} days"
    relations = {name: f"{one['edges']:,} edges" for name, one in report["relations"].items()}
    print_pairs(f"graph health: relations, {span}", relations)


def print_reports(reports: Iterable["TableReport"], limit: float) -> None:
    """Print one line per declared table; more than ``limit`` bad rows stand in red."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="declared tables", caption=f"at most {limit:.2%} of a table's rows may be bad")
    for name in ("table", "read", "filtered", "good", "repeated", "bad"):
        table.add_column(name, justify="left" if name == "table" else "right")
    table.add_column("violations")
    for one in reports:
        rules = ", ".join(f"{count:,} x {rule}" for rule, count in {**one.rules, **one.masked}.items())
        share = f"[{'red' if one.bad_fraction > limit else 'green'}]{one.bad_fraction:.2%}[/]"
        counts = (one.rows_read, one.rows_filtered, one.rows_good, one.duplicates_dropped)
        table.add_row(escape(one.name), *(f"{n:,}" for n in counts), share, escape(one.fault or rules or "none"))
    stdout().print(table)


def _cell(value: object) -> str:
    from rich.markup import escape

    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return escape(", ".join(map(str, value)))
    return escape("" if value is None else str(value))


def _figure(name: str, value: object) -> str:
    if not isinstance(value, int | float):
        return "-"
    return f"{value:.1%}" if name.endswith("share") else f"{value:,.0f}"


def _named(flit: Mapping[str, Any]) -> str:
    """Return the beginning of a flit's text, or its id where it has none."""
    return textwrap.shorten(str(flit["text"] or flit["id"]), NAME_WIDTH, placeholder="…")
