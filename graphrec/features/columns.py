"""Numeric and categorical columns to numbers, with what they need to know learnt from the fit rows alone."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.arrays import BoolVector, FloatMatrix
from graphrec.features.config import ColumnConfig

CLIP = 5.0
"""Scaled numbers are cut to five deviations: one absurd value must not drown the others."""

HUGE = 1e100
"""Beyond this a square is no longer finite."""


@dataclass(frozen=True)
class NumericColumn:
    """A scaled number and a mark where it is missing: two columns, whatever the data.

    Attributes:
        name: Column of the table.
        mean: Mean over the fit rows.
        deviation: Standard deviation over the fit rows; 1 where they do not differ.
    """

    name: str
    mean: float
    deviation: float

    @classmethod
    def fit(cls, values: pl.Series, fit: BoolVector) -> "NumericColumn":
        """Learn mean and deviation from the rows marked by ``fit``."""
        numbers = _numbers(values)[fit]
        numbers = numbers[~np.isnan(numbers)]
        if not len(numbers):
            return cls(values.name, 0.0, 1.0)
        deviation = float(numbers.std())
        tiny = 1e-9 * max(1.0, float(np.abs(numbers).max()))
        return cls(values.name, float(numbers.mean()), deviation if deviation > tiny else 1.0)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each column says."""
        return (self.name, f"{self.name} missing")

    def encode(self, values: pl.Series) -> FloatMatrix:
        """Return ``[rows, 2]``: the scaled number (0 where missing), and 1 where it is missing."""
        numbers = _numbers(values)
        missing = np.isnan(numbers)
        scaled = np.clip((np.where(missing, self.mean, numbers) - self.mean) / self.deviation, -CLIP, CLIP)
        return np.stack([scaled, missing], axis=1).astype(np.float32)


@dataclass(frozen=True)
class CategoricalColumn:
    """A category one-hot, or hashed where it has many values; slot 0 says missing or unknown.

    A column of lists (genres) marks every value it holds.

    Attributes:
        name: Column of the table.
        values: The values with a slot of their own, sorted; ``None`` where values are hashed.
        buckets: Slots of a hashed column, without slot 0.
    """

    name: str
    values: tuple[str, ...] | None
    buckets: int

    @classmethod
    def fit(cls, column: pl.Series, fit: BoolVector, config: ColumnConfig) -> "CategoricalColumn":
        """Learn the values from the rows marked by ``fit``."""
        seen = _pairs(column.filter(pl.Series(fit)))["value"].drop_nulls().unique().sort().to_list()
        return cls(column.name, tuple(seen) if len(seen) <= config.max_one_hot else None, config.hash_buckets)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each column says."""
        slots = self.values if self.values is not None else tuple(f"#{slot}" for slot in range(self.buckets))
        return (f"{self.name} missing", *(f"{self.name}={slot}" for slot in slots))

    def encode(self, column: pl.Series) -> FloatMatrix:
        """Return ``[rows, slots]``: 1 at the slot of the value."""
        pairs = _pairs(column)
        distinct = pairs["value"].unique()
        slots = pl.DataFrame({"value": distinct, "slot": pl.Series(map(self._slot, distinct), dtype=pl.Int64)})
        found = pairs.join(slots, on="value", how="left", nulls_equal=True, maintain_order="left")
        out = np.zeros((len(column), len(self.labels)), dtype=np.float32)
        out[found["row"].to_numpy(), found["slot"].to_numpy()] = 1.0
        return out

    def _slot(self, value: str | None) -> int:
        """Return the slot of one value; the hash is CRC-32, equal on every machine and in every release."""
        if value is None:
            return 0
        if self.values is None:
            return 1 + zlib.crc32(value.encode()) % self.buckets
        place = int(np.searchsorted(np.asarray(self.values, dtype=object), value)) if self.values else 0
        return 1 + place if place < len(self.values) and self.values[place] == value else 0


def encode_columns(
    frame: pl.DataFrame,
    numeric: Sequence[str],
    categorical: Sequence[str],
    fit: BoolVector,
    config: ColumnConfig,
) -> tuple[FloatMatrix, tuple[str, ...]]:
    """Fit on the rows marked by ``fit`` and encode all rows.

    Args:
        frame: One row per node.
        numeric: Columns to scale.
        categorical: Columns to turn one-hot or hash.
        fit: Which rows may be learnt from, ``[rows]``.
        config: Widths.

    Returns:
        Shape ``[rows, columns]`` float32, and what each column says.
    """
    numbers = [NumericColumn.fit(frame[name], fit) for name in numeric]
    categories = [CategoricalColumn.fit(frame[name], fit, config) for name in categorical]
    columns: list[NumericColumn | CategoricalColumn] = [*numbers, *categories]
    blocks = [column.encode(frame[column.name]) for column in columns]
    empty = np.zeros((len(frame), 0), dtype=np.float32)
    return np.concatenate([empty, *blocks], axis=1), tuple(label for column in columns for label in column.labels)


def _numbers(values: pl.Series) -> npt.NDArray[np.float64]:
    """Return a column as float64 with NaN where it is null or infinite."""
    numbers: npt.NDArray[Any] = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.where(np.isinf(numbers), np.nan, np.clip(numbers, -HUGE, HUGE))


def _pairs(column: pl.Series) -> pl.DataFrame:
    """Return a column as pairs of row and value (string); an empty list counts as one missing value."""
    frame = pl.DataFrame({"row": np.arange(len(column), dtype=np.int64), "value": column})
    if isinstance(column.dtype, pl.List):
        frame = frame.explode("value", empty_as_null=True)
    return frame.with_columns(pl.col("value").cast(pl.String))
