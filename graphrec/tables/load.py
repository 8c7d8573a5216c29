"""Somebody's files to clean tables, a quarantine and a report."""

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from graphrec.errors import DataError
from graphrec.forgotten import Forgotten
from graphrec.tables.authors import add_author_rows, without_forgotten_authors
from graphrec.tables.clean import Edges, Tables
from graphrec.tables.config import InputConfig
from graphrec.tables.edges import load_edges
from graphrec.tables.ends import EDGES, load_ends
from graphrec.tables.image_store import ImageWriter
from graphrec.tables.kinds import kind_columns, load_kinds
from graphrec.tables.nodes import load_nodes
from graphrec.tables.read import Reader
from graphrec.tables.remote import local_data
from graphrec.tables.report import Loaded, TableFault, TableReport, empty_quarantine, fault_row
from graphrec.tables.times import bounds

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedTables:
    """Clean tables, and what was kept out of them.

    Attributes:
        tables: Clean nodes and edges.
        quarantine: One row per broken rule: ``table``, ``file``, ``row``, ``column``, ``rule``, ``value``.
        report: Counts per declared table: nodes, edges, then columns of event kinds.
    """

    tables: Tables
    quarantine: pl.DataFrame
    report: tuple[TableReport, ...]


def load_tables(
    config: InputConfig, data: Path | str, *, now: datetime | None = None, images: Path | None = None
) -> LoadedTables:
    """Read, check and clean every declared table.

    Args:
        config: The declared schema.
        data: Root of the tables; a folder, or a URI as text.
        now: The clock, for the newest plausible time; default: the real one.
        images: Folder that images are written to as they are read, where the tables will be saved; default: they are
            held in memory.

    Raises:
        DataError: If a table as a whole cannot be used, or more than ``quality.max_bad_fraction`` of its rows are bad.
        ConfigError: If an SQL expression of the config cannot be parsed.
    """
    return _load(config, data, now, ImageWriter(images), stop=True)


def validate_tables(config: InputConfig, data: Path | str, *, now: datetime | None = None) -> LoadedTables:
    """Do what :func:`load_tables` does, but report every fault of every table and raise none of them.

    A table with a fault has its reason in ``report[...].fault`` and is missing from ``tables``; an edge table whose
    node table has a fault is reported as not checked. Images are checked and not kept.

    Raises:
        ConfigError: If an SQL expression of the config cannot be parsed.
    """
    return _load(config, data, now, ImageWriter(keep=False), stop=False)


@dataclass
class _Run:
    """Collects what each table gave; ``stop`` raises at the first fault."""

    max_bad_fraction: float
    stop: bool
    quarantines: list[pl.DataFrame] = field(default_factory=lambda: [empty_quarantine()])
    reports: list[TableReport] = field(default_factory=list)

    def take(self, name: str, table: str, load: Callable[[], Loaded[T]]) -> T | None:
        """Return the clean rows that ``load`` gives, or ``None`` where the whole table is at fault."""
        try:
            loaded = load()
        except TableFault as fault:
            if self.stop:
                raise
            self.quarantines.append(fault_row(name, table, fault))
            self.reports.append(TableReport(name, table, rules={fault.rule: 1}, fault=str(fault)))
            return None
        self.quarantines.append(loaded.quarantine)
        self.reports.append(loaded.report)
        log.info("%s: %d good of %d rows", name, loaded.report.rows_good, loaded.report.rows_read)
        if self.stop:
            _check_fraction(loaded, self.max_bad_fraction)
        return loaded.clean


def _load(
    config: InputConfig, data: Path | str, now: datetime | None, images: ImageWriter, *, stop: bool
) -> LoadedTables:
    local = local_data(config, data, strict=False)  # what is not there is told with the table that names it
    window, quality = bounds(config.quality, now), config.quality
    run = _Run(quality.max_bad_fraction, stop)
    nodes: dict[str, pl.DataFrame] = {}
    edges: list[Edges] = []
    with tempfile.TemporaryDirectory(prefix="graphrec-") as scratch:
        reader = Reader(local, Path(scratch), str(data), _forgotten(config, local))
        for node_type, node in config.nodes.items():
            load = partial(load_nodes, reader, node_type, node, quality, window, images)
            if node.from_edges:
                load = partial(load_ends, reader, node_type, config, window)
            frame = run.take(f"nodes.{node_type}", node.table or EDGES, load)
            if frame is not None:
                nodes[node_type] = frame
        nodes = without_forgotten_authors(nodes, config.nodes, reader.forgotten)
        nodes, run.reports = add_author_rows(nodes, config.nodes, run.reports)
        for number, edge in enumerate(config.edges):
            found = run.take(
                f"edges.{number}.{edge.relation}",
                edge.table,
                partial(load_edges, reader, number, config, nodes, window),
            )
            if found is not None:
                edges.append(found)
        for (table, column), known in kind_columns(config).items():
            run.take(f"kinds.{table}.{column}", table, partial(load_kinds, reader, config, table, column, known))
    tables = Tables(nodes, tuple(edges), images.close())
    return LoadedTables(tables, pl.concat(run.quarantines), tuple(run.reports))


def _forgotten(config: InputConfig, data: Path) -> dict[str, Forgotten]:
    """Return who must leave no trace, by node type.

    Raises:
        DataError: If a file of them is not there, or holds something else.
    """
    return {node_type: Forgotten.open(data / path) for node_type, path in config.forgotten.items()}


def _check_fraction(loaded: Loaded[Any], limit: float) -> None:
    report = loaded.report
    if report.bad_fraction <= limit:
        return
    rule, count = max(report.rules.items(), key=lambda item: item[1])
    one = loaded.quarantine.filter(pl.col("rule") == rule).row(0, named=True)
    raise DataError(
        f"{report.name} must have at most {limit:.2%} bad rows (got {report.bad_fraction:.2%}; {count} x {rule}, "
        f"first in {one['file']} row {one['row']}: {one['value']!r}); "
        f"mend the table or raise quality.max_bad_fraction"
    )
