"""The graph health report: what a person should know of the data before trusting what is learnt from it."""

from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import IntVector
from graphrec.graph.graph import InteractionGraph
from graphrec.history import DAY_S
from graphrec.tables.clean import Tables
from graphrec.tables.config import NodeConfig

PERCENTILES = (50, 90, 99, 100)
HUB_SHARE = 0.01
"""The best connected share of a type's nodes is called its hubs."""


def health(graph: InteractionGraph, tables: Tables, nodes: dict[str, NodeConfig]) -> dict[str, Any]:
    """Measure a graph.

    Args:
        graph: The graph.
        tables: The clean tables it was built from.
        nodes: The declared columns, to tell which content is missing.

    Returns:
        ``nodes``: per type ``count``, ``isolated_share`` (no edge at all), ``hub_edge_share`` (share of edges that the
        best connected hundredth holds), ``degree_p50 …``, ``cold_share`` (no action; flits and users alone),
        ``missing`` (share of rows per declared column), ``duplicate_text_share``. ``relations``: per declared relation
        ``edges``, ``oldest_s`` and ``newest_s``. ``span_days``: between the oldest and the newest edge.
    """
    acting = _acting_types(tables)
    relations = {
        f"{source} {name} {target}": _relation(graph, (source, name, target))
        for source, name, target in graph.relations
        if not name.startswith("rev_")
    }
    times = [one[key] for one in relations.values() for key in ("oldest_s", "newest_s") if one[key] is not None]
    return {
        "nodes": {t: _node_type(graph, tables, nodes[t], t, acting) for t in graph.num_nodes},
        "relations": relations,
        "span_days": round((max(times) - min(times)) / DAY_S, 2) if times else None,
    }


def _acting_types(tables: Tables) -> dict[str, list[tuple[str, str]]]:
    """Return, per node type, the columns of action edges in which its rows stand."""
    found: dict[str, list[tuple[str, str]]] = {}
    for edges in tables.edges:
        if edges.config.role == "action":
            found.setdefault(edges.config.source, []).append((edges.config.relation, "source_row"))
            found.setdefault(edges.config.target, []).append((edges.config.relation, "target_row"))
    return found


def _node_type(
    graph: InteractionGraph,
    tables: Tables,
    config: NodeConfig,
    node_type: str,
    acting: dict[str, list[tuple[str, str]]],
) -> dict[str, Any]:
    """Measure the nodes of one type."""
    degrees = graph.degrees(node_type)
    frame = tables.nodes[node_type]
    out: dict[str, Any] = {
        "count": len(degrees),
        "isolated_share": _share(degrees == 0),
        "hub_edge_share": _hub_share(degrees),
        **{f"degree_p{p}": float(np.percentile(degrees, p)) if len(degrees) else 0.0 for p in PERCENTILES},
    }
    if node_type in acting:
        met = np.zeros(len(degrees), dtype=np.bool_)
        for edges in tables.edges:
            for relation, column in acting[node_type]:
                if edges.config.role == "action" and edges.config.relation == relation:
                    met[edges.frame[column].to_numpy()] = True
        out["cold_share"] = _share(~met)
    declared = [*config.text, *config.numeric, *config.categorical, *([config.image] if config.image else [])]
    out["missing"] = {name: _share(frame[name].is_null().to_numpy()) for name in declared}
    if config.text:
        joined = frame.select(pl.concat_str(pl.col(config.text).cast(pl.String), ignore_nulls=True)).to_series()
        out["duplicate_text_share"] = _share((joined.is_duplicated() & (joined != "")).to_numpy())
    return out


def _relation(graph: InteractionGraph, triplet: tuple[str, str, str]) -> dict[str, Any]:
    """Count the edges of one relation and tell their time span."""
    relation = graph.relations[triplet]
    dated = relation.time_s is not None and relation.num_edges > 0
    return {
        "edges": relation.num_edges,
        "oldest_s": int(relation.time_s.min()) if dated and relation.time_s is not None else None,
        "newest_s": int(relation.time_s.max()) if dated and relation.time_s is not None else None,
    }


def _hub_share(degrees: IntVector) -> float:
    """Return the share of all edges that the best connected hundredth of the nodes holds."""
    hubs = max(1, round(HUB_SHARE * len(degrees)))
    total = int(degrees.sum())
    return round(float(np.sort(degrees)[-hubs:].sum()) / total, 4) if total else 0.0


def _share(mask: Any) -> float:
    """Return the share of true entries, rounded; 0 for none at all."""
    return round(float(np.mean(mask)), 4) if len(mask) else 0.0
