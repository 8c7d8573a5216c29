"""What every command shares: data on stdout, messages on stderr, errors as one line and an exit code."""

import io
import json
import os
import shlex
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

SPARKS = "▁▂▃▄▅▆▇█"
FILE_WIDTH = 120
"""Columns where stdout is no terminal."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def show_anything() -> None:
    """Let stdout and stderr write what their encoding cannot, such as a name of bytes that are no UTF-8, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def stdout(file_width: int = FILE_WIDTH) -> "Console":
    """Return a console on stdout, ``file_width`` columns wide where that is no terminal: data goes here."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else file_width
    return Console(width=width, highlight=False)


def stderr() -> "Console":
    """Return a console on stderr: messages and progress go here."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def say(message: str) -> None:
    """Print one message on stderr, as it stands."""
    stderr().print(message, markup=False, soft_wrap=True)


def write_json(value: Any) -> None:
    """Write one JSON document to stdout."""
    typer.echo(json.dumps(value, indent=2, default=str))


@contextmanager
def one_line_errors(debug: bool = False) -> Iterator[None]:
    """Turn expected errors into one line on stderr and their exit code; ``debug`` shows the traceback before it."""
    from graphrec.errors import GraphrecError

    try:
        yield
    except (GraphrecError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise  # the reader of stdout has gone: typer ends quietly
        if debug:
            traceback.print_exc()
        stderr().print("[bold red]error:[/]", end=" ")
        say(str(error))
        raise typer.Exit(error.exit_code if isinstance(error, GraphrecError) else 1) from None
    except KeyboardInterrupt:
        say("interrupted; run the same command again to go on where it stopped")
        raise typer.Exit(INTERRUPTED) from None


def sparkline(values: Sequence[float]) -> str:
    """Return a line of bars, the lowest value lowest: ``▁▃▆█``."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    span = (high - low) or 1.0
    return "".join(SPARKS[round((value - low) / span * (len(SPARKS) - 1))] for value in values)


def shell_path(path: Path | str) -> str:
    """Return a path to paste into a shell: relative where it lies below the working directory; URIs stay."""
    if "://" in str(path):
        return shlex.quote(str(path))
    path, here = Path(path).absolute(), Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
