"""Clean tables to graph: edges grouped by relation, weights decayed by age, both directions."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.errors import DataError
from graphrec.graph.graph import InteractionGraph, Relation, Triplet
from graphrec.history import DAY_S
from graphrec.tables.clean import Edges, Tables

WALKED_ROLES = ("action", "context")
"""Roles of edges that carry a walk; hides and exposures never do."""


def build_graph(tables: Tables, *, as_of_s: int | None) -> InteractionGraph:
    """Build the graph of every action and context edge in ``tables``.

    Tables are split before the graph is built, so that nothing newer can slip in; an edge at or after ``as_of_s``
    is therefore a leak and refused.

    Args:
        tables: Clean tables.
        as_of_s: "Now", seconds since 1970 UTC, to which weights decay; ``None`` leaves weights as they are.

    Raises:
        DataError: If an edge is not older than ``as_of_s``, or no edge is left.
    """
    grouped: dict[Triplet, list[pl.DataFrame]] = defaultdict(list)
    for edges in tables.edges:
        if edges.config.role in WALKED_ROLES:
            grouped[edges.config.triplet].append(_weighted(edges, as_of_s))
    num_nodes = {node_type: frame.height for node_type, frame in tables.nodes.items()}
    relations: dict[Triplet, Relation] = {}
    for (source, name, target), frames in grouped.items():
        frame = pl.concat(frames, how="diagonal")
        relations[(source, name, target)] = _csr(frame, "source_row", "target_row", num_nodes[source])
        relations[(target, f"rev_{name}", source)] = _csr(frame, "target_row", "source_row", num_nodes[target])
    if not any(relation.num_edges for relation in relations.values()):
        raise DataError("graph.edges must hold at least one action or context edge (got none); check `where` and times")
    return InteractionGraph(num_nodes, relations, as_of_s)


def _weighted(edges: Edges, as_of_s: int | None) -> pl.DataFrame:
    """Return source, target, weight and time of one edge table, weights decayed to ``as_of_s``."""
    frame = edges.frame
    time = next((name for name in ("time_s", "start_s") if name in frame.columns), None)
    if time is None or as_of_s is None:
        return frame.select("source_row", "target_row", "weight")
    newest = frame[time].max()
    if newest is not None and newest >= as_of_s:  # type: ignore[operator]
        raise DataError(
            f"{edges.config.relation}.time must be before {as_of_s} (got {newest!r}); split the tables first"
        )
    age_days = (as_of_s - pl.col(time)) / DAY_S
    half_life = edges.config.half_life_days
    decay = pl.lit(1.0) if half_life is None else (-age_days * (np.log(2) / half_life)).exp()
    return frame.select(
        "source_row", "target_row", (pl.col("weight") * decay).cast(pl.Float32), pl.col(time).alias("time_s")
    )


def _csr(frame: pl.DataFrame, source: str, target: str, num_sources: int) -> Relation:
    """Return the edges of ``frame`` grouped by ``source``."""
    dated = "time_s" in frame.columns and frame["time_s"].null_count() == 0
    order = [source, "time_s", target] if dated else [source, target]
    frame = frame.sort(order, maintain_order=True)
    indptr = offsets(frame[source].to_numpy(), num_sources)
    return Relation(
        indptr=indptr,
        indices=frame[target].to_numpy().astype(np.int32),
        weight=frame["weight"].to_numpy().astype(np.float32),
        time_s=frame["time_s"].to_numpy().astype(np.int64) if dated else None,
    )


def offsets(sorted_rows: npt.NDArray[np.int32], num_rows: int) -> npt.NDArray[np.int64]:
    """Return the CSR offsets of rows that stand in order, int64 ``[num_rows + 1]``."""
    counts = np.bincount(sorted_rows, minlength=num_rows)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])
