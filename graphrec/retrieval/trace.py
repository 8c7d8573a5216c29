"""What each step of an answer drew, removed and left, so that nobody has to guess why a flit is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from graphrec.arrays import RowVector
from graphrec.ids import IdMap


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: What was done: ``source``, ``filter``, ``rank`` or ``diversify``, with which one.
        left: Flits in hand after it.
        removed: Flits it took out, int32.
        why: In words.
    """

    name: str
    left: int
    removed: RowVector
    why: str


@dataclass
class Trace:
    """The steps of one answer, in order.

    Attributes:
        steps: What has been done so far.
    """

    steps: list[Step] = field(default_factory=list)

    def note(self, name: str, left: int, why: str, removed: RowVector | None = None) -> None:
        """Add a step."""
        self.steps.append(Step(name, left, np.zeros(0, np.int32) if removed is None else removed, why))

    def to_polars(self, flits: IdMap) -> pl.DataFrame:
        """Return one row per step: ``step``, ``left``, ``removed`` (ids), ``why``."""
        removed: Sequence[list[object]] = [flits.ids(step.removed).to_list() for step in self.steps]
        return pl.DataFrame(
            {
                "step": [step.name for step in self.steps],
                "left": [step.left for step in self.steps],
                "removed": pl.Series(removed, dtype=pl.List(flits.series.dtype)),
                "why": [step.why for step in self.steps],
            }
        )


class _Deaf(Trace):
    """Hears nothing: answers that nobody traces pay nothing for it."""

    def note(self, name: str, left: int, why: str, removed: RowVector | None = None) -> None:
        """Do nothing."""


NOT_TOLD = _Deaf()
"""Stands where no trace was asked for."""
