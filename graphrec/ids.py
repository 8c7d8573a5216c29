"""Outside keys (``id``) to dense positions (``row``) and back; nothing else converts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.arrays import RowVector
from graphrec.errors import DataError, UnknownIdError

Id = str | int
FEW = 1000
"""Ids up to which a dictionary is quicker than a join, whose start alone takes as long as half an answer."""
LONGEST_NUMBER = 20
"""Digits, with a sign, of a number of 64 bits."""


class IdMap:
    """A bijection between the ids of one node type and the rows ``0 .. n-1``.

    Args:
        ids: One id per row, all strings or all integers, none null, none twice.

    Raises:
        DataError: If an id is null or stands twice.
    """

    def __init__(self, ids: pl.Series | Sequence[Id]) -> None:
        series = ids if isinstance(ids, pl.Series) else pl.Series("id", ids)
        if series.null_count():
            raise DataError(f"ids must not be null (got {series.null_count()} nulls)")
        if series.n_unique() != len(series):
            raise DataError(f"ids must be unique (got {len(series) - series.n_unique()} repeated)")
        self._series = series.alias("id")
        self._rows = pl.DataFrame({"id": self._series, "row": np.arange(len(series), dtype=np.int32)})
        self._names: list[Id] | None = None
        self._lookup: dict[Id, int] | None = None

    def __len__(self) -> int:
        return len(self._series)

    @property
    def series(self) -> pl.Series:
        """All ids in row order."""
        return self._series

    def row(self, id_: Id) -> int:
        """Return the row of one id.

        Raises:
            UnknownIdError: If no row has this id.
        """
        found = self.get(id_)
        if found is None:
            raise UnknownIdError(f"id must be a known id (got {id_!r}, not among {len(self)} ids)")
        return found

    def get(self, id_: Id) -> int | None:
        """Return the row of one id, or ``None`` where it is unknown."""
        if self._lookup is None:
            self._lookup = {one: row for row, one in enumerate(self._plain())}
        return self._lookup.get(id_)

    def fits(self, id_: Id) -> bool:
        """Return whether an id, known or not, is of the known ids' type."""
        return isinstance(id_, int) == self._series.dtype.is_integer()

    def parsed(self, text: str) -> Id:
        """Return an id that came as text (of a path, a command line) in the known ids' type.

        Text that is no number of 64 bits stays text, which no integer id equals.
        """
        whole = text.removeprefix("-").isdecimal() and len(text) <= LONGEST_NUMBER
        number = int(text) if whole and self._series.dtype.is_integer() else None
        return text if number is None or not -(2**63) <= number < 2**63 else number

    def rows(self, ids: pl.Series | Sequence[Id], *, missing: int | None = None) -> RowVector:
        """Return the rows of many ids, in their order.

        Args:
            ids: Ids to look up.
            missing: The row to give unknown ids; ``None`` raises instead.

        Raises:
            UnknownIdError: If an id is unknown and ``missing`` is ``None``.
        """
        if len(ids) <= FEW and not isinstance(ids, pl.Series):
            known = [self.get(one) for one in ids]
            if None not in known:
                return np.array(known, dtype=np.int32)
        asked = ids if isinstance(ids, pl.Series) else self._typed(ids)
        frame = asked.alias("id").to_frame().join(self._rows, on="id", how="left", maintain_order="left")
        found = frame["row"]
        if missing is None and found.null_count():
            first = asked.filter(found.is_null())[0]
            raise UnknownIdError(f"ids must be known ids (got {found.null_count()} unknown, first {first!r})")
        return np.asarray(found.fill_null(missing if missing is not None else 0).to_numpy(), dtype=np.int32)

    def _typed(self, ids: Sequence[Id]) -> pl.Series:
        """Return ids as a series of the known ids' type."""
        try:
            return pl.Series("id", ids, dtype=self._series.dtype)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            raise UnknownIdError(f"ids must be known ids, of type {self._series.dtype} (got {list(ids)[:3]})") from None

    def ids(self, rows: npt.NDArray[Any]) -> pl.Series:
        """Return the ids of ``rows``, in their order."""
        return self._series[rows]

    def named(self, rows: npt.NDArray[Any]) -> list[Id]:
        """Return the ids of a few ``rows``, in their order, as plain values: no series is made for them."""
        names = self._plain()
        return [names[row] for row in rows.tolist()]

    def _plain(self) -> list[Id]:
        if self._names is None:
            self._names = self._series.to_list()
        return self._names

    def save(self, path: Path) -> None:
        """Write the ids as a one-column parquet file in row order."""
        self._series.to_frame().write_parquet(path)

    @classmethod
    def open(cls, path: Path) -> "IdMap":
        """Read what :meth:`save` wrote."""
        return cls(pl.read_parquet(path)["id"])
