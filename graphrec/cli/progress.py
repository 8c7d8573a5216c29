"""How long work shows itself on stderr: a bar for what is being done, a line for each stage that is done."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from graphrec.cli.console import stderr

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from graphrec.pipeline import StageDone


class Watcher:
    """Told by a runner what goes on.

    Args:
        bars: Where bars are drawn; lines go above them.
        quiet: Show nothing.
    """

    def __init__(self, bars: "Progress", quiet: bool) -> None:
        self._bars, self._quiet = bars, quiet
        self._tasks: dict[str, TaskID] = {}

    def on_progress(self, what: str, done: int, total: int) -> None:
        """Draw the bar of one kind of work; it goes when the work is done."""
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total, visible=done < total)

    def on_stage(self, done: "StageDone") -> None:
        """Say that a stage is done."""
        self.line(done.stage, "found" if done.found else f"{done.seconds:.1f} s")

    def line(self, what: str, result: str) -> None:
        """Say that something is done."""
        if not self._quiet:
            self._bars.console.print(f"{what:>24}  [dim]{result}[/]")


@contextmanager
def watching(quiet: bool = False) -> Iterator[Watcher]:
    """Yield a watcher; bars are drawn on terminals alone."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:>24}"), BarColumn(28), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=stderr(), transient=True, disable=quiet or not sys.stderr.isatty()) as bars:
        yield Watcher(bars, quiet)
