"""The stage that lays the served flits out on a plane, for whoever wants to look at the space."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrec.config import RunConfig
from graphrec.graph.split import action_types
from graphrec.pipeline.runner import Runner
from graphrec.projection.projection import build_projection
from graphrec.store import Artifact
from graphrec.tables.clean import Tables
from graphrec.vectors import Embeddings


def projection_stage(
    runner: Runner, config: RunConfig, embeddings: Artifact, tables: Artifact, load: Callable[[], Tables]
) -> Artifact:
    """Project the flits by UMAP where umap-learn is installed, else by PCA; the artifact says which."""
    settings = config.projection.resolved()

    def write(folder: Path) -> dict[str, Any]:
        known = load()
        _, flit_type = action_types(known)
        vectors = np.asarray(Embeddings.open(embeddings.path).vectors[flit_type])
        projection = build_projection(vectors, _texts(known.nodes[flit_type], config.nodes[flit_type].text), settings)
        projection.save(folder)
        return {"flits": len(projection.rows), "method": projection.method, "clusters": len(projection.names)}

    library = "umap-learn" if settings.method == "umap" else "scikit-learn"
    inputs = {"embeddings": embeddings, "tables": tables}
    return runner.stage(
        "projection", stage_version=1, config=settings, inputs=inputs, write=write, libraries=(library,)
    )


def _texts(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the text of every row, empty where it has none."""
    if not columns:
        return [""] * frame.height
    parts = [pl.col(name).cast(pl.String) for name in columns]
    return frame.select(pl.concat_str(parts, separator=" ", ignore_nulls=True)).to_series().fill_null("").to_list()
