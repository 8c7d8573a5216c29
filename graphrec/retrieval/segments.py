"""Popularity where somebody is: what a country, or another segment of the users, acts on more than all others do."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatVector, IntVector, RowVector
from graphrec.retrieval.scored import order_of

STRENGTH = 20.0
"""Expected actions that a segment is believed to share with everybody on each flit before its own are counted."""
ARRAYS = ("of_user", "share", "everybody", "indptr", "rows", "own")


@dataclass(frozen=True, eq=False)
class Segments:
    """What each segment of the users acts on, beside everybody.

    A flit with c actions of everybody, of whom a segment makes the share s, is expected to have c s of its own; how
    much more it has is shrunk towards 1 by a Gamma prior: lift = (own + 20) / (c s + 20) (DuMouchel, The American
    Statistician 1999). So few actions move little.

    Attributes:
        column: Column of the users.
        values: What may stand there, as text, sorted.
        of_user: Position of each user's value, int32 ``[num_users]``, -1 where he has none.
        share: Share of all actions that each segment makes, float32 ``[segments]``.
        everybody: Decayed actions on each flit, float32 ``[num_flits]``.
        indptr: Start of each segment's flits, int64 ``[segments + 1]``.
        rows: Flits that a segment has acted on, int32.
        own: Its decayed actions on each, float32.
    """

    column: str
    values: tuple[str, ...]
    of_user: RowVector
    share: FloatVector
    everybody: FloatVector
    indptr: IntVector
    rows: RowVector
    own: FloatVector
    _orders: dict[str, tuple[FloatVector, RowVector]] = field(default_factory=dict, init=False, repr=False)

    def popularity(self, value: str, prior: FloatVector) -> tuple[FloatVector, RowVector]:
        """Return the prior of a segment and all flits in its order; a lift of e counts as one deviation.

        Args:
            value: One of :attr:`values`.
            prior: Everybody's, float32 ``[num_flits]``.
        """
        if value not in self._orders:
            place = self.values.index(value)
            part = slice(int(self.indptr[place]), int(self.indptr[place + 1]))
            own = np.zeros(len(prior), dtype=np.float32)
            own[self.rows[part]] = self.own[part]
            lift = np.log((own + STRENGTH) / (self.everybody * self.share[place] + STRENGTH))
            lifted = np.asarray(prior + lift, dtype=np.float32)
            self._orders[value] = lifted, order_of(lifted)
        return self._orders[value]

    def value_of(self, user: int | None) -> str | None:
        """Return the segment of a user row, ``None`` where there is none."""
        place = -1 if user is None else int(self.of_user[user])
        return self.values[place] if place >= 0 else None

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``, which must exist."""
        (folder / "segments.json").write_text(json.dumps({"column": self.column, "values": self.values}))
        for name in ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def open(cls, folder: Path) -> "Segments":
        """Read what :meth:`save` wrote."""
        named = json.loads((folder / "segments.json").read_text())
        arrays = {name: np.load(folder / f"{name}.npy") for name in ARRAYS}
        return cls(column=named["column"], values=tuple(named["values"]), **arrays)


def counted(
    segment: RowVector, flit: RowVector, weight: npt.NDArray[np.float64], num_segments: int, num_flits: int
) -> dict[str, npt.NDArray[Any]]:
    """Return ``share``, ``everybody``, ``indptr``, ``rows`` and ``own`` of :class:`Segments`.

    Args:
        segment: Segment of whoever acted, int32 ``[num_actions]``.
        flit: On what, int32 ``[num_actions]``.
        weight: Decayed weight, float64 ``[num_actions]``.
        num_segments: Number of segments.
        num_flits: Size of the catalogue.
    """
    total = np.bincount(segment, weight, num_segments)
    keys, pair = np.unique(segment.astype(np.int64) * num_flits + flit, return_inverse=True)
    owner, rows = np.divmod(keys, num_flits)
    return {
        "share": (total / max(total.sum(), 1e-9)).astype(np.float32),
        "everybody": np.bincount(flit, weight, num_flits).astype(np.float32),
        "indptr": np.searchsorted(owner, np.arange(num_segments + 1)).astype(np.int64),
        "rows": rows.astype(np.int32),
        "own": np.bincount(pair, weight, len(keys)).astype(np.float32),
    }
