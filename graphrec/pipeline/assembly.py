"""Tables and artifacts to what retrieval reads: history, hidden flits, prior, bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector
from graphrec.config import RunConfig
from graphrec.errors import DataError
from graphrec.graph.split import action_types, actions_of, available_at
from graphrec.history import History
from graphrec.index import open_index
from graphrec.interests import Interests
from graphrec.pipeline.campaigns import campaigns_of
from graphrec.pipeline.drawn import sources_of
from graphrec.pipeline.duplicates import REPRESENTATIVE, leads
from graphrec.pipeline.kinds import kinds_of
from graphrec.pipeline.popularity import prior_of, segments_of
from graphrec.pipeline.resolved import Resolved
from graphrec.retrieval.bundle import SCALED, Bundle
from graphrec.retrieval.factors import FactorSource
from graphrec.retrieval.keywords import Keywords, corpus_of
from graphrec.retrieval.settings import Settings
from graphrec.tables.clean import Tables
from graphrec.vectors import Embeddings

CONTENT_COSINE = "content_cosine_{}.npy"


def history_of(tables: Tables) -> History:
    """Return all actions of all users."""
    user_type, _ = action_types(tables)
    return _history(actions_of(tables), tables.nodes[user_type].height)


def hidden_of(tables: Tables) -> History:
    """Return what each user hid, as a history."""
    user_type, flit_type = action_types(tables)
    frames = [
        e.frame.select(
            pl.col("source_row").alias("user_row"),
            pl.col("target_row").alias("flit_row"),
            "weight",
            pl.col("time_s") if "time_s" in e.frame.columns else pl.lit(None, dtype=pl.Int64).alias("time_s"),
        )
        for e in tables.edges
        if e.config.role == "negative" and (e.config.source, e.config.target) == (user_type, flit_type)
    ]
    schema = {"user_row": pl.Int32, "flit_row": pl.Int32, "weight": pl.Float32, "time_s": pl.Int64}
    return _history(pl.concat([pl.DataFrame(schema=schema), *frames]), tables.nodes[user_type].height)


def _history(actions: pl.DataFrame, num_users: int) -> History:
    dated = actions.height > 0 and not actions["time_s"].null_count()
    return History.from_edges(
        actions["user_row"].to_numpy(),
        actions["flit_row"].to_numpy(),
        actions["time_s"].to_numpy() if dated else None,
        actions["weight"].to_numpy(),
        num_users,
    )


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
    standing = np.load(folders["index"] / REPRESENTATIVE)
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
            resolved.length_exponent,
            {name: most for name, most in config.retrieval.sources.model_dump().items() if most},
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
        allowed=part.allowed[flit_type] & leads(standing),
        scaled_index=open_index(folders["index"] / SCALED) if resolved.length_exponent else None,
        segments=segments_of(tables, config.retrieval, as_of_s=as_of_s, half_life_days=resolved.half_life_days),
        content_cosine=np.load(folders["embeddings"] / CONTENT_COSINE.format(flit_type)),
        standing=None if leads(standing).all() else standing,
        catalogue=frame.select("id", *dict.fromkeys(one for one in shown if one in frame.columns)),
        factors=FactorSource.open(folders["factors"]) if "factors" in folders else None,
        kinds=kinds_of(
            tables, config.nodes, opened.vectors, as_of_s=as_of_s, prior_weights=resolved.kind_prior_weights
        ),
        campaigns=campaigns_of(tables, config.retrieval.ads, resolved.interests),
        keywords=Keywords.fit(corpus_of(frame, node.text)),
        **sources_of(tables, config, opened.vectors[flit_type]),
    )


def shown_at(tables: Tables, as_of_s: int | None) -> dict[str, BoolVector]:
    """Return, for the flits, which may be shown at ``as_of_s``."""
    _, flit_type = action_types(tables)
    return {flit_type: available_at(tables, flit_type, as_of_s)}
