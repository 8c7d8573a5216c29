"""What users did, read from a graph: each user's flits, in the order in which he met them or as a matrix."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse

from graphrec.errors import DataError
from graphrec.graph.graph import InteractionGraph, Triplet
from graphrec.history import History


def first_actions(graph: InteractionGraph, actions: Sequence[Triplet], *, seed: int = 0) -> History:
    """Return each user's first action on each flit, in time order.

    Undated actions have no order: they stand in a random one, with their places as times.

    Args:
        graph: The graph; it holds nothing at or after its ``as_of_s``.
        actions: The relations that are actions.
        seed: Root of the order of undated actions.

    Raises:
        DataError: If the graph holds no action.
    """
    found = [graph.relations[triplet] for triplet in actions if graph.relations[triplet].num_edges]
    if not found:
        raise DataError("graph must hold an action (got none); check `where` and times")
    users = np.concatenate([np.repeat(np.arange(len(one.indptr) - 1, dtype=np.int32), one.degrees()) for one in found])
    flits = np.concatenate([np.asarray(one.indices) for one in found])
    times = [one.time_s for one in found if one.time_s is not None]
    time_s = np.random.default_rng(seed).permutation(len(users)).astype(np.int64)
    if len(times) == len(found):
        time_s = np.concatenate([np.asarray(one) for one in times])
    order = np.lexsort((time_s, flits, users))
    users, flits, time_s = users[order], flits[order], time_s[order]
    first = np.ones(len(users), dtype=np.bool_)
    first[1:] = (np.diff(users) != 0) | (np.diff(flits) != 0)
    num_users = graph.num_nodes[actions[0][0]]
    return History.from_edges(users[first], flits[first], time_s[first], None, num_users)


def action_pairs(graph: InteractionGraph, actions: Sequence[Triplet]) -> scipy.sparse.csr_array:
    """Return who acted on what, over all action relations, as ones: CSR ``[num_users, num_flits]``, each pair once."""
    total = None
    for triplet in actions:
        one = graph.relations[triplet]
        shape = (graph.num_nodes[triplet[0]], graph.num_nodes[triplet[2]])
        parts = (np.ones(one.num_edges, dtype=np.float32), np.array(one.indices), np.array(one.indptr))
        matrix = scipy.sparse.csr_array(parts, shape=shape)
        total = matrix if total is None else total + matrix
    if total is None or not total.nnz:
        raise DataError("graph must hold an action (got none); check `where` and times")
    total.sum_duplicates()
    total.data[:] = 1.0
    return total
