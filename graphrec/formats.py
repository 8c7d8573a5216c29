"""A version in the formats of others: parquet, npy and bare hnswlib files, all in original ids."""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError, StoreWriteError
from graphrec.graph.graph import InteractionGraph
from graphrec.index import HnswIndex, IndexConfig, usable_rows
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Store

README = """# HNSW index of {node_type}: {count} vectors of dim {dim}, distance 1 - cosine

```python
import hnswlib, polars as pl
index = hnswlib.Index(space="cosine", dim={dim})
index.load_index("index.hnsw", max_elements={count})
index.set_ef({ef})  # a loaded index starts with 10
labels, distances = index.knn_query(vector, k=10)
ids = pl.read_parquet("labels.parquet")["id"].gather(labels[0])
```

A label is a row of `labels.parquet`. Check `sha256` in `index.json` before loading: hnswlib trusts the file.
"""


def export(
    store: Path | str,
    out: Path | str,
    *,
    version: str = "latest",
    only: Sequence[str] = (),
    k: int = 100,
    force: bool = False,
) -> dict[str, dict[str, int]]:
    """Write a version into a folder, whole or not at all.

    Args:
        store: The store.
        out: Folder to create.
        version: A version's name or an alias.
        only: Parts to write, of :data:`PARTS`; none writes all.
        k: Candidates per user.
        force: Replace a folder that is there.

    Returns:
        Part to file to rows.

    Raises:
        ConfigError: If a part is unknown, or ``out`` is there and ``force`` is not set.
        ArtifactError: If the store holds no such version, or a file is damaged.
        StoreWriteError: If the folder cannot be written.
    """
    out = Path(out)
    unknown = sorted(set(only) - PARTS.keys())
    if unknown:
        raise ConfigError(f"only must name parts of {', '.join(PARTS)} (got {', '.join(unknown)})")
    if out.exists() and not force:
        raise ConfigError(f"out must be a new folder (got {out}); remove it, or replace it with force")
    opened = Store(store)
    found = opened.resolve(version)
    bundle = Bundle.open(opened.artifact(found, "bundle").path)
    graph = InteractionGraph.open(opened.artifact(found, "graph").path)
    draft, old = (out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}") for _ in range(2))
    try:
        rows = {}
        for name in only or PARTS:
            (draft / name).mkdir(parents=True)
            rows[name] = dict(PARTS[name](draft / name, bundle, graph, k))
        facts = {"version": found.name, "rows": rows}
        (draft / "export.json").write_text(json.dumps(facts, indent=1))
        if out.exists():
            os.replace(out, old)
        os.replace(draft, out)
    except OSError as error:
        raise StoreWriteError(f"out must be writable (got {error.strerror} at {out}); choose another folder") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return rows


def embeddings_frame(ids: pl.Series, vectors: FloatMatrix) -> pl.DataFrame:
    """Return ``id`` and ``vector``, an array of float32."""
    return pl.DataFrame({"id": ids, "vector": np.ascontiguousarray(vectors)})


def _embeddings(folder: Path, bundle: Bundle, graph: InteractionGraph, k: int) -> Mapping[str, int]:
    """Write ids and vectors of every node type, as one parquet file and as ids beside a ``.npy``."""
    rows = {}
    for node_type, vectors in bundle.embeddings.vectors.items():
        ids = bundle.ids[node_type].series
        embeddings_frame(ids, vectors).write_parquet(folder / f"{node_type}.parquet")
        np.save(folder / f"{node_type}.npy", vectors)
        pl.DataFrame({"id": ids}).write_parquet(folder / f"{node_type}_ids.parquet")
        rows[node_type] = len(ids)
    return rows


def _index(folder: Path, bundle: Bundle, graph: InteractionGraph, k: int) -> Mapping[str, int]:
    """Write one bare hnswlib file per node type; few vectors, which are served exactly, get one here too."""
    rows = {}
    for node_type, vectors in bundle.embeddings.vectors.items():
        shown = bundle.allowed if node_type == bundle.settings.flit_type else None
        kept = usable_rows(vectors, shown)
        if not len(kept):
            continue
        config = IndexConfig()
        index = HnswIndex.build(np.asarray(vectors)[kept], config)
        (folder / node_type).mkdir()
        index.save(folder / node_type)
        ids = bundle.ids[node_type].ids(kept.astype(np.int32))
        pl.DataFrame({"id": ids}).write_parquet(folder / node_type / "labels.parquet")
        text = README.format(node_type=node_type, count=len(kept), dim=index.dim, ef=config.ef_search)
        (folder / node_type / "README.md").write_text(text)
        rows[node_type] = len(kept)
    return rows


def _interests(folder: Path, bundle: Bundle, graph: InteractionGraph, k: int) -> Mapping[str, int]:
    """Write every user's interests, the most important first."""
    interests, settings = bundle.interests, bundle.settings
    number = np.diff(interests.indptr)
    users = np.repeat(np.arange(len(number)), number).astype(np.int32)
    frame = pl.DataFrame(
        {
            "user": bundle.ids[settings.user_type].ids(users),
            "position": np.arange(len(users)) - np.repeat(interests.indptr[:-1], number),
            "medoid": bundle.ids[settings.flit_type].ids(np.asarray(interests.medoid)),
            "importance": np.asarray(interests.importance),
            "actions": np.asarray(interests.size),
        }
    )
    frame.write_parquet(folder / "interests.parquet")
    return {"interests": len(frame)}


def _candidates(folder: Path, bundle: Bundle, graph: InteractionGraph, k: int) -> Mapping[str, int]:
    """Write the candidates of every user, best first."""
    retriever = Retriever(bundle)
    users = bundle.ids[bundle.settings.user_type].series
    frames = [
        retriever.recommend(user, k).to_polars().with_row_index("position").with_columns(pl.lit(user).alias("user"))
        for user in users
    ]
    frame = pl.concat(frames) if frames else pl.DataFrame({"user": users})
    frame = frame.select("user", pl.exclude("user"))
    frame.write_parquet(folder / "candidates.parquet")
    return {"candidates": len(frame)}


def _graph(folder: Path, bundle: Bundle, graph: InteractionGraph, k: int) -> Mapping[str, int]:
    """Write the edges of every declared relation: source, target, decayed weight, time."""
    rows = {}
    for (source, name, target), relation in graph.relations.items():
        if name.startswith("rev_"):
            continue
        starts = np.repeat(np.arange(len(relation.indptr) - 1), relation.degrees()).astype(np.int32)
        columns: dict[str, Any] = {
            "source": bundle.ids[source].ids(starts),
            "target": bundle.ids[target].ids(np.asarray(relation.indices)),
            "weight": np.asarray(relation.weight),
        }
        if relation.time_s is not None:
            columns["time_s"] = np.asarray(relation.time_s)
        frame = pl.DataFrame(columns)
        frame.write_parquet(folder / f"{source}-{name}-{target}.parquet")
        rows[f"{source}-{name}-{target}"] = len(frame)
    return rows


PARTS: Mapping[str, Callable[[Path, Bundle, InteractionGraph, int], Mapping[str, int]]] = {
    "embeddings": _embeddings,
    "index": _index,
    "interests": _interests,
    "candidates": _candidates,
    "graph": _graph,
}
"""What can be exported."""
