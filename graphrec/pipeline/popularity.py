"""Tables to popularity: everybody's, and that of each segment of the users."""

import numpy as np
import polars as pl

from graphrec.arrays import FloatVector, IntVector, RowVector
from graphrec.errors import ConfigError
from graphrec.graph.split import action_types
from graphrec.history import DAY_S
from graphrec.retrieval.config import RetrievalConfig
from graphrec.retrieval.prior import recency_popularity
from graphrec.retrieval.segments import Segments, counted
from graphrec.tables.clean import Edges, Tables


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
    frame = tables.nodes[action_types(tables)[1]]
    rows, _, times = _counted(tables, relations)
    created = frame["created_s"].fill_null(0).to_numpy() if "created_s" in frame.columns else None
    return recency_popularity(
        rows, times, num_flits=frame.height, as_of_s=as_of_s, created_s=created, half_life_days=half_life_days
    )


def segments_of(
    tables: Tables, config: RetrievalConfig, *, as_of_s: int | None, half_life_days: float
) -> Segments | None:
    """Return what each segment of the users acts on; ``None`` where the config names no column.

    Args:
        tables: Tables up to ``as_of_s``.
        config: The column, and the relations that count.
        as_of_s: "Now"; ``None`` for undated tables.
        half_life_days: Half-life of an edge's weight.

    Raises:
        ConfigError: If the users have no such column.
    """
    if config.segment is None:
        return None
    user_type, flit_type = action_types(tables)
    frame = tables.nodes[user_type]
    known = [name for name in frame.columns if name not in ("id", "created_s", "author_row")]
    if config.segment not in known:
        raise ConfigError(
            f"retrieval.segment must be a declared column of {user_type} (got {config.segment!r}, have "
            f"{', '.join(known) or 'none'})"
        )
    values = frame[config.segment].cast(pl.String)
    names = values.drop_nulls().unique().sort()
    of_user = values.replace_strict(names, np.arange(len(names), dtype=np.int32), default=-1, return_dtype=pl.Int32)
    rows, users, times = _counted(tables, config.prior_relations)
    weight = np.ones(len(rows))
    if times is not None and as_of_s is not None:
        weight = np.exp(-np.log(2) / half_life_days * (as_of_s - times) / DAY_S)
    segment = of_user.to_numpy()[users]
    some = segment >= 0
    found = counted(segment[some], rows[some], weight[some], len(names), tables.nodes[flit_type].height)
    return Segments(config.segment, tuple(names), of_user.to_numpy(), **found)


def _counted(tables: Tables, relations: tuple[str, ...] | None) -> tuple[RowVector, RowVector, IntVector | None]:
    """Return flit, user and time (``None`` where undated) of every edge that counts towards popularity."""
    ends = action_types(tables)
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
    rows, users = (np.concatenate([one[side].to_numpy() for one in counted]) for side in ("target_row", "source_row"))
    return rows, users, np.concatenate([one["time_s"].to_numpy() for one in dated]) if dated else None


def _counts(edges: Edges, relations: tuple[str, ...] | None) -> bool:
    """Return whether an edge table counts towards popularity."""
    return edges.config.role == "action" if relations is None else edges.config.relation in relations
