"""What every command shares: output for people and for machines, progress, errors as one line."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

SPARKS = "▁▂▃▄▅▆▇█"


def stdout() -> "Console":
    """Return a console on stdout: data goes here."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
    return Console(width=width, highlight=False)


def stderr() -> "Console":
    """Return a console on stderr: messages and progress go here."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def write_json(value: Any) -> None:
    """Write one JSON document to stdout."""
    typer.echo(json.dumps(value, indent=2, default=str))


@contextmanager
def one_line_errors(debug: bool = False) -> Iterator[None]:
    """Turn errors raised on purpose into one line on stderr and their exit code; ``debug`` keeps the traceback."""
    from graphrec.errors import GraphrecError

    try:
        yield
    except GraphrecError as error:
        if debug:
            raise
        stderr().print(f"[bold red]error:[/] {_escaped(str(error))}", soft_wrap=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        stderr().print("interrupted; run the same command again to go on where it stopped")
        raise typer.Exit(130) from None


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def sparkline(values: Sequence[float]) -> str:
    """Return a line of bars, the lowest value lowest: ``▁▃▆█``."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    span = (high - low) or 1.0
    return "".join(SPARKS[round((value - low) / span * (len(SPARKS) - 1))] for value in values)


@contextmanager
def progress_bars(quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function ``(what, done, total)`` that draws one bar per kind of work on stderr."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:>14}"), BarColumn(28), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=stderr(), transient=True, disable=quiet or not sys.stderr.isatty()) as bars:
        yield _reporter(bars)


def _reporter(bars: "Progress") -> Callable[[str, int, int], None]:
    tasks: dict[str, Any] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total, visible=done < total)

    return report


def mapping_table(title: str, rows: Mapping[str, Any]) -> Any:
    """Return a two-column rich table."""
    from rich.table import Table

    table = Table(title=title, show_header=False)
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table
