"""The three verbs every stage speaks, whoever carries them out."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import polars as pl

from graphrec.errors import ConfigError

if TYPE_CHECKING:  # configs are read without loading torch
    from torch import Tensor

Part = TypeVar("Part")
Result = TypeVar("Result")
OnDone = Callable[[int, int], None]
"""Called with parts done and parts in all."""
Worker = Callable[[pl.DataFrame], pl.DataFrame]
"""Rows in, rows out."""


class Team(Protocol):
    """What a training loop knows of the others that train the same model."""

    @property
    def rank(self) -> int:
        """Number of this worker, from 0."""

    @property
    def size(self) -> int:
        """Number of workers."""

    @property
    def device(self) -> str:
        """Where this worker's tensors are, as torch names it."""

    def average(self, gradients: "Sequence[Tensor]") -> None:
        """Replace each tensor, in place, by its mean over the workers."""

    def resume(self) -> Path | None:
        """Return the newest checkpoint of this training, if there is one."""

    def report(self, entry: Mapping[str, float], save: Callable[[Path], None]) -> None:
        """Keep a checkpoint and tell of progress; every worker calls it, the first one's file counts.

        Args:
            entry: Figures of one epoch.
            save: Writes the checkpoint to the path it is given.
        """


class Engine(Protocol):
    """Where work runs. What comes out does not depend on it, beyond the rounding of floats."""

    workers: int
    device: str
    """Where the tensors of work in this process are, parts of :meth:`map_parts` included, as torch names it."""
    worker_device: str
    """Where those of workers are that :meth:`map_batches` and :meth:`train` start."""
    counts: dict[str, Counter[str]]
    """Name of the work to machine to tasks done there; empty where there is one process."""

    def observe(self, metric: str, value: float, **tags: str) -> None:
        """Show a figure wherever this engine has a dashboard."""

    def share(self, value: Any) -> Any:
        """Put a value where every task of this machine reads the same copy; hand the answer to the verbs below."""

    def parts(self, num_rows: int, size: int) -> list[tuple[int, int]]:
        """Return the spans ``[start, stop)`` into which ``num_rows`` rows are split, of at most ``size`` where free."""

    def map_parts(
        self, task: Callable[..., Result], parts: Sequence[Part], *shared: Any, name: str, on_done: OnDone | None = None
    ) -> list[Result]:
        """Return ``task(part, *shared)`` of every part, in order.

        Args:
            task: A plain function of a module.
            parts: Small values that say which part of the work is meant.
            shared: Large values, or what :meth:`share` made of them; read-only.
            name: What the work is called in counts and dashboards.
            on_done: Told of progress.
        """

    def map_batches(
        self,
        make: Callable[..., Worker],
        rows: pl.DataFrame,
        *shared: Any,
        name: str,
        batch_size: int,
        on_device: bool = False,
    ) -> Iterator[pl.DataFrame]:
        """Yield what workers make of ``rows``, batch by batch, in order.

        Args:
            make: A plain function of a module: ``make(*shared)`` prepares a worker (loads a model), once per process.
            rows: What to work on.
            shared: As above.
            name: As above.
            batch_size: Rows a worker is given at once.
            on_device: Whether workers compute on :attr:`worker_device`.
        """

    def train(
        self,
        loop: Callable[..., None],
        *shared: Any,
        folder: Path,
        on_report: Callable[[dict[str, float]], None],
    ) -> Path:
        """Run ``loop(team, *shared)`` on every training worker and return the newest checkpoint file.

        Args:
            loop: Trains, reports after every epoch, and goes on from ``team.resume()``.
            shared: As above.
            folder: Where checkpoints are kept, within reach of every worker; the same folder goes on where it stopped.
            on_report: Called with each epoch's figures, where training runs in this process.
        """


def spans(num_rows: int, size: int, partitions: int | None = None) -> list[tuple[int, int]]:
    """Return consecutive spans over ``num_rows`` rows.

    Args:
        num_rows: Rows in all.
        size: Rows of a span at most, where ``partitions`` is free.
        partitions: Number of spans; ``None`` goes by ``size``.

    Raises:
        ConfigError: If there are more partitions than rows.
    """
    if not num_rows:
        return []
    if partitions is not None and partitions > num_rows:
        raise ConfigError(
            f"runtime.partitions must be at most the rows of the smallest node type (got {partitions} for {num_rows} "
            "rows); lower it or leave it out"
        )
    count = partitions or -(-num_rows // size)
    edges = [num_rows * number // count for number in range(count + 1)]
    return list(itertools.pairwise(edges))
