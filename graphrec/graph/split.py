"""Splitting tables: what a model may know, and what it is measured on."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from graphrec.arrays import BoolVector, IntVector
from graphrec.errors import ConfigError, DataError
from graphrec.graph.graph import Triplet
from graphrec.history import DAY_S
from graphrec.section import Section
from graphrec.tables.clean import Edges, Tables


class SplitConfig(Section):
    """How test actions are held out."""

    kind: Literal["time", "leave_one_out", "given"] = "time"
    """``time``: the newest days; ``leave_one_out``: each user's newest action (a random one where undated);
    ``given``: the edge tables marked ``split: test``."""
    test_days: float = Field(default=7.0, gt=0)
    """Length of the test window, for ``time``."""
    held_out_items: float = Field(default=0.0, ge=0, lt=1)
    """Share of flits held out whole, at random: all their actions become test actions."""
    seed: int = 0
    """Root of the random choices."""


@dataclass(frozen=True)
class Split:
    """Tables a model may know, and the actions held out of them.

    Attributes:
        train: The tables less every held-out row.
        test: ``user_row``, ``flit_row`` (int32) of the held-out actions, each pair once, none of them in training.
        available: Flits that can be recommended at the split, bool ``[num_flits]``.
        at_s: The split instant; ``None`` where the split is not by time.
        test_s: When each pair of ``test`` was first acted on, int64; ``None`` where the split is not by time.
    """

    train: Tables
    test: pl.DataFrame
    available: BoolVector
    at_s: int | None
    test_s: IntVector | None = None


def action_types(tables: Tables) -> tuple[str, str]:
    """Return the node types that actions join, ``(user type, flit type)``.

    Raises:
        ConfigError: If no edge has the role ``action``, or actions join several pairs of types.
    """
    pairs = {(e.config.source, e.config.target) for e in tables.edges if e.config.role == "action"}
    if len(pairs) != 1:
        raise ConfigError(
            f"edges must hold actions between exactly one pair of node types (got {sorted(pairs)}); set `role: action`"
        )
    return next(iter(pairs))


def action_triplets(tables: Tables) -> tuple[Triplet, ...]:
    """Return the relations that are actions, each once, in the tables' order."""
    return tuple(dict.fromkeys(edges.config.triplet for edges in tables.edges if edges.config.role == "action"))


def actions_of(tables: Tables) -> pl.DataFrame:
    """Return all actions as ``user_row``, ``flit_row``, ``weight`` and ``time_s`` (null where undated).

    Sorted by user, time, flit. Given test tables are left out.
    """
    frames = [
        edges.frame.select(
            pl.col("source_row").alias("user_row"),
            pl.col("target_row").alias("flit_row"),
            "weight",
            pl.col("time_s") if "time_s" in edges.frame.columns else pl.lit(None, dtype=pl.Int64).alias("time_s"),
        )
        for edges in tables.edges
        if edges.config.role == "action" and edges.config.split == "auto"
    ]
    if not frames:
        raise ConfigError("edges must hold at least one relation with `role: action` (got none)")
    return pl.concat(frames).sort("user_row", "time_s", "flit_row", maintain_order=True)


def newest_event_s(tables: Tables) -> int | None:
    """Return the time of the newest edge, or ``None`` where nothing is dated."""
    newest = [edges.frame["time_s"].max() for edges in tables.edges if "time_s" in edges.frame.columns]
    dated = [int(one) for one in newest if isinstance(one, int)]
    return max(dated) if dated else None


def tables_before(tables: Tables, at_s: int) -> Tables:
    """Return ``tables`` without any edge at or after ``at_s`` (campaigns count from their start)."""

    def cut(edges: Edges) -> Edges:
        frame = edges.frame
        for column in ("time_s", "start_s"):
            if column in frame.columns:
                frame = frame.filter(pl.col(column) < at_s)
        return Edges(edges.config, frame)

    return replace(tables, edges=tuple(cut(edges) for edges in tables.edges))


def available_at(tables: Tables, node_type: str, at_s: int | None) -> BoolVector:
    """Return which nodes exist before ``at_s``, bool ``[num_nodes]``; undated nodes always do."""
    frame = tables.nodes[node_type]
    if at_s is None or "created_s" not in frame.columns:
        return np.ones(frame.height, dtype=np.bool_)
    return np.asarray((frame["created_s"] < at_s).fill_null(True).to_numpy(), dtype=np.bool_)


