"""Figures about every column of a table: exact on small tables, estimated on large ones, never all rows in memory."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from graphrec.tables.propose.files import Found
from graphrec.tables.read import POLARS_ERRORS

EXACT_ROWS = 500_000
"""Up to this many rows all distinct values are counted; above, of columns of many values, a part chosen by hash."""
MANY = 20_000
"""Columns of a large table that seem to have more distinct values than this have many."""
SAMPLE = 2_000
"""Values looked at closely, from the first rows."""
KEYS = 200_000
"""Distinct values kept to compare columns with; above, a fixed part of them, chosen by hash."""
FEW = 64
"""So many distinct values make categories, and are listed."""


@dataclass(frozen=True, eq=False)
class Column:
    """Figures about one column.

    Attributes:
        name: Its name.
        dtype: Its type in the file (as inferred, in text files).
        rows: Rows of the table.
        nulls: Missing values.
        distinct: Distinct values, without missing; 0 where they were not counted (bytes, lists).
        repeated: Values that stood before, among those counted.
        low: Smallest value, of numbers and times.
        high: Largest value, of numbers and times.
        middle: Median of numbers.
        length: Mean number of characters, of strings.
        words: Mean number of words, of strings.
        sample: Some values that are not missing.
    """

    name: str
    dtype: pl.DataType
    rows: int
    nulls: int
    distinct: int
    repeated: int
    low: Any
    high: Any
    middle: float | None
    length: float
    words: float
    sample: pl.Series = field(repr=False)

    @property
    def known(self) -> int:
        """Values that are not missing."""
        return self.rows - self.nulls

    @property
    def unique(self) -> bool:
        """Whether no value is missing and none stands twice, as far as it was counted."""
        return self.rows > 1 and self.distinct > 0 and not self.nulls and not self.repeated

    @property
    def dense(self) -> bool:
        """Whether whole numbers run from the lowest to the highest with hardly a gap."""
        return self.dtype.is_integer() and bool(self.distinct) and (self.high - self.low + 1) <= 1.02 * self.distinct


@dataclass(eq=False)
class Table:
    """One table and its columns.

    Attributes:
        found: Its files.
        rows: Number of rows.
        columns: By name, in the order of the file.
    """

    found: Found
    rows: int
    columns: dict[str, Column]
    _keys: dict[str, tuple[pl.DataFrame, int]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Path or glob, as a config names it."""
        return self.found.pattern

    def values(self, column: str) -> dict[Any, int]:
        """Return the values of a column of few, and how often each stands, the most frequent first."""
        counts = self.found.scan().select(pl.col(column)).drop_nulls().group_by(column).len()
        return dict(counts.sort(["len", column], descending=[True, False]).head(FEW).collect().iter_rows())

    def keys(self, column: str) -> tuple[pl.DataFrame, int]:
        """Return the distinct values as text with their hashes (``value``, ``hash``), and which part of them: one of n.

        The part is chosen by hash, so that parts of two columns hold the same values where both have them.
        """
        if column not in self._keys:
            step = 1
            while self.columns[column].distinct > KEYS * step:
                step *= 2
            value = pl.col(column).cast(pl.String)
            wanted = self.found.scan().select(value=value).drop_nulls().with_columns(hash=pl.col("value").hash(0))
            self._keys[column] = (wanted.filter(pl.col("hash") % step == 0).unique().collect(), step)
        return self._keys[column]


def profile(found: Found) -> Table | str:
    """Return figures about a table, or why there are none."""
    try:
        frame = found.scan()
        schema = frame.collect_schema()
        rows = int(frame.select(pl.len()).collect().item())
        if not rows:
            return "no rows"
        figures = frame.select(_figures(schema)).collect().row(0, named=True)
        counted = _distinct(frame, schema, rows)
        sampled = {name: _sample(frame, name, dtype) for name, dtype in schema.items()}
    except POLARS_ERRORS as error:
        return f"unreadable ({(str(error).splitlines() or [type(error).__name__])[0][:80]})"
    return Table(
        found, rows, {name: _column(name, schema[name], rows, figures, counted[name], sampled[name]) for name in schema}
    )


def overlap(table: Table, column: str, other: Table, other_column: str) -> tuple[float, float]:
    """Return the share of the distinct values of each column that the other has too, exact or estimated."""
    (one, step), (two, other_step) = table.keys(column), other.keys(other_column)
    most = max(step, other_step)
    one, two = (frame.filter(pl.col("hash") % most == 0) for frame in (one, two))
    both = one.join(two, on="value", how="semi").height
    return both / max(one.height, 1), both / max(two.height, 1)


def _distinct(frame: pl.LazyFrame, schema: pl.Schema, rows: int) -> dict[str, tuple[int, int]]:
    """Return the distinct values of each column, and how many of those counted stood before.

    A value's rows are all in one part, so that a part tells whether values repeat, and how many there are by its size.
    """
    names = [name for name, dtype in schema.items() if _countable(dtype)]
    step = 1
    while rows > EXACT_ROWS * step:
        step *= 2
    few = set(names)
    if step > 1:
        about = frame.select(pl.col(name).approx_n_unique() for name in names).collect().row(0, named=True)
        few = {name for name in names if about[name] <= MANY}
    parts = {name: pl.col(name).drop_nulls() for name in names}
    parts |= {name: part.filter(part.hash(0) % step == 0) for name, part in parts.items() if name not in few}
    figures = [part.n_unique().alias(f"distinct:{name}") for name, part in parts.items()]
    figures += [part.len().alias(f"rows:{name}") for name, part in parts.items()]
    found = frame.select(figures).collect().row(0, named=True) if figures else {}
    out = dict.fromkeys(schema, (0, 0))
    for name in names:
        distinct, read = found[f"distinct:{name}"], found[f"rows:{name}"]
        out[name] = distinct * (1 if name in few else step), read - distinct
    return out


def _countable(dtype: pl.DataType) -> bool:
    return not (dtype == pl.Binary or dtype.is_nested() or dtype == pl.Null)


def _figures(schema: pl.Schema) -> list[pl.Expr]:
    """Return one row of figures, each named ``<figure>:<column>``."""
    out = []
    for name, dtype in schema.items():
        column = pl.col(name)
        out.append(column.null_count().alias(f"nulls:{name}"))
        if dtype.is_numeric() or dtype.is_temporal():
            out += [column.min().alias(f"low:{name}"), column.max().alias(f"high:{name}")]
        if dtype == pl.String:
            out.append(column.str.len_chars().mean().alias(f"length:{name}"))
    return out


def _sample(frame: pl.LazyFrame, name: str, dtype: pl.DataType) -> pl.Series:
    """Return values of a column that are not missing; few of bytes, which may be large."""
    most = 20 if dtype == pl.Binary or dtype.is_nested() else SAMPLE
    return frame.select(name).head(10 * most).drop_nulls().head(most).collect()[name]


def _column(
    name: str, dtype: pl.DataType, rows: int, figures: dict[str, Any], counted: tuple[int, int], sample: pl.Series
) -> Column:
    words = 0.0
    if dtype == pl.String and len(sample):
        words = float(sample.str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
    middle = float(sample.median() or 0) if dtype.is_numeric() and len(sample) else None  # type: ignore[arg-type]
    return Column(
        name=name,
        dtype=dtype,
        rows=rows,
        nulls=figures[f"nulls:{name}"],
        distinct=counted[0],
        repeated=counted[1],
        low=figures.get(f"low:{name}"),
        high=figures.get(f"high:{name}"),
        middle=middle,
        length=figures.get(f"length:{name}") or 0.0,
        words=words,
        sample=sample,
    )
