"""Layer-wise inference: every node's vector computed once per layer, however many neighbourhoods hold it."""

import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.engine import LOCAL, Engine
from graphrec.graph.neighbourhoods import Neighbourhoods
from graphrec.models.encoder import Encoder
from graphrec.models.pinsage import PinSage, PinSageLayer
from graphrec.tensors import device_of, tensor_on
from graphrec.training.content import Content
from graphrec.vectors import Embeddings

CHUNK = 16_384
"""Rows computed at once: large enough for the matrix products, small enough to stay in memory."""


def embed(
    model: PinSage,
    content: Content,
    neighbourhoods: Neighbourhoods,
    log_degree: Mapping[str, FloatVector],
    *,
    engine: Engine = LOCAL,
    on_progress: Callable[[int, int], None] | None = None,
) -> Embeddings:
    """Embed every node of a graph, those without a single edge included.

    Args:
        model: A trained encoder; layers are computed where it is.
        content: What the nodes are, for every row of the graph.
        neighbourhoods: Fixed neighbourhoods in the graph to embed.
        log_degree: Node type to log degrees in that graph.
        engine: Where the layers are computed.
        on_progress: Called with layers done and layers in all.

    Returns:
        Unit vectors per node type, and the lengths that a learned popularity gives.
    """
    model.eval()
    parts = [(t, *span) for t in model.types for span in engine.parts(len(log_degree[t]), CHUNK)]
    shared, drawn = engine.share(model), engine.share(neighbourhoods)
    hidden = _joined(model.types, parts, engine.map_parts(_start, parts, shared, content, log_degree, name="content"))
    for number in range(len(model.layers)):
        below = _placed(hidden, device_of(model))
        results = engine.map_parts(_layer, parts, shared, below, drawn, number, name=f"layer {number + 1}")
        hidden = _joined(model.types, parts, results)
        if on_progress is not None:
            on_progress(number + 1, len(model.layers))
    vectors = {t: hidden.get(t, np.zeros((0, model.config.dim), np.float32)) for t in model.types}
    return Embeddings(vectors, {t: model.lengths(t, log_degree[t] > 0) for t in model.bias})


Part = tuple[str, int, int]
"""A node type and a span of its rows."""
Layer = Mapping[str, FloatMatrix | Tensor]
"""Node type to the vectors of a layer: of a model on a GPU there already, so that parts need not each bring them."""


def _joined(types: Sequence[str], parts: Sequence[Part], results: Sequence[FloatMatrix]) -> dict[str, FloatMatrix]:
    """Return the matrix of every node type from those of its parts."""
    of_type = {t: [one for part, one in zip(parts, results, strict=True) if part[0] == t] for t in types}
    width = results[0].shape[1] if results else 0
    empty = np.zeros((0, width), dtype=np.float32)
    return {t: np.concatenate(matrices) if matrices else empty for t, matrices in of_type.items()}


def _placed(hidden: Mapping[str, FloatMatrix], device: torch.device) -> Layer:
    """Return a layer's vectors on a device, as they are where it is the processor."""
    return hidden if device.type == "cpu" else {t: tensor_on(device, matrix) for t, matrix in hidden.items()}


@torch.inference_mode()
def _start(part: Part, model: PinSage, content: Content, log_degree: Mapping[str, FloatVector]) -> FloatMatrix:
    """Return layer-0 vectors of one part; of a model without layers, its embeddings."""
    node_type, start, stop = part
    rows = np.arange(start, stop, dtype=np.int32)
    features = content.gather(node_type, rows, log_degree[node_type])
    met = np.where(log_degree[node_type][rows] > 0, rows, -1)
    device = device_of(model)
    out = model.start(node_type, features.to(device), tensor_on(device, met.astype(np.int64)))
    vectors: FloatMatrix = (out if len(model.layers) else model.finish(node_type, out)).cpu().numpy()
    return vectors


@torch.inference_mode()
def _layer(part: Part, model: PinSage, hidden: Layer, neighbourhoods: Neighbourhoods, number: int) -> FloatMatrix:
    """Return one part's vectors after layer ``number``; after the last one, its embeddings."""
    node_type, start, stop = part
    layer, device = model.layers[number], device_of(model)
    assert isinstance(layer, PinSageLayer)
    pooled = []
    for other in layer.types:
        drawn = np.maximum(neighbourhoods.rows[(node_type, other)][start:stop], 0)  # padding has weight 0
        weights = np.array(neighbourhoods.weights[(node_type, other)][start:stop])
        pooled.append(layer.pool(_tensor(hidden[other]), tensor_on(device, drawn), tensor_on(device, weights)))
    out = layer.combine(node_type, _tensor(hidden[node_type][start:stop]), pooled)
    if number == len(model.layers) - 1:
        out = model.finish(node_type, out)
    vectors: FloatMatrix = out.cpu().numpy()
    return vectors


def _tensor(matrix: FloatMatrix | Tensor) -> Tensor:
    """Return a matrix as a tensor over the same memory, which may be a cluster's and not ours to write."""
    if isinstance(matrix, Tensor):
        return matrix
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(matrix)


@torch.inference_mode()
def embed_isolated(model: Encoder, node_type: str, features: Tensor) -> FloatMatrix:
    """Embed nodes outside the graph from their content alone (see :meth:`Encoder.isolated`).

    Returns:
        Unit vectors, float32 ``[n, dim]``.
    """
    out: FloatMatrix = model.isolated(node_type, features).numpy()
    return out
