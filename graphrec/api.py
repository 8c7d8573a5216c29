"""Functions for notebooks and scripts that read a published version."""

import json
from pathlib import Path

from graphrec.errors import ConfigError
from graphrec.evaluation import Evaluation
from graphrec.features import Features
from graphrec.graph.graph import InteractionGraph
from graphrec.ids import IdMap
from graphrec.store import Store
from graphrec.vectors import Embeddings
from graphrec.views import GraphView, NodeEmbeddings


def embeddings(store: Path | str, node_type: str, version: str = "latest") -> NodeEmbeddings:
    """Return the ids and the vectors of one node type, as one version serves them.

    ``ids, vectors = gr.embeddings(store, "flit")`` takes both; ``gr.embeddings(store, "flit").of("flit_0001")`` gives
    one vector.

    Args:
        store: The store's folder, or a URI such as ``s3://bucket/store``, as text.
        node_type: ``user``, ``flit`` or whatever else the config declares.
        version: A version's name or an alias.

    Raises:
        ArtifactError: If the store holds no such version, or a file is damaged.
        ConfigError: If the version has no such node type.
    """
    folder = Store(store).artifact(version, "bundle").path
    vectors = Embeddings.open(folder / "embeddings").vectors
    if node_type not in vectors:
        raise ConfigError(f"node_type must be one of {', '.join(vectors)} (got {node_type!r})")
    return NodeEmbeddings(IdMap.open(folder / f"ids_{node_type}.parquet").series, vectors[node_type])


def open_graph(store: Path | str, version: str = "latest") -> GraphView:
    """Return the graph of a version in original ids, with views for networkx and PyG.

    Args:
        store: The store's folder, or a URI, as text.
        version: A version's name or an alias.

    Raises:
        ArtifactError: If the store holds no such version, or a file is damaged.
    """
    opened = Store(store)
    found = opened.resolve(version)
    folder = opened.artifact(found, "graph").path
    whole = InteractionGraph.open(folder)
    report = json.loads((folder / "health.json").read_text())
    bundle = opened.artifact(found, "bundle").path
    ids = {node_type: IdMap.open(bundle / f"ids_{node_type}.parquet") for node_type in whole.num_nodes}
    return GraphView(whole, ids, Features.open(opened.artifact(found, "features").path), report)


def open_evaluation(store: Path | str, version: str = "latest") -> Evaluation:
    """Return what a version measured on its held-out actions, beside every baseline.

    Args:
        store: The store's folder, or a URI, as text.
        version: A version's name or an alias.

    Raises:
        ArtifactError: If the store holds no such version, or a file is damaged.
    """
    return Evaluation.open(Store(store).artifact(version, "evaluation").path)
