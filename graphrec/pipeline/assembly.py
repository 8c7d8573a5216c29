"""Tables and artifacts to what retrieval reads: history, hidden flits, prior, bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, FloatVector
from graphrec.config import RunConfig
from graphrec.errors import ConfigError, DataError
from graphrec.graph.split import action_types, actions_of, available_at
from graphrec.history import History
from graphrec.index import open_index
from graphrec.interests import Interests
from graphrec.pipeline.resolved import Resolved
from graphrec.retrieval.bundle import Bundle, Settings
from graphrec.retrieval.factors import FactorSource
from graphrec.retrieval.prior import recency_popularity
from graphrec.tables.clean import Edges, Tables
from graphrec.vectors import Embeddings


def history_of(tables: Tables) -> History:
    """Return all actions of all users."""
    user_type, _ = action_types(tables)
    return _history(actions_of(tables), tables.nodes[user_type].height)


def hidden_of(tables: Tables) -> History:
    """Return what each user hid, as a history."""
    user_type, flit_type = action_types(tables)
    frames = [
        e.frame.select(pl.col("source_row").alias("user_row"), pl.col("target_row").alias("flit_row"), "weight")
        for e in tables.edges
        if e.config.role == "negative" and (e.config.source, e.config.target) == (user_type, flit_type)
    ]
    empty = pl.DataFrame(schema={"user_row": pl.Int32, "flit_row": pl.Int32, "weight": pl.Float32})
    hidden = pl.concat([empty, *frames]).with_columns(pl.lit(None, dtype=pl.Int64).alias("time_s"))
    return _history(hidden, tables.nodes[user_type].height)


def _history(actions: pl.DataFrame, num_users: int) -> History:
    dated = actions.height > 0 and not actions["time_s"].null_count()
    return History.from_edges(
        actions["user_row"].to_numpy(),
        actions["flit_row"].to_numpy(),
        actions["time_s"].to_numpy() if dated else None,
        actions["weight"].to_numpy(),
        num_users,
    )


def prior_of(
    tables: Tables, relations: tuple[str, ...] | None, *, as_of_s: int | None, half_life_days: float
) -> FloatVector:
    """Return the recency-popularity prior of every flit, float32 ``[num_flits]``.

    Args:
        tables: Tables up to ``as_of_s``.
        relations: Relations whose edges count; ``None`` counts every action relation.
        as_of_s: "Now"; ``None`` for undated tables.
        half_life_days: Half-life of an edge's weight in the count.

    Raises:
        ConfigError: If a named relation does not lead from users to flits, or counted relations are partly dated.
    """
    ends = action_types(tables)
    frame = tables.nodes[ends[1]]
    edges = [e for e in tables.edges if (e.config.source, e.config.target) == ends and e.config.split == "auto"]
    known = {e.config.relation for e in edges}
    if relations is not None and not set(relations) <= known:
        raise ConfigError(
            f"retrieval.prior_relations must lead from {ends[0]} to {ends[1]} (got {sorted(set(relations) - known)}, "
            f"have {sorted(known)})"
        )
    counted = [e.frame for e in edges if _counts(e, relations)]
    dated = [one for one in counted if "time_s" in one.columns]
    if dated and len(dated) != len(counted):
        raise ConfigError("retrieval.prior_relations must be all dated or all undated (got both); name those that are")
    created = frame["created_s"].fill_null(0).to_numpy() if "created_s" in frame.columns else None
    return recency_popularity(
        np.concatenate([one["target_row"].to_numpy() for one in counted]),
        np.concatenate([one["time_s"].to_numpy() for one in dated]) if dated else None,
        num_flits=frame.height,
        as_of_s=as_of_s,
        created_s=created,
        half_life_days=half_life_days,
    )


def _counts(edges: Edges, relations: tuple[str, ...] | None) -> bool:
    """Return whether an edge table counts towards popularity."""
    return edges.config.role == "action" if relations is None else edges.config.relation in relations


@dataclass(frozen=True)
class Part:
    """One of the two lines: which rows it may know, and what its stage names start with.

    Attributes:
        prefix: ``holdout_`` or nothing.
        tables: The rows.
        as_of_s: "Now"; ``None`` where undated.
        allowed: Flit type to which flits may be shown, bool ``[num_flits]``.
        described: What chose the rows, for fingerprints.
    """

    prefix: str
    tables: Tables
    as_of_s: int | None
    allowed: Mapping[str, BoolVector]
    described: Mapping[str, Any]


def assemble(part: Part, config: RunConfig, resolved: Resolved, folders: Mapping[str, Path]) -> Bundle:
    """Put a bundle together from the folders of the stages ``embeddings``, ``index``, ``interests`` and ``factors``."""
    tables, as_of_s = part.tables, part.as_of_s
    user_type, flit_type = action_types(tables)
    node = config.nodes[flit_type]
    opened = Embeddings.open(folders["embeddings"])
    author = [node.author] if node.author else []
    shown = [*node.text, *node.flags, *node.categorical, *node.show, *author, "created_s"]
    frame = tables.nodes[flit_type]
    if not len(frame):
        raise DataError(f"nodes.{flit_type} must hold at least one row (got none)")
    return Bundle(
        settings=Settings(
            user_type,
            flit_type,
            as_of_s,
            resolved.weights,
            resolved.cold_weights,
            config.retrieval.candidates,
            resolved.cold_share,
            resolved.interests,
            tuple(node.text),
            tuple(one for one in node.flags if one in frame.columns),
            node.author,
        ),
        ids=tables.ids,
        embeddings=opened,
        indexes={t: open_index(folders["index"] / t) for t in opened.vectors},
        interests=Interests.open(folders["interests"]),
        history=history_of(tables),
        hidden=hidden_of(tables),
        prior=prior_of(
            tables, config.retrieval.prior_relations, as_of_s=as_of_s, half_life_days=resolved.half_life_days
        ),
        allowed=part.allowed[flit_type],
        catalogue=frame.select("id", *dict.fromkeys(one for one in shown if one in frame.columns)),
        factors=FactorSource.open(folders["factors"]) if "factors" in folders else None,
    )


def shown_at(tables: Tables, as_of_s: int | None) -> dict[str, BoolVector]:
    """Return, for the flits, which may be shown at ``as_of_s``."""
    _, flit_type = action_types(tables)
    return {flit_type: available_at(tables, flit_type, as_of_s)}
