"""One declared node table to its clean rows."""

import polars as pl

from graphrec.tables import columns
from graphrec.tables.config import NodeConfig, QualityConfig
from graphrec.tables.image_store import ImageWriter
from graphrec.tables.images import take_in_images
from graphrec.tables.read import Reader, collect
from graphrec.tables.report import Loaded, TableFault, TableReport
from graphrec.tables.rules import (
    FAULTS,
    PLACE,
    Rule,
    counts,
    entries,
    faults,
    id_rules,
    parse_rule,
    quarantine,
    raw,
    text_rules,
    time_rules,
    unreadable_id_rule,
    utf8_rule,
)
from graphrec.tables.source import Source, source
from graphrec.tables.times import seconds

CANONICAL_INT = r"^(0|-?[1-9][0-9]{0,17})$"
"""How a whole number is written; "007" is no number but a name, and keeps its zeros."""
CANONICAL_SHARE = 0.99
"""Share of a CSV file's ids that must be canonical for all of them to be read as whole numbers."""


def load_nodes(
    reader: Reader,
    node_type: str,
    config: NodeConfig,
    quality: QualityConfig,
    window: tuple[int, int],
    images: ImageWriter,
) -> Loaded[pl.DataFrame]:
    """Read and check one node table.

    Args:
        reader: Where files are opened.
        node_type: Name of the node type.
        config: Its declaration.
        quality: Rules for rows.
        window: Plausible times ``[earliest_s, latest_s)``.
        images: Takes the images; the table names them by their sha256.

    Returns:
        Rows sorted by id: ``id``, the declared columns, ``created_s`` where declared. A row whose image breaks a rule
        stays, without its image: edges need the node, and the quarantine says why it has none.

    Raises:
        TableFault: If the table as a whole cannot be used.
    """
    name = f"nodes.{node_type}"
    table = source(reader, config, name, declared_columns(config))
    table = table.without(reader.forgotten.get(node_type), config.id, name)
    clean, rules = _clean(table, config, quality, window, name)
    before = [pl.col(column).alias(raw(column)) for column in dict.fromkeys(rule.column for rule in rules)]
    frame = collect(table.frame.select(*PLACE, *before, **clean).with_columns(faults(rules)), name).sort(PLACE)
    selected = frame.height + table.broken.height
    if not selected:
        raise TableFault(
            "zero rows",
            f"{name}.where must select at least one row (got 0 of {table.opened.rows}); widen the condition",
        )
    good, rejected = _reject(frame, table, config, rules, name)
    without_image = rejected.head(0)
    if config.image is not None:
        good, without_image = take_in_images(good, table, config, quality, reader.data, name, images)
    found = pl.concat([rejected, without_image])
    kept = ["id", *(column for column in clean if column != "id")]
    report = _report(name, config, table.opened.rows, selected, good, without_image.height, found)
    return Loaded(_finite(good.select(kept), config).sort("id"), found, report)


def _report(
    name: str,
    config: NodeConfig,
    read: int,
    selected: int,
    good: pl.DataFrame,
    without_image: int,
    found: pl.DataFrame,
) -> TableReport:
    return TableReport(
        name=name,
        table=config.table,
        rows_read=read,
        rows_filtered=read - selected,
        rows_good=good.height,
        rows_quarantined=selected - good.height,
        rows_without_image=without_image,
        rules=counts(found),
        masked=_mask_counts(good, config),
    )


def declared_columns(config: NodeConfig) -> dict[str, str]:
    """Return every column that ``config`` names, by the field that names it."""
    single = {"id": config.id, "image": config.image, "author": config.author, "created_at": config.created_at}
    found = {field: column for field, column in single.items() if column is not None}
    for field in ("text", "numeric", "categorical", "flags", "show"):
        found |= {f"{field}:{column}": column for column in getattr(config, field)}
    return found


def _reject(
    frame: pl.DataFrame, table: Source, config: NodeConfig, rules: list[Rule], name: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that break no rule, and the quarantine entries of the others.

    Of good rows with the same id the first stays.
    """
    files = table.opened.files
    bad = quarantine(name, files, frame.filter(pl.col(FAULTS) > 0), rules)
    good = frame.filter(pl.col(FAULTS) == 0)
    first = good["id"].is_first_distinct()
    repeated = entries(name, files, good.filter(~first), config.id, "duplicate id", raw(config.id))
    return good.filter(first), pl.concat([bad, repeated, table.broken_entries(name)])


def _clean(
    table: Source, config: NodeConfig, quality: QualityConfig, window: tuple[int, int], name: str
) -> tuple[dict[str, pl.Expr], list[Rule]]:
    """Return the clean columns as expressions over the file's columns, and the rules over both."""
    types, typeless = table.schema, table.opened.typeless
    id_, id_type = id_column(table, config.id, f"{name}.id")
    clean = {"id": id_, **{column: pl.col(column) for column in config.show}}
    rules = id_rules(config.id, "id", id_type, quality, new=True)
    for column in config.text:
        clean[column] = columns.string(column, types[column], f"{name}.text")
        rules += text_rules(column, quality)
    for column in config.categorical:
        clean[column] = columns.category(column, types[column], f"{name}.categorical")
        rules.append(utf8_rule(column))
    for column in config.numeric:
        clean[column] = columns.number(column, types[column], f"{name}.numeric", typeless=typeless)
        rules.append(parse_rule(column, types[column]))
    for column in config.flags:
        clean[column] = columns.flag(column, types[column], f"{name}.flags", typeless=typeless)
        rules.append(parse_rule(column, types[column]))
    if config.author is not None:
        clean[config.author], author_type = columns.identifier(config.author, types[config.author], f"{name}.author")
        rules.append(unreadable_id_rule(config.author, config.author, author_type))
    if config.image is not None:
        clean[config.image] = columns.image(config.image, types[config.image], f"{name}.image")
    if config.created_at is not None:
        column, thing = config.created_at, f"{name}.created_at"
        clean.setdefault(column, pl.col(column))
        clean["created_s"] = seconds(column, types[column], config.created_unit, thing, typeless=typeless)
        rules += time_rules(column, "created_s", *window)
    return clean, rules


def id_column(table: Source, column: str, thing: str) -> tuple[pl.Expr, pl.DataType]:
    """Return a column as ids and their type; ids of a CSV file are numbers where nearly all are written as such.

    Raises:
        TableFault: If the column holds neither strings nor whole numbers.
    """
    id_, dtype = columns.identifier(column, table.schema[column], thing)
    if table.opened.format == "csv" and dtype == pl.String:
        canonical = table.frame.select(pl.col(column).str.contains(CANONICAL_INT).mean())
        share = collect(canonical, thing).item()
        if share is not None and share >= CANONICAL_SHARE:
            return id_.cast(pl.Int64, strict=False), pl.Int64()
    return id_, dtype


def _mask_counts(frame: pl.DataFrame, config: NodeConfig) -> dict[str, int]:
    """Return how many numbers of each column are not finite and will count as missing."""
    found = {column: int((~frame[column].is_finite()).sum()) for column in config.numeric}
    return {f"{column}: not finite": count for column, count in found.items() if count}


def _finite(frame: pl.DataFrame, config: NodeConfig) -> pl.DataFrame:
    """Return ``frame`` with numbers that are not finite made null."""
    return frame.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in config.numeric
    )
