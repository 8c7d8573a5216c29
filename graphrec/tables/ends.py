"""Nodes without a table of their own: every id that the edges name."""

import polars as pl

from graphrec.tables.config import InputConfig, QualityConfig
from graphrec.tables.nodes import id_column
from graphrec.tables.read import Reader, collect
from graphrec.tables.report import Loaded, TableFault, TableReport, empty_quarantine
from graphrec.tables.source import source
from graphrec.tables.times import seconds

EDGES = "(edges)"
"""What reports call the table of such nodes."""


def load_ends(reader: Reader, node_type: str, config: InputConfig, window: tuple[int, int]) -> Loaded[pl.DataFrame]:
    """Collect the ids that stand at the ends of a node type's edges.

    All edges count, given test tables and exposures too; rows that ``where`` leaves out do not. An id that no node
    table would take (empty, over-long, with control characters) and a row without a plausible time are left out here,
    and told of by their edge.

    A node that only dated edges name comes to be with the oldest of them: before that nobody could recommend it.

    Args:
        reader: Where files are opened.
        node_type: A node type declared ``from_edges``.
        config: The whole declaration.
        window: Plausible times ``[earliest_s, latest_s)``.

    Returns:
        ``id``, ascending, each once, and ``created_s`` where an edge is dated (null where an undated one names the
        node).

    Raises:
        TableFault: If an edge table cannot be read, or no id is found.
    """
    name = f"nodes.{node_type}"
    parts = [_counted(reader, config, number, end, window) for number, end in _ends(config, node_type)]
    wanted = pl.Int64() if all(part.schema["id"] == pl.Int64 for part in parts) else pl.String()
    counts = pl.concat(part.with_columns(pl.col("id").cast(wanted)) for part in parts)
    good = counts.filter(_well_formed(wanted, config.quality))
    first = pl.when(pl.col("created_s").null_count() == 0).then(pl.col("created_s").min())
    clean = good.group_by("id").agg(created_s=first).sort("id")
    if not clean.height:
        raise TableFault("zero rows", f"{name} must stand in at least one edge (got none); check `where` and the ids")
    read, kept = int(counts["rows"].sum()), int(good["good"].sum())
    report = TableReport(
        name=name,
        table=EDGES,
        rows_read=read,
        rows_filtered=read - kept,
        rows_good=clean.height,
        duplicates_dropped=kept - clean.height,
    )
    dated = clean["created_s"].null_count() < clean.height
    return Loaded(clean if dated else clean.drop("created_s"), empty_quarantine(), report)


def _ends(config: InputConfig, node_type: str) -> list[tuple[int, str]]:
    """Return the number of each edge table that names such nodes, and at which end."""
    return [
        (number, end)
        for number, edge in enumerate(config.edges)
        for end in ("source", "target")
        if getattr(edge, end) == node_type
    ]


def _counted(reader: Reader, config: InputConfig, number: int, end: str, window: tuple[int, int]) -> pl.DataFrame:
    """Return the distinct ids at one end of one edge table: ``rows`` they stand in, ``good`` ones, ``created_s``."""
    edge = config.edges[number]
    name, field = f"edges.{number}.{edge.relation}", f"{end}_id"
    column, time = getattr(edge, field) or config.nodes[getattr(edge, end)].id, edge.time or edge.start
    declared = {field: column} if time is None else {field: column, "time": time.column}
    table = source(reader, edge, name, declared)
    table = table.without(reader.forgotten.get(getattr(edge, end)), column, name)
    id_, _ = id_column(table, column, f"{name}.{field}")
    at, good = pl.lit(None, dtype=pl.Int64), pl.lit(True)
    if time is not None:
        dtype, typeless = table.schema[time.column], table.opened.typeless
        at = seconds(time.column, dtype, time.unit, f"{name}.time", typeless=typeless)
        good = at.is_between(*window, closed="left").fill_null(False)
    rows = table.frame.select(id_.alias("id"), at.alias("at"), good.alias("good"))
    first = pl.col("at").filter("good").min()
    return collect(rows.group_by("id").agg(rows=pl.len(), good=pl.col("good").sum(), created_s=first), name)


def _well_formed(dtype: pl.DataType, quality: QualityConfig) -> pl.Expr:
    id_, known = pl.col("id"), pl.col("id").is_not_null() & (pl.col("good") > 0)
    if dtype != pl.String:
        return known
    fits = (id_ != "") & (id_.str.len_bytes() <= quality.max_id_bytes)
    return known & fits & ~id_.str.contains(r"[\x00-\x1f\x7f]")
