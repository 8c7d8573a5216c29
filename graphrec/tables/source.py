"""One declared table as a lazy frame: files read, joined, derived and filtered as the config says."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from graphrec.errors import ConfigError
from graphrec.forgotten import Forgotten
from graphrec.tables.config import Join, TableRef
from graphrec.tables.read import Opened, Reader, collect
from graphrec.tables.report import TableFault
from graphrec.tables.rules import FILE, PLACE, ROW, entries
from graphrec.tables.salvage import BROKEN_RULES


@dataclass(frozen=True)
class Source:
    """A declared table, ready to be checked.

    Attributes:
        frame: ``_file``, ``_row`` and the declared columns of the rows that ``where`` selects.
        schema: Types of the columns in ``frame``.
        opened: The files behind it.
    """

    frame: pl.LazyFrame
    schema: Mapping[str, pl.DataType]
    opened: Opened

    @property
    def broken(self) -> pl.DataFrame:
        """Rows that no parser could read."""
        return self.opened.broken

    def without(self, forgotten: Forgotten | None, column: str, thing: str) -> "Source":
        """Return the table without the rows that name somebody forgotten in ``column``."""
        if forgotten is None:
            return self
        gone = forgotten.among(collect(self.frame.select(pl.col(column).unique()), thing)[column])
        return replace(self, frame=self.frame.filter(~pl.col(column).is_in(gone.implode()).fill_null(False)))

    def broken_entries(self, name: str) -> pl.DataFrame:
        """Return the quarantine entries of rows that no parser could read, for the table declared as ``name``."""
        files, broken = self.opened.files, self.broken.sort(PLACE)
        parts = [
            entries(name, files, broken.filter(pl.col("rule") == rule), None, rule, "value") for rule in BROKEN_RULES
        ]
        return pl.concat(parts)


def source(reader: Reader, ref: TableRef, thing: str, declared: Mapping[str, str]) -> Source:
    """Return the table that ``ref`` declares.

    Args:
        reader: Where files are opened.
        ref: Files, joins, derived columns and condition.
        thing: Name for messages, e.g. ``nodes.flit``.
        declared: Field of the config (for messages) to the column it names.

    Raises:
        TableFault: If a file or column is missing or cannot be read.
        ConfigError: If an SQL expression cannot be parsed.
    """
    opened = reader.open(ref.table, thing)
    frame = _read(reader, ref, thing, declared, typed=False)
    return Source(frame, _types(frame, thing), opened)


def _read(reader: Reader, ref: TableRef, thing: str, declared: Mapping[str, str], *, typed: bool) -> pl.LazyFrame:
    """Return ``_file``, ``_row`` and the declared columns of the rows that ``ref`` selects.

    ``typed`` reads a CSV file's columns as what they look like, rather than as written.
    """
    opened = reader.open(ref.table, thing)
    derived = {name: _sql(text, f"{thing}.derive.{name}") for name, text in ref.derive.items()}
    condition = _condition(ref, thing)
    asked = {**declared, **_asked_by(ref, derived, condition)}
    joined = {name for join in ref.join for name in _joined_columns(reader, join, thing, opened)}
    _check_known(asked, [*opened.columns(), *joined, *derived], opened.pattern, thing)
    here = sorted(set(asked.values()) - joined - (set(derived) - set(opened.columns())))
    _check_every_file(opened, here, thing)
    frame = opened.scan(here, set() if typed else _as_text(ref, declared, derived, condition))
    for join in ref.join:
        frame = _join(reader, frame, join, thing)
    frame = frame.with_columns(**derived)
    if condition is not None:
        frame = frame.filter(condition)
    return frame.select(*PLACE, *dict.fromkeys(declared.values()))


def _sql(text: str, thing: str) -> pl.Expr:
    try:
        return pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"{thing} must be an SQL expression (got {text!r}: {_first_line(error)}); mend it") from None


def _condition(ref: TableRef, thing: str) -> pl.Expr | None:
    if isinstance(ref.where, str):
        return _sql(ref.where, f"{thing}.where")
    if ref.where:
        return pl.all_horizontal([pl.col(name) == value for name, value in ref.where.items()])
    return None


def _asked_by(ref: TableRef, derived: Mapping[str, pl.Expr], condition: pl.Expr | None) -> dict[str, str]:
    """Return the columns that joins and expressions read, by the field that names them."""
    asked = {f"join.on.{name}": name for join in ref.join for name in join.on}
    for name, expression in derived.items():
        asked |= {f"derive.{name}:{root}": root for root in expression.meta.root_names()}
    if condition is not None:
        asked |= {f"where:{root}": root for root in condition.meta.root_names()}
    return asked


def _as_text(
    ref: TableRef, declared: Mapping[str, str], derived: Mapping[str, pl.Expr], condition: pl.Expr | None
) -> set[str]:
    """Return the columns of a CSV file to read as written: those that no expression needs as numbers."""
    typed = {root for expression in derived.values() for root in expression.meta.root_names()}
    typed |= {name for join in ref.join for name in join.on}
    if isinstance(ref.where, str) and condition is not None:
        typed |= set(condition.meta.root_names())
    texts = set(declared.values())
    if isinstance(ref.where, dict):
        texts |= {name for name, value in ref.where.items() if isinstance(value, str)}
        typed |= {name for name, value in ref.where.items() if not isinstance(value, str)}
    return texts - typed


def _check_known(asked: Mapping[str, str], available: Iterable[str], table: str, thing: str) -> None:
    known = list(available)
    for field, column in asked.items():
        if column not in known:
            near = difflib.get_close_matches(column, known, n=1, cutoff=0.0)
            raise TableFault(
                "missing column",
                f"{thing}.{field.partition(':')[0]} must name a column of {table} (got {column!r}); "
                f"did you mean {near[0] if near else 'another table'!r}?",
            )


def _check_every_file(opened: Opened, columns: Iterable[str], thing: str) -> None:
    for file, schema in zip(opened.files, opened.schemas, strict=True):
        for column in columns:
            if column not in schema:
                raise TableFault(
                    "missing column",
                    f"{thing}.table must have the same columns in every file (got {file} without {column!r}); "
                    f"export that file again",
                )


def _columns(reader: Reader, ref: TableRef, thing: str) -> list[str]:
    """Return every column that ``ref`` offers: read, joined and derived."""
    opened = reader.open(ref.table, thing)
    joined = [name for join in ref.join for name in _joined_columns(reader, join, thing, opened)]
    return list(dict.fromkeys([*opened.columns(), *joined, *ref.derive]))


def _joined_columns(reader: Reader, join: Join, thing: str, opened: Opened) -> list[str]:
    """Return the columns that ``join`` adds."""
    there = _columns(reader, join, f"{thing}.join")
    _check_known({f"join.on:{name}": name for name in join.on.values()}, there, join.table, thing)
    _check_known({f"join.columns:{name}": name for name in join.columns}, there, join.table, thing)
    added = _added(join, there)
    twice = sorted(set(added) & set(opened.columns()))
    if twice:
        raise ConfigError(
            f"{thing}.join.columns must not repeat columns of {opened.pattern} (got {twice} of {join.table}); "
            f"list the columns to take"
        )
    return added


def _added(join: Join, there: Iterable[str]) -> list[str]:
    return [name for name in join.columns or there if name not in join.on.values()]


def _join(reader: Reader, frame: pl.LazyFrame, join: Join, thing: str) -> pl.LazyFrame:
    """Return ``frame`` with the columns of ``join`` added; each row finds at most one partner."""
    name = f"{thing}.join"
    keys = {f"_key_{number}": (here, right) for number, (here, right) in enumerate(join.on.items())}
    added = _added(join, _columns(reader, join, name))
    right = _read(reader, join, name, {f"columns:{one}": one for one in [*join.on.values(), *added]}, typed=True)
    right = right.select(*added, **{key: _key(right, column, thing) for key, (_, column) in keys.items()})
    if join.combine is not None:
        right = _combined(right, list(keys), added)
    repeated = collect(right.group_by(list(keys)).len().filter(pl.col("len") > 1).head(1), name)
    if repeated.height:
        raise TableFault(
            "repeated join key",
            f"{thing}.join.on must name a key that stands once in {join.table} "
            f"(got {repeated.row(0)[0]!r} several times); join a table with one row per key, or set `combine: text`",
        )
    left = frame.with_columns(**{key: _key(frame, column, thing) for key, (column, _) in keys.items()})
    return left.join(right, on=list(keys), how="left", maintain_order="left").drop(list(keys))


def _combined(frame: pl.LazyFrame, keys: list[str], columns: list[str]) -> pl.LazyFrame:
    """Return one row per key: each column's distinct values as one text, most frequent first, equal ones sorted."""
    often = {f"_often_{name}": pl.len().over([*keys, name]) for name in columns}
    texts = frame.with_columns(pl.col(name).cast(pl.String) for name in columns).with_columns(**often)
    joined = [
        pl.col(name)
        .sort_by(f"_often_{name}", name, descending=[True, False])
        .drop_nulls()
        .unique(maintain_order=True)
        .str.join(", ")
        for name in columns
    ]
    return texts.group_by(keys).agg(joined)


def _key(frame: pl.LazyFrame, column: str, thing: str) -> pl.Expr:
    """Return a join key: whole numbers of any width compare as Int64."""
    dtype = _types(frame, thing)[column]
    return pl.col(column).cast(pl.Int64) if dtype.is_integer() else pl.col(column)


def _types(frame: pl.LazyFrame, thing: str) -> Mapping[str, pl.DataType]:
    try:
        schema = frame.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise TableFault(
            "wrong dtype",
            f"{thing} must have columns that its expressions fit (got {_first_line(error)}); derive others",
        ) from None
    return {name: dtype for name, dtype in schema.items() if name not in (FILE, ROW)}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
