"""Declared columns in the one type that their role has; what does not fit becomes null and breaks a rule."""

import polars as pl

from graphrec.tables.report import TableFault

TEXT_TYPES = (pl.String, pl.Categorical, pl.Enum, pl.Null)


def string(column: str, dtype: pl.DataType, thing: str) -> pl.Expr:
    """Return ``column`` as strings; bytes that are not UTF-8 become null.

    Raises:
        TableFault: If the column holds neither strings nor bytes.
    """
    if dtype == pl.Binary:
        return pl.col(column).map_batches(_decode, return_dtype=pl.String, is_elementwise=True)
    if dtype in TEXT_TYPES:
        return pl.col(column).cast(pl.String)
    raise _wrong(thing, "text", dtype, "derive a text column or declare it as numeric")


def number(column: str, dtype: pl.DataType, thing: str, *, typeless: bool) -> pl.Expr:
    """Return ``column`` as float64; a string that is no number becomes null.

    Raises:
        TableFault: If the column holds no numbers.
    """
    if typeless and dtype == pl.String:
        return _written(column).cast(pl.Float64, strict=False)
    if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
        return pl.col(column).cast(pl.Float64)
    raise _wrong(thing, "a number", dtype, "derive a numeric column or declare it as categorical")


def flag(column: str, dtype: pl.DataType, thing: str, *, typeless: bool) -> pl.Expr:
    """Return ``column`` as booleans; 0 is false, other numbers are true.

    Raises:
        TableFault: If the column holds neither booleans nor whole numbers.
    """
    if typeless and dtype == pl.String:
        names = {"true": True, "1": True, "false": False, "0": False}
        return _written(column).str.to_lowercase().replace_strict(names, default=None, return_dtype=pl.Boolean)
    if dtype in (pl.Boolean, pl.Null) or dtype.is_integer():
        return pl.col(column).cast(pl.Boolean)
    raise _wrong(thing, "true or false", dtype, "derive a boolean column")


def category(column: str, dtype: pl.DataType, thing: str) -> pl.Expr:
    """Return ``column`` as strings, whole numbers or booleans.

    Raises:
        TableFault: If the column holds something else.
    """
    if dtype.is_integer() or dtype == pl.Boolean:
        return pl.col(column)
    if dtype == pl.Binary or dtype in TEXT_TYPES:
        return string(column, dtype, thing)
    raise _wrong(thing, "text, a whole number or a boolean", dtype, "declare it as numeric or derive a column")


def identifier(column: str, dtype: pl.DataType, thing: str) -> tuple[pl.Expr, pl.DataType]:
    """Return ``column`` as ids, and their type: strings, or whole numbers as Int64.

    Raises:
        TableFault: If the column holds neither.
    """
    if dtype.is_integer():
        return pl.col(column).cast(pl.Int64, strict=False), pl.Int64()
    if dtype == pl.Binary or dtype in TEXT_TYPES:
        return string(column, dtype, thing), pl.String()
    raise _wrong(thing, "strings or whole numbers", dtype, "derive an id column with CAST")


def reference(column: str, dtype: pl.DataType, ids: pl.DataType, thing: str, *, typeless: bool) -> pl.Expr:
    """Return ``column`` as ids of a node type whose ids have type ``ids``.

    Raises:
        TableFault: If strings stand against whole numbers.
    """
    own, own_type = identifier(column, dtype, thing)
    if dtype == pl.Null or own_type == ids:
        return own.cast(ids)
    if typeless and own_type == pl.String:
        return own.cast(ids, strict=False)
    raise _wrong(thing, f"of type {ids}, like the ids of its node table", dtype, "derive a column with CAST")


def image(column: str, dtype: pl.DataType, thing: str) -> pl.Expr:
    """Return the paths or URLs that ``column`` holds, null where blank; bytes are read later, in batches.

    Raises:
        TableFault: If the column holds neither.
    """
    if dtype in (pl.Binary, pl.Null):
        return pl.lit(None, dtype=pl.String)
    if dtype in TEXT_TYPES:
        path = pl.col(column).cast(pl.String)
        return pl.when(path.str.strip_chars() != "").then(path)
    raise _wrong(thing, "encoded image bytes or file names", dtype, "store the bytes or the path of each image")


def _written(column: str) -> pl.Expr:
    """Return a column of a text file, spaces around it and empty fields taken away."""
    text = pl.col(column).str.strip_chars()
    return pl.when(text != "").then(text)


def _decode(values: pl.Series) -> pl.Series:
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series(values.name, [_text(value) for value in values], dtype=pl.String)


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _wrong(thing: str, rule: str, dtype: pl.DataType, remedy: str) -> TableFault:
    return TableFault("wrong dtype", f"{thing} must be {rule} (got {dtype}); {remedy}")
