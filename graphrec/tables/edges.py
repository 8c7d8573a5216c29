"""One declared edge table to its clean rows, in one streaming pass."""

from collections.abc import Mapping

import polars as pl

from graphrec.tables import columns
from graphrec.tables.clean import Edges
from graphrec.tables.config import EdgeConfig, InputConfig, TimeColumn
from graphrec.tables.read import Reader, collect
from graphrec.tables.report import Loaded, TableFault, TableReport
from graphrec.tables.rules import (
    FAULTS,
    PLACE,
    Rule,
    counts,
    faults,
    id_rules,
    quarantine,
    raw,
    time_rules,
    unknown_rule,
    weight_rules,
)
from graphrec.tables.source import Source, source
from graphrec.tables.times import seconds

TIMES = {"time": "time_s", "start": "start_s", "end": "end_s"}
"""Field of the config to the clean column in seconds."""


def load_edges(
    reader: Reader,
    number: int,
    config: InputConfig,
    nodes: Mapping[str, pl.DataFrame],
    window: tuple[int, int],
) -> Loaded[Edges]:
    """Read and check the edge table with this ``number`` in the config.

    Args:
        reader: Where files are opened.
        number: Position in ``config.edges``.
        config: The whole declaration.
        nodes: Clean node tables.
        window: Plausible times ``[earliest_s, latest_s)``.

    Raises:
        TableFault: If the table as a whole cannot be used.
    """
    edge = config.edges[number]
    name = f"edges.{number}.{edge.relation}"
    _check_nodes(edge, nodes, name)
    table = source(reader, edge, name, declared_columns(edge, config))
    for end, node_type in _ends(edge):
        table = table.without(reader.forgotten.get(node_type), declared_columns(edge, config)[f"{end}_id"], name)
    checked, rules = _checked(table, number, config, nodes, window)
    frame = collect(checked, name)
    bad = frame.filter(pl.col(FAULTS) > 0).select(*PLACE, FAULTS)
    rejected = pl.concat([_rejected(name, table, bad, rules), table.broken_entries(name)])
    selected = frame.height + table.broken.height
    clean = _unique(frame.filter(pl.col(FAULTS) == 0))
    report = TableReport(
        name=name,
        table=edge.table,
        rows_read=table.opened.rows,
        rows_filtered=table.opened.rows - selected,
        rows_good=clean.height,
        rows_quarantined=bad.height + table.broken.height,
        duplicates_dropped=frame.height - bad.height - clean.height,
        rules=counts(rejected),
    )
    return Loaded(Edges(edge, clean), rejected, report)


def declared_columns(edge: EdgeConfig, config: InputConfig) -> dict[str, str]:
    """Return every column that ``edge`` names, by the field that names it."""
    found = {
        "source_id": edge.source_id or config.nodes[edge.source].id,
        "target_id": edge.target_id or config.nodes[edge.target].id,
    }
    found |= {field: time.column for field, time in _times(edge).items()}
    if isinstance(edge.weight, str):
        found["weight"] = edge.weight
    return found


def _times(edge: EdgeConfig) -> dict[str, TimeColumn]:
    declared = {"time": edge.time, "start": edge.start, "end": edge.end}
    return {field: time for field, time in declared.items() if time is not None}


def _check_nodes(edge: EdgeConfig, nodes: Mapping[str, pl.DataFrame], name: str) -> None:
    for node_type in (edge.source, edge.target):
        if node_type not in nodes:
            raise TableFault(
                "not checked",
                f"{name} must join readable node tables (got none for {node_type!r}); mend that one first",
            )


