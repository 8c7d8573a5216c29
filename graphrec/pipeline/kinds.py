"""Tables to what retrieval knows of other kinds of nodes, and of the links to them that are held out."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import polars as pl

from graphrec.arrays import FloatVector, RowVector
from graphrec.graph.split import action_types
from graphrec.history import History
from graphrec.retrieval.kinds import Kind
from graphrec.retrieval.prior import recency_popularity
from graphrec.tables.clean import Edges, Tables
from graphrec.tables.config import NodeConfig

LINK_HALF_LIFE_DAYS = 90.0
"""Half-life of a link, such as a follow, in the popularity of what it leads to: such ties outlive likes."""


def kinds_of(
    tables: Tables,
    nodes: Mapping[str, NodeConfig],
    embedded: Collection[str],
    *,
    as_of_s: int | None,
    prior_weights: Mapping[str, float],
) -> dict[str, Kind]:
    """Return what retrieval knows of every embedded node type, the flits' aside, that edges from users lead to.

    Args:
        tables: Tables up to ``as_of_s``.
        nodes: Declared columns: the text columns show a node.
        embedded: Node types with vectors; some presets learn of no others than users and flits.
        as_of_s: "Now"; ``None`` for undated tables.
        prior_weights: Kind to what its prior is worth; 0 where it is missing.
    """
    user_type, flit_type = action_types(tables)
    linked: dict[str, list[Edges]] = {}
    for one in tables.edges:
        leads = one.config.source == user_type and one.config.target in embedded and one.config.target != flit_type
        if leads and one.config.role != "exposure":
            linked.setdefault(one.config.target, []).append(one)
    return {
        node_type: Kind(
            _known(tables, node_type, edges),
            _prior_by_links(edges, tables.nodes[node_type].height, as_of_s),
            _names(tables.nodes[node_type], nodes[node_type].text),
            prior_weights.get(node_type, 0.0),
        )
        for node_type, edges in linked.items()
    }


def _names(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return the text that shows each node, null where there is none."""
    if not columns:
        return pl.Series("name", [None] * frame.height, dtype=pl.String)
    joined = pl.concat_str([pl.col(one).cast(pl.String) for one in columns], separator=" · ", ignore_nulls=True)
    return frame.select(joined.alias("name")).to_series()


def _known(tables: Tables, node_type: str, edges: Sequence[Edges]) -> History:
    """Return whom each user is linked to or has blocked, and himself among users, as a history."""
    user_type, _ = action_types(tables)
    users = np.arange(tables.nodes[user_type].height if node_type == user_type else 0, dtype=np.int32)
    source = np.concatenate([users, *(one.frame["source_row"].to_numpy() for one in edges)])
    target = np.concatenate([users, *(one.frame["target_row"].to_numpy() for one in edges)])
    return History.from_edges(source, target, None, None, tables.nodes[user_type].height)


def _prior_by_links(edges: Sequence[Edges], num_nodes: int, as_of_s: int | None) -> FloatVector:
    """Return the recency-popularity of nodes by links to them, blocks aside; undated links do not decay."""
    counted = [one.frame for one in edges if one.config.role != "negative"]
    dated = bool(counted) and all("time_s" in one.columns for one in counted)
    return recency_popularity(
        np.concatenate([np.zeros(0, np.int32), *(one["target_row"].to_numpy() for one in counted)]),
        np.concatenate([one["time_s"].to_numpy() for one in counted]) if dated else None,
        num_flits=num_nodes,
        as_of_s=as_of_s,
        created_s=None,
        half_life_days=LINK_HALF_LIFE_DAYS,
    )


def links_since(tables: Tables, at_s: int | None, kinds: Mapping[str, Kind]) -> dict[str, dict[int, RowVector]]:
    """Return, per kind, the nodes each user was first linked to at or after ``at_s``: held-out truth.

    Args:
        tables: Tables with the links of the window.
        at_s: Begin of the window; ``None`` finds none.
        kinds: What was known before it.
    """
    user_type, _ = action_types(tables)
    out: dict[str, dict[int, RowVector]] = {}
    for one in tables.edges:
        name = one.config.target
        if at_s is None or one.config.source != user_type or name not in kinds or "time_s" not in one.frame.columns:
            continue
        if one.config.role in ("negative", "exposure"):
            continue
        new = one.frame.filter(pl.col("time_s") >= at_s).group_by("source_row", maintain_order=True).agg("target_row")
        for user, rows in new.iter_rows():
            held = np.setdiff1d(np.asarray(rows, dtype=np.int32), kinds[name].known.of(user).rows)
            if len(held):
                before = out.setdefault(name, {}).get(user, held)
                out[name][user] = np.union1d(before, held)
    return out
