"""Authors of nodes: the rows they stand in, unless they asked to be forgotten."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from graphrec.forgotten import Forgotten
from graphrec.tables.config import NodeConfig
from graphrec.tables.report import TableReport


def without_forgotten_authors(
    nodes: Mapping[str, pl.DataFrame], configs: Mapping[str, NodeConfig], forgotten: Mapping[str, Forgotten]
) -> dict[str, pl.DataFrame]:
    """Return the tables with no author where it named somebody forgotten; what he made stays.

    Args:
        nodes: Clean node tables.
        configs: Their declarations.
        forgotten: Node type to those of its nodes that must leave no trace.
    """
    done = dict(nodes)
    for node_type, frame in nodes.items():
        author = configs[node_type].author
        gone = None if author is None else forgotten.get(_author_type(configs, node_type))
        if author is not None and gone is not None:
            named = pl.col(author).is_in(gone.among(frame[author]).implode())
            done[node_type] = frame.with_columns(pl.when(~named).then(pl.col(author)).alias(author))
    return done


def add_author_rows(
    nodes: Mapping[str, pl.DataFrame], configs: Mapping[str, NodeConfig], reports: list[TableReport]
) -> tuple[dict[str, pl.DataFrame], list[TableReport]]:
    """Add ``author_row`` (int32, -1 unknown) where an author is declared.

    Args:
        nodes: Clean node tables.
        configs: Their declarations.
        reports: Their reports.

    Returns:
        The tables, and the reports with the number of authors that no node table holds under ``masked``.
    """
    done, by_name = dict(nodes), {report.name: report for report in reports}
    for node_type, frame in nodes.items():
        author = configs[node_type].author
        if author is not None:
            makers = nodes.get(_author_type(configs, node_type))
            found = _with_author_row(frame, author, makers)
            unknown = found.filter((pl.col("author_row") < 0) & pl.col(author).is_not_null()).height
            report = by_name[f"nodes.{node_type}"]
            masked = {f"{author}: unknown node": unknown} if unknown else {}
            by_name[report.name] = replace(report, masked={**report.masked, **masked})
            done[node_type] = found
    return done, list(by_name.values())


def _author_type(configs: Mapping[str, NodeConfig], node_type: str) -> str:
    return configs[node_type].author_type or next(iter(configs))


def _with_author_row(frame: pl.DataFrame, author: str, makers: pl.DataFrame | None) -> pl.DataFrame:
    if makers is None:
        return frame.with_columns(pl.lit(-1, dtype=pl.Int32).alias("author_row"))
    rows = makers.select(pl.col("id").alias("_author")).with_row_index("author_row")
    asked = frame.with_columns(pl.col(author).cast(makers.schema["id"], strict=False).alias("_author"))
    found = asked.join(rows, on="_author", how="left", maintain_order="left").drop("_author")
    return found.with_columns(pl.col("author_row").cast(pl.Int32).fill_null(-1))
