"""Functions for notebooks and scripts that read a published version."""

from pathlib import Path

import polars as pl

from graphrec.arrays import FloatMatrix
from graphrec.embed import Embeddings
from graphrec.errors import ConfigError
from graphrec.ids import IdMap
from graphrec.store import Store


def embeddings(store: Path | str, node_type: str, version: str = "latest") -> tuple[pl.Series, FloatMatrix]:
    """Return the ids and the vectors of one node type, as one version serves them.

    Args:
        store: The store's folder.
        node_type: ``user``, ``flit`` or whatever else the config declares.
        version: A version's name or an alias.

    Returns:
        Ids in row order, and unit vectors, float32 ``[num_nodes, dim]``, memory-mapped and read-only.

    Raises:
        ArtifactError: If the store holds no such version, or a file is damaged.
        ConfigError: If the version has no such node type.
    """
    folder = Store(store).artifact(version, "bundle").path
    vectors = Embeddings.open(folder / "embeddings").vectors
    if node_type not in vectors:
        raise ConfigError(f"node_type must be one of {', '.join(vectors)} (got {node_type!r})")
    return IdMap.open(folder / f"ids_{node_type}.parquet").series, vectors[node_type]
