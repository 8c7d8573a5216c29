"""Tables to what the sources of candidates go by that are off unless a config asks for them."""

from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, RowVector, normalise_rows
from graphrec.config import RunConfig
from graphrec.errors import ConfigError
from graphrec.graph.split import action_types
from graphrec.history import History
from graphrec.index.centroids import around
from graphrec.tables.clean import Tables

FLITS_PER_CLUSTER = 100
MOST_CLUSTERS = 2_000


def sources_of(tables: Tables, config: RunConfig, vectors: FloatMatrix) -> dict[str, Any]:
    """Return the fields of a bundle that the configured sources read.

    Args:
        tables: Tables up to "now".
        config: How many flits each source draws, and whose rows authors are.
        vectors: Of the flits, float32 ``[num_flits, dim]``.

    Raises:
        ConfigError: If a source goes by edges that are not declared.
    """
    found: dict[str, Any] = {}
    if config.retrieval.sources.follows:
        found |= {"follows": _follows(tables), "written": _written(tables, config)}
    if config.retrieval.sources.mixture:
        found["cluster"] = _clusters(vectors)
    return found


def _follows(tables: Tables) -> History:
    """Return whom each user is linked to, blocks aside."""
    users, _ = action_types(tables)
    frames = [
        one.frame for one in tables.edges
        if (one.config.source, one.config.target) == (users, users) and one.config.role not in ("negative", "exposure")
    ]  # fmt: skip
    if not frames:
        raise ConfigError(
            f"RetrievalConfig.sources.follows must go by edges from {users} to {users} (got none); declare them, or "
            "set it to 0"
        )
    source, target = (np.concatenate([one[column].to_numpy() for one in frames])
                      for column in ("source_row", "target_row"))  # fmt: skip
    pairs = np.unique(source.astype(np.int64) * tables.nodes[users].height + target)
    rows = [part.astype(np.int32) for part in np.divmod(pairs, tables.nodes[users].height)]
    return History.from_edges(rows[0], rows[1], None, None, tables.nodes[users].height)


def _written(tables: Tables, config: RunConfig) -> History:
    """Return which flits each user wrote, oldest first; none where no author is declared."""
    users, flits = action_types(tables)
    frame, nothing = tables.nodes[flits].with_row_index("flit_row"), np.zeros(0, np.int32)
    by_users = (config.nodes[flits].author_type or next(iter(config.nodes))) == users
    if "author_row" not in frame.columns or not by_users:
        return History.from_edges(nothing, nothing, None, None, tables.nodes[users].height)
    frame = frame.filter(pl.col("author_row") >= 0)
    dated = "created_s" in frame.columns and not frame["created_s"].null_count()
    return History.from_edges(
        frame["author_row"].to_numpy().astype(np.int32), frame["flit_row"].to_numpy().astype(np.int32),
        frame["created_s"].to_numpy() if dated else None, None, tables.nodes[users].height,
    )  # fmt: skip


def _clusters(vectors: FloatMatrix) -> RowVector:
    """Return the cluster of each flit by k-means, int32."""
    number = min(MOST_CLUSTERS, max(1, len(vectors) // FLITS_PER_CLUSTER))
    _, of = around(normalise_rows(np.asarray(vectors)), number, 0)
    return of.astype(np.int32)