def split_at(tables: Tables, at_s: int, until_s: int) -> Split:
    """Hold out the actions of ``[at_s, until_s)``; the model may know what came before."""
    _, flit_type = action_types(tables)
    train = tables_before(tables, at_s)
    available = available_at(tables, flit_type, at_s)
    window = actions_of(tables).filter(pl.col("time_s").is_between(at_s, until_s, closed="left"))
    test = _unseen(window, train)
    test = test.filter(pl.Series(available[test["flit_row"].to_numpy()]))
    first = window.group_by("user_row", "flit_row").agg(pl.col("time_s").min())
    dated = test.join(first, on=["user_row", "flit_row"], how="left", maintain_order="left")
    return Split(train, test, available, at_s, np.asarray(dated["time_s"].to_numpy(), dtype=np.int64))


def _unseen(actions: pl.DataFrame, train: Tables) -> pl.DataFrame:
    """Return each held-out ``(user_row, flit_row)`` once, without pairs that training knows."""
    pairs = actions.select("user_row", "flit_row").unique()
    known = actions_of(train).select("user_row", "flit_row")
    return pairs.join(known, on=["user_row", "flit_row"], how="anti").sort("user_row", "flit_row")


def split_tables(tables: Tables, config: SplitConfig, *, as_of_s: int | None) -> Split:
    """Split ``tables`` as the config says.

    Args:
        tables: Clean tables up to ``as_of_s``.
        config: Kind of split.
        as_of_s: "Now"; the test window of a time split ends here.

    Raises:
        DataError: If a time split meets undated actions, or nothing is held out.
    """
    if config.kind == "time":
        if as_of_s is None or actions_of(tables)["time_s"].null_count():
            raise DataError("split.kind must not be 'time' where actions are undated; use leave_one_out or given")
        split = split_at(tables, as_of_s - round(config.test_days * DAY_S), as_of_s)
    else:
        split = _hold_out(tables, config)
    if not split.test.height:
        raise DataError(f"split must hold out at least one action (got none, kind {config.kind!r})")
    return split


def _hold_out(tables: Tables, config: SplitConfig) -> Split:
    """Hold out given or chosen actions, and a share of the flits whole."""
    _, flit_type = action_types(tables)
    num_flits = tables.nodes[flit_type].height
    rng = np.random.default_rng(config.seed)
    cold = np.zeros(num_flits, dtype=np.bool_)
    cold[rng.choice(num_flits, size=round(config.held_out_items * num_flits), replace=False)] = True
    actions = actions_of(tables)
    if config.kind == "given":
        given = [e.frame for e in tables.edges if e.config.role == "action" and e.config.split == "test"]
        if not given:
            raise ConfigError("split.kind 'given' needs an edge table marked `split: test` (got none)")
        chosen = pl.concat(
            [f.select(pl.col("source_row").alias("user_row"), pl.col("target_row").alias("flit_row")) for f in given]
        )
    else:
        chosen = _last_of_each_user(actions, rng)
    is_cold = pl.Series(cold[actions["flit_row"].to_numpy()])
    held = pl.concat([chosen.select("user_row", "flit_row"), actions.filter(is_cold).select("user_row", "flit_row")])
    train = without_pairs(tables, held.unique())
    available = np.ones(num_flits, dtype=np.bool_)
    return Split(train, _unseen(held, train), available, None)


def _last_of_each_user(actions: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return one action of every user with two or more: the newest, or a random one where undated."""
    if actions["time_s"].null_count():
        actions = actions.with_columns(pl.Series("order", rng.random(actions.height))).sort("user_row", "order")
    actions = actions.filter(pl.len().over("user_row") >= 2)
    return actions.unique("user_row", keep="last", maintain_order=True)


def without_pairs(tables: Tables, pairs: pl.DataFrame) -> Tables:
    """Return ``tables`` without any edge, of whatever role, that joins one of the ``(user_row, flit_row)`` pairs.

    All roles, since a view of a held-out flit would give the answer away; given test tables lose every row.
    """
    user_type, flit_type = action_types(tables)
    keys = pairs.select(pl.col("user_row").alias("source_row"), pl.col("flit_row").alias("target_row"))

    def cut(edges: Edges) -> Edges:
        if edges.config.split == "test":
            return Edges(edges.config, edges.frame.clear())
        if (edges.config.source, edges.config.target) != (user_type, flit_type):
            return edges
        kept = edges.frame.join(keys, on=["source_row", "target_row"], how="anti", maintain_order="left")
        return Edges(edges.config, kept)

    return replace(tables, edges=tuple(cut(edges) for edges in tables.edges))


def shown_tables(tables: Tables) -> Tables:
    """Return ``tables`` without the given test tables: what a served version may know."""
    edges = tuple(Edges(e.config, e.frame.clear()) if e.config.split == "test" else e for e in tables.edges)
    return replace(tables, edges=edges)