def _checked(
    table: Source, number: int, config: InputConfig, nodes: Mapping[str, pl.DataFrame], window: tuple[int, int]
) -> tuple[pl.LazyFrame, list[Rule]]:
    """Return the selected rows with rows of both ends, weight, times and faults, and the rules behind the faults."""
    edge = config.edges[number]
    name, declared = f"edges.{number}.{edge.relation}", declared_columns(edge, config)
    before = {raw(column): pl.col(column) for column in declared.values()}
    ends = {
        end: _end(table, declared[f"{end}_id"], nodes[node_type], f"{name}.{end}_id") for end, node_type in _ends(edge)
    }
    clean = {**_weight(table, edge, name), **_seconds(table, edge, name)}
    frame, rules = table.frame.select(*PLACE, **before, **ends, **clean), []
    for end, node_type in _ends(edge):
        column, ids = declared[f"{end}_id"], nodes[node_type]["id"]
        rules += id_rules(column, end, ids.dtype, config.quality, new=False)
        rules.append(unknown_rule(column, end, f"{end}_row", ids.dtype, config.quality))
        rows = pl.LazyFrame({end: ids, f"{end}_row": pl.int_range(len(ids), dtype=pl.Int32, eager=True)})
        frame = frame.join(rows, on=end, how="left")
    if edge.source == edge.target:
        rules.append(Rule("self-loop", declared["target_id"], pl.col("source_row") == pl.col("target_row")))
    rules += _value_rules(edge, window)
    kept = [*PLACE, "source_row", "target_row", *clean]
    return frame.select(*kept, faults(rules)), rules


def _ends(edge: EdgeConfig) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("source", edge.source), ("target", edge.target)


def _end(table: Source, column: str, nodes: pl.DataFrame, thing: str) -> pl.Expr:
    ids = nodes.schema["id"]
    return columns.reference(column, table.schema[column], ids, thing, typeless=table.opened.typeless)


def _weight(table: Source, edge: EdgeConfig, thing: str) -> dict[str, pl.Expr]:
    if isinstance(edge.weight, str):
        dtype = table.schema[edge.weight]
        number = columns.number(edge.weight, dtype, f"{thing}.weight", typeless=table.opened.typeless)
        return {"weight": number.cast(pl.Float32)}
    return {"weight": pl.lit(edge.weight, dtype=pl.Float32)}


def _seconds(table: Source, edge: EdgeConfig, thing: str) -> dict[str, pl.Expr]:
    typeless, types = table.opened.typeless, table.schema
    return {
        TIMES[field]: seconds(time.column, types[time.column], time.unit, f"{thing}.{field}", typeless=typeless)
        for field, time in _times(edge).items()
    }


def _value_rules(edge: EdgeConfig, window: tuple[int, int]) -> list[Rule]:
    """Return the rules for weight and times; the end of a campaign may lie in the future."""
    earliest_s, latest_s = window
    rules = weight_rules(edge.weight, "weight") if isinstance(edge.weight, str) else []
    for field, time in _times(edge).items():
        rules += time_rules(time.column, TIMES[field], earliest_s, None if field == "end" else latest_s)
    if edge.start is not None and edge.end is not None:
        rules.append(Rule("end before start", edge.end.column, pl.col("end_s") < pl.col("start_s")))
    return rules


def _rejected(name: str, table: Source, bad: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    """Return the quarantine entries of ``bad`` rows; only now are their values read, in a second pass."""
    files = table.opened.files
    if not bad.height:
        return quarantine(name, files, bad, rules)
    before = [pl.col(column).alias(raw(column)) for column in table.schema]
    values = table.frame.join(bad.lazy(), on=list(PLACE), how="inner").select(*PLACE, FAULTS, *before)
    return quarantine(name, files, collect(values, name).sort(PLACE), rules)


def _unique(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the edges sorted by time, source and target, exact repeats dropped."""
    found = [column for column in frame.columns if column not in (*PLACE, FAULTS)]
    first = [column for column in ("time_s", "start_s") if column in found][:1]
    order = [*first, "source_row", "target_row", *(c for c in found if c not in (*first, "source_row", "target_row"))]
    frame = frame.select(found).sort(order)
    repeat = pl.all_horizontal([pl.col(column) == pl.col(column).shift(1) for column in found]).fill_null(False)
    return frame.filter(~repeat)
