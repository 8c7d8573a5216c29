"""Layer-wise inference: every node's vector computed once per layer, however many neighbourhoods hold it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import FloatMatrix, FloatVector, RowVector
from graphrec.graph.neighbourhoods import Neighbourhoods
from graphrec.models.pinsage import PinSage, PinSageLayer, importance_pool
from graphrec.training.content import Content

CHUNK = 16_384
"""Rows computed at once: large enough for the matrix products, small enough to stay in memory."""


@dataclass(frozen=True)
class Embeddings:
    """One unit vector per node, all types in one space.

    Attributes:
        vectors: Node type to float32 ``[num_nodes, dim]``.
    """

    vectors: Mapping[str, FloatMatrix]

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per node type into ``folder``."""
        (folder / "embeddings.json").write_text(json.dumps(list(self.vectors)))
        for node_type, matrix in self.vectors.items():
            np.save(folder / f"{node_type}.npy", matrix)

    @classmethod
    def open(cls, folder: Path) -> "Embeddings":
        """Open what :meth:`save` wrote, memory-mapped and read-only."""
        types = json.loads((folder / "embeddings.json").read_text())
        return cls({t: np.load(folder / f"{t}.npy", mmap_mode="r") for t in types})


@torch.inference_mode()
def embed(
    model: PinSage,
    content: Content,
    neighbourhoods: Neighbourhoods,
    log_degree: Mapping[str, FloatVector],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Embeddings:
    """Embed every node of a graph, those without a single edge included.

    Args:
        model: A trained encoder.
        content: What the nodes are, for every row of the graph.
        neighbourhoods: Fixed neighbourhoods in the graph to embed.
        log_degree: Node type to log degrees in that graph.
        on_progress: Called with layers done and layers in all.

    Returns:
        Unit vectors per node type.
    """
    model.eval()
    hidden = {t: _chunked(len(log_degree[t]), _start(model, content, log_degree, t)) for t in model.types}
    for number, layer in enumerate(model.layers):
        assert isinstance(layer, PinSageLayer)
        hidden = _layer(layer, hidden, neighbourhoods)
        if on_progress is not None:
            on_progress(number + 1, len(model.layers))
    finished = {t: _chunked(len(hidden[t]), _finish(model, hidden, t)) for t in model.types}
    return Embeddings({t: matrix.numpy() for t, matrix in finished.items()})


def _chunked(num_rows: int, compute: Callable[[RowVector], Tensor]) -> Tensor:
    """Return ``compute`` over all rows, chunk by chunk."""
    starts = range(0, max(num_rows, 1), CHUNK)
    return torch.cat([compute(np.arange(s, min(s + CHUNK, num_rows), dtype=np.int32)) for s in starts])


def _start(
    model: PinSage, content: Content, log_degree: Mapping[str, FloatVector], node_type: str
) -> Callable[[RowVector], Tensor]:
    """Return the function from rows to layer-0 vectors."""

    def compute(rows: RowVector) -> Tensor:
        features = content.gather(node_type, rows, log_degree[node_type])
        return model.start(node_type, features, torch.from_numpy(rows.astype(np.int64)))

    return compute


def _finish(model: PinSage, hidden: Mapping[str, Tensor], node_type: str) -> Callable[[RowVector], Tensor]:
    """Return the function from rows to embeddings."""
    return lambda rows: model.finish(node_type, hidden[node_type][torch.from_numpy(rows)])


def _layer(layer: PinSageLayer, hidden: Mapping[str, Tensor], neighbourhoods: Neighbourhoods) -> dict[str, Tensor]:
    """Return the next layer's vectors of every node."""

    def compute_type(node_type: str) -> Callable[[RowVector], Tensor]:
        def compute(rows: RowVector) -> Tensor:
            pooled = []
            for other in layer.types:
                drawn = np.maximum(neighbourhoods.rows[(node_type, other)][rows], 0)  # padding has weight 0
                weights = np.array(neighbourhoods.weights[(node_type, other)][rows])
                pooled.append(importance_pool(hidden[other], torch.from_numpy(drawn), torch.from_numpy(weights)))
            return layer.combine(node_type, hidden[node_type][torch.from_numpy(rows)], pooled)

        return compute

    return {t: _chunked(len(hidden[t]), compute_type(t)) for t in layer.types}


@torch.inference_mode()
def embed_isolated(model: PinSage, node_type: str, features: Tensor) -> FloatMatrix:
    """Embed nodes outside the graph from their content alone: new flits, text queries.

    Equal to :func:`embed` on nodes without an edge.

    Args:
        model: A trained encoder.
        node_type: Type of the nodes.
        features: The model's input, float32 ``[n, width]`` (see :func:`graphrec.training.content.input_of`).

    Returns:
        Unit vectors, float32 ``[n, dim]``.
    """
    model.eval()
    hidden = model.start(node_type, features, None)
    for layer in model.layers:
        assert isinstance(layer, PinSageLayer)
        hidden = layer.combine(node_type, hidden, [torch.zeros_like(hidden) for _ in layer.types])
    out: FloatMatrix = model.finish(node_type, hidden).numpy()
    return out
