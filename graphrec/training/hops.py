"""From seeds to the nodes each layer needs: neighbourhoods re-indexed to small matrices."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import BoolVector, RowVector
from graphrec.graph.neighbourhoods import Neighbourhoods
from graphrec.models.pinsage import Hop


def gather_hops(
    neighbourhoods: Neighbourhoods,
    seeds: Mapping[str, RowVector],
    num_layers: int,
    *,
    isolated: Mapping[str, BoolVector] | None = None,
) -> tuple[dict[str, RowVector], list[Hop]]:
    """Return the rows that layer 0 must hold to embed ``seeds``, and one hop per layer, outermost first.

    Args:
        neighbourhoods: Fixed neighbourhoods of every node.
        seeds: Node type to sorted unique rows to embed, int32; every type of the graph has an entry.
        num_layers: Rounds of pooling.
        isolated: Node type to which rows are to look as if they had no edge, bool ``[num_nodes]``.

    Returns:
        Node type to rows, int32, and the hops. Each node stands once per layer, however many ask for it.
    """
    outputs = dict(seeds)
    hops: list[Hop] = []
    for _ in range(num_layers):
        inputs, hop = _one_hop(neighbourhoods, outputs, isolated or {})
        hops.append(hop)
        outputs = inputs
    return outputs, hops[::-1]


def _one_hop(
    neighbourhoods: Neighbourhoods, outputs: Mapping[str, RowVector], isolated: Mapping[str, BoolVector]
) -> tuple[dict[str, RowVector], Hop]:
    """Return the input rows that ``outputs`` need and the hop between the two."""
    drawn = {pair: np.asarray(rows[outputs[pair[0]]]) for pair, rows in neighbourhoods.rows.items()}
    inputs, position = {}, {}
    for node_type, rows in outputs.items():
        num_nodes = len(neighbourhoods.rows[(node_type, node_type)])
        needed = np.zeros(num_nodes + 1, dtype=np.bool_)  # the extra place takes the -1 of padding
        needed[rows] = True
        for (_, target), neighbour_rows in drawn.items():
            if target == node_type:
                needed[neighbour_rows] = True
        needed[-1] = False
        inputs[node_type] = np.flatnonzero(needed).astype(np.int32)
        place = np.zeros(num_nodes + 1, dtype=np.int32)
        place[inputs[node_type]] = np.arange(len(inputs[node_type]), dtype=np.int32)
        position[node_type] = place
    return inputs, Hop(
        self_index={t: torch.from_numpy(position[t][rows]).long() for t, rows in outputs.items()},
        neighbours={pair: torch.from_numpy(position[pair[1]][rows]) for pair, rows in drawn.items()},
        weights={pair: _weights(neighbourhoods, pair, outputs[pair[0]], isolated.get(pair[0])) for pair in drawn},
    )


def _weights(
    neighbourhoods: Neighbourhoods, pair: tuple[str, str], rows: RowVector, isolated: BoolVector | None
) -> Tensor:
    """Return the pooling weights of ``rows``, zero for those that are to look isolated."""
    weights = np.array(neighbourhoods.weights[pair][rows])
    if isolated is not None:
        weights[isolated[rows]] = 0
    return torch.from_numpy(weights)


def to_tensor(rows: RowVector) -> Tensor:
    """Return rows as int64 for indexing."""
    return torch.from_numpy(rows.astype(np.int64))
