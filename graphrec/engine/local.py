"""The engine of one machine: everything in this process, on its threads."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from graphrec.engine.engine import OnDone, Worker, spans

if TYPE_CHECKING:
    from torch import Tensor

Part = TypeVar("Part")
Result = TypeVar("Result")
FILE = "checkpoint.safetensors"
"""Name of the newest checkpoint in a training's folder."""


class LocalEngine:
    """Runs parts one after the other; what a part does may use threads.

    Args:
        workers: Threads for work that is cut into pieces here.
        device: Where tensors are.
    """

    def __init__(self, workers: int = 2, device: str = "cpu") -> None:
        self.workers = workers
        self.device = self.worker_device = device
        self.counts: dict[str, Counter[str]] = {}

    def observe(self, metric: str, value: float, **tags: str) -> None:
        """Show nothing: there is no dashboard."""

    def share(self, value: Any) -> Any:
        """Return the value itself: there is one process."""
        return value

    def parts(self, num_rows: int, size: int) -> list[tuple[int, int]]:
        """Return spans of at most ``size`` rows."""
        return spans(num_rows, size)

    def map_parts(
        self, task: Callable[..., Result], parts: Sequence[Part], *shared: Any, name: str, on_done: OnDone | None = None
    ) -> list[Result]:
        """Return ``task(part, *shared)`` of every part; see :meth:`graphrec.engine.Engine.map_parts`."""
        results = []
        for number, part in enumerate(parts):
            results.append(task(part, *shared))
            if on_done is not None:
                on_done(number + 1, len(parts))
        return results

    def map_batches(
        self,
        make: Callable[..., Worker],
        rows: pl.DataFrame,
        *shared: Any,
        name: str,
        batch_size: int,
        on_device: bool = False,
    ) -> Iterator[pl.DataFrame]:
        """Yield what one worker makes of the batches; see :meth:`graphrec.engine.Engine.map_batches`."""
        if len(rows):
            worker = make(*shared)
            yield from (worker(batch) for batch in rows.iter_slices(batch_size))

    def train(
        self,
        loop: Callable[..., None],
        *shared: Any,
        folder: Path,
        on_report: Callable[[dict[str, float]], None],
    ) -> Path:
        """Train alone; see :meth:`graphrec.engine.Engine.train`."""
        loop(Alone(folder / FILE, on_report, self.device), *shared)
        return folder / FILE


class Alone:
    """A team of one.

    Args:
        checkpoint: File that keeps the newest checkpoint; ``None`` keeps none.
        on_report: Called with each epoch's figures.
        device: Where tensors are.
    """

    rank = 0
    size = 1

    def __init__(
        self,
        checkpoint: Path | None = None,
        on_report: Callable[[dict[str, float]], None] = lambda entry: None,
        device: str = "cpu",
    ) -> None:
        self.device = device
        self._checkpoint = checkpoint
        self._on_report = on_report

    def average(self, gradients: "Sequence[Tensor]") -> None:
        """Leave the gradients as they are."""

    def resume(self) -> Path | None:
        """Return the checkpoint, if it is there."""
        return self._checkpoint if self._checkpoint is not None and self._checkpoint.exists() else None

    def report(self, entry: Mapping[str, float], save: Callable[[Path], None]) -> None:
        """Keep the checkpoint and tell of progress."""
        if self._checkpoint is not None:
            save(self._checkpoint)
        self._on_report(dict(entry))


LOCAL = LocalEngine()
"""The engine of whoever does not name one."""
