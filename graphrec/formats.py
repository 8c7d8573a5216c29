"""A version in the formats of others: parquet, npy and bare hnswlib files, all in original ids."""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError, StoreWriteError
from graphrec.graph.graph import InteractionGraph
from graphrec.index import HnswIndex, IndexConfig, usable_rows
from graphrec.retrieval.batch import USERS, recommend_batch
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever
from graphrec.simulate.writer import TableWriter
from graphrec.store import Store
from graphrec.store.uri import was_uri

_RECORD = "export.json"
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
        k: Candidates per user at most.
        force: Replace an earlier export.

    Returns:
        Part to file to rows.

    Raises:
        ConfigError: If a part is unknown, or ``out`` holds something that may not be replaced.
        ArtifactError: If the store holds no such version, or a file is damaged.
        StoreWriteError: If the folder cannot be written; an earlier export is then left as it was.
    """
    parts = list(dict.fromkeys(only or PARTS))
    unknown = sorted(set(parts) - PARTS.keys())
    if unknown:
        raise ConfigError(f"only must name parts of {', '.join(PARTS)} (got {', '.join(unknown)})")
    if k < 1:
        raise ConfigError(f"k must be at least 1 (got {k})")
    target = _target(out, force)
    opened = Store(store)
    found = opened.resolve(version)
    bundle = Bundle.open(opened.artifact(found, "bundle").path)
    graph = InteractionGraph.open(opened.artifact(found, "graph").path)
    rows = {}
    with _whole(target) as draft:
        for name in parts:
            (draft / name).mkdir()
            rows[name] = dict(PARTS[name](draft / name, bundle, graph, k))
        (draft / _RECORD).write_text(json.dumps({"version": found.name, "rows": rows}, indent=1) + "\n")
    return rows


def _target(out: Path | str, force: bool) -> Path:
    """Return the folder to write, absolute.

    Raises:
        ConfigError: If it may not be written.
    """
    if was_uri(Path(out)):
        raise ConfigError(f"out must be a folder (got {out}, a URI); write to a folder and copy it there")
    target = Path(out).resolve()
    if target.exists() and not target.is_dir():
        raise ConfigError(f"out must be a folder (got the file {out}); choose another name")
    if target.is_dir() and any(target.iterdir()):
        if not force:
            raise ConfigError(f"out must be a new or empty folder (got {out}); remove it, or replace it with force")
        if not (target / _RECORD).is_file():
            raise ConfigError(
                f"out must be an earlier export to be replaced (got {out}, without {_RECORD}); remove it yourself"
            )
    return target


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Give a folder to write into, which takes the target's place when all went well and vanishes when not.

    Raises:
        StoreWriteError: If something cannot be written; what stood at ``target`` still does.
    """
    draft, old = (target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}") for _ in range(2))
    try:
        draft.mkdir(parents=True)
        yield draft
        if target.exists():
            os.replace(target, old)
        try:
            os.replace(draft, target)
        except OSError:
            if old.exists():
                os.replace(old, target)
            raise
    except OSError as error:
        raise StoreWriteError(
            f"out must be writable (got {error.strerror or error} at {target}); choose another folder"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)


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
    """Write the candidates of every user, best first; memory holds some users' at a time."""
    retriever, writer = Retriever(bundle), TableWriter(folder / "candidates.parquet")
    users = range(len(bundle.ids[bundle.settings.user_type]))
    for start in range(0, len(users), USERS):
        writer.add(recommend_batch(retriever, users[start : start + USERS], k))
    writer.close()
    return {"candidates": writer.rows}


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
