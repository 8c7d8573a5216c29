"""Random walks with restart over all relations at once, and the exact twin they converge to.

The kernels are numba: a plain loop over an alias table walks a few million steps a second on one core.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from graphrec.arrays import FloatMatrix, FloatVector, IntVector, RowVector
from graphrec.graph.graph import InteractionGraph

MAX_STEPS = 64
"""Longest single walk; with a restart probability of .5 one in 2^64 would be longer."""


class _Edges(NamedTuple):
    """What a step reads, in the form that compiled code takes; see :class:`WalkTable`."""

    indptr: IntVector
    indices: RowVector
    threshold: FloatVector
    alias: RowVector


class _Walks(NamedTuple):
    """How every seed is walked from."""

    number: int
    restart_prob: float
    seed: np.uint64


@dataclass(frozen=True)
class WalkTable:
    """All relations merged into one CSR over global rows, with an alias table per node.

    Attributes:
        offset: First global row of each node type, in the graph's order, int64 ``[num_types + 1]``.
        types: Node types in that order.
        indptr: Start of each node's edges, int64 ``[num_nodes + 1]``.
        indices: Global rows of the targets, int32 ``[num_edges]``.
        threshold: Chance of keeping the drawn edge rather than its alias, float32 ``[num_edges]``.
        alias: Position within the node's edges taken otherwise, int32 ``[num_edges]``.
    """

    types: tuple[str, ...]
    offset: IntVector
    indptr: IntVector
    indices: RowVector
    threshold: FloatVector
    alias: RowVector

    @classmethod
    def of(cls, graph: InteractionGraph) -> "WalkTable":
        """Merge the relations of ``graph``; edges of weight 0 are left out."""
        types = tuple(graph.num_nodes)
        offset = np.concatenate([[0], np.cumsum([graph.num_nodes[one] for one in types])]).astype(np.int64)
        start = dict(zip(types, offset[:-1], strict=True))
        sources, targets, weights = [], [], []
        for (source_type, _, target_type), relation in graph.relations.items():
            keep = relation.weight > 0
            rows = np.repeat(np.arange(len(relation.indptr) - 1), relation.degrees())
            sources.append((rows[keep] + start[source_type]).astype(np.int32))
            targets.append((relation.indices[keep] + start[target_type]).astype(np.int32))
            weights.append(relation.weight[keep])
        source = np.concatenate(sources)
        order = np.argsort(source, kind="stable")
        indptr = np.zeros(offset[-1] + 1, dtype=np.int64)
        np.cumsum(np.bincount(source, minlength=int(offset[-1])), out=indptr[1:])
        indices = np.concatenate(targets)[order]
        threshold, alias = _alias_tables(indptr, np.concatenate(weights)[order].astype(np.float64))
        return cls(types, offset, indptr, indices, threshold, alias)


def visit_top(
    table: WalkTable, seeds: RowVector, *, num_walks: int, restart_prob: float, size: int, seed: int
) -> tuple[npt.NDArray[np.int32], FloatMatrix]:
    """Walk from every seed and keep the most visited nodes of each type.

    Each seed has its own random stream, derived from ``seed`` and the node, so that the answer does not depend on
    how seeds are spread over workers or threads. Ties between equally often visited nodes are broken at random.

    Args:
        table: Merged graph.
        seeds: Global rows to walk from, int32 ``[num_seeds]``.
        num_walks: Walks per seed.
        restart_prob: Chance, after each step, that the walk ends.
        size: Nodes kept per type (T).
        seed: Root of all random streams.

    Returns:
        Rows within their type, int32 ``[num_seeds, num_types, size]`` padded with -1, and visit shares that sum to
        1 per seed and type, float32 of the same shape (0 at padding).
    """
    num_types = len(table.types)
    rows = np.full((len(seeds), num_types, size), -1, dtype=np.int32)
    share = np.zeros((len(seeds), num_types, size), dtype=np.float32)
    edges = _Edges(table.indptr, table.indices, table.threshold, table.alias)
    _walk_all(edges, table.offset, seeds, _Walks(num_walks, restart_prob, np.uint64(seed)), rows, share)
    return rows, share


def exact_visits(graph: InteractionGraph, row: int, node_type: str, *, restart_prob: float) -> dict[str, FloatVector]:
    """Return the expected share of visits per node type: personalised PageRank, the walks' naive twin.

    Sums the series of step distributions until less than 1e-9 of the walkers are left.

    Returns:
        Node type to float32 ``[num_nodes]``, each summing to 1 (or to 0 where nothing is reached), the seed itself
        left out.
    """
    types = list(graph.num_nodes)
    start = dict(zip(types, np.concatenate([[0], np.cumsum([graph.num_nodes[t] for t in types])]), strict=False))
    total = sum(graph.num_nodes.values())
    transition = np.zeros((total, total))
    for (source, _, target), relation in graph.relations.items():
        for one in range(len(relation.indptr) - 1):
            lo, hi = relation.indptr[one], relation.indptr[one + 1]
            np.add.at(transition[start[source] + one], start[target] + relation.indices[lo:hi], relation.weight[lo:hi])
    sums = transition.sum(axis=1, keepdims=True)
    transition = np.divide(transition, sums, out=np.zeros_like(transition), where=sums > 0)
    seed = start[node_type] + row
    walkers, visits = np.eye(total)[seed], np.zeros(total)
    while walkers.sum() > 1e-9:
        walkers = walkers @ transition
        visits += walkers
        walkers = walkers * (1 - restart_prob)
    visits[seed] = 0
    parts = {t: visits[start[t] : start[t] + graph.num_nodes[t]] for t in types}
    return {t: (part / part.sum() if part.sum() > 0 else part).astype(np.float32) for t, part in parts.items()}


@njit(cache=True)
def _alias_tables(indptr: Any, weight: Any) -> Any:  # pragma: no cover - compiled
    """Vose's alias method for every node's edges."""
    threshold = np.ones(len(weight), dtype=np.float32)
    alias = np.zeros(len(weight), dtype=np.int32)
    for node in range(len(indptr) - 1):
        lo, hi = indptr[node], indptr[node + 1]
        n = hi - lo
        if n == 0:
            continue
        scaled = weight[lo:hi] * (n / weight[lo:hi].sum())
        small, large = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
        num_small, num_large = 0, 0
        for i in range(n):
            if scaled[i] < 1.0:
                small[num_small] = i
                num_small += 1
            else:
                large[num_large] = i
                num_large += 1
        while num_small > 0 and num_large > 0:
            num_small -= 1
            less, more = small[num_small], large[num_large - 1]
            threshold[lo + less] = scaled[less]
            alias[lo + less] = more
            scaled[more] -= 1.0 - scaled[less]
            if scaled[more] < 1.0:
                num_large -= 1
                small[num_small] = more
                num_small += 1
    return threshold, alias


@njit(cache=True, inline="always")
def next_random(state: Any) -> Any:  # pragma: no cover - compiled
    """One step of splitmix64: the new state and 64 random bits."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, z ^ (z >> np.uint64(31))


@njit(cache=True, inline="always")
def uniform(bits: Any) -> Any:  # pragma: no cover - compiled
    """64 random bits to a double in [0, 1)."""
    return (bits >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def _walk_one(edges: _Edges, node: Any, walks: _Walks, out: Any) -> Any:  # pragma: no cover - compiled
    """Walk from one node; write the visited global rows to ``out`` and return how many."""
    indptr, indices, threshold, alias = edges
    _, state = next_random(walks.seed ^ (np.uint64(node) * np.uint64(0xD1342543DE82EF95)))
    count = 0
    for _walk in range(walks.number):
        current = np.int64(node)
        for _step in range(MAX_STEPS):
            lo = indptr[current]
            n = indptr[current + 1] - lo
            if n == 0 or count == len(out):
                break
            state, bits = next_random(state)
            place = uniform(bits) * n
            edge = np.int64(place)
            if place - edge >= threshold[lo + edge]:
                edge = np.int64(alias[lo + edge])
            current = np.int64(indices[lo + edge])
            if current != node:
                out[count] = current
                count += 1
            state, bits = next_random(state)
            if uniform(bits) < walks.restart_prob:
                break
    return count


@njit(cache=True)
def _keep_top(
    visited: Any, count: Any, offset: Any, seed: Any, rows: Any, share: Any
) -> None:  # pragma: no cover - compiled
    """Count ``visited`` and write the most visited rows of each type with their shares."""
    ordered = np.sort(visited[:count])
    nodes = np.empty(count, dtype=np.int64)
    keys = np.empty(count, dtype=np.uint64)
    distinct = 0
    i = 0
    while i < count:
        j = i
        while j < count and ordered[j] == ordered[i]:
            j += 1
        _, tie = next_random(seed ^ np.uint64(ordered[i]))
        nodes[distinct] = ordered[i]
        keys[distinct] = (np.uint64(j - i) << np.uint64(40)) | (tie >> np.uint64(24))
        distinct += 1
        i = j
    best = np.argsort(keys[:distinct])
    filled = np.zeros(len(offset) - 1, dtype=np.int64)
    for k in range(distinct - 1, -1, -1):
        node = nodes[best[k]]
        kind = np.searchsorted(offset, node, side="right") - 1
        if filled[kind] < rows.shape[1]:
            rows[kind, filled[kind]] = node - offset[kind]
            share[kind, filled[kind]] = keys[best[k]] >> np.uint64(40)
            filled[kind] += 1
    for kind in range(len(filled)):
        total = share[kind].sum()
        if total > 0:
            share[kind] /= total


@njit(cache=True, parallel=True)
def _walk_all(
    edges: _Edges, offset: Any, seeds: Any, walks: _Walks, rows: Any, share: Any
) -> None:  # pragma: no cover - compiled
    """Walk from every seed, seeds in blocks so that each thread keeps one buffer."""
    block = 64
    capacity = np.int64(walks.number * (4.0 / max(walks.restart_prob, 0.05) + 8))
    for start in prange((len(seeds) + block - 1) // block):
        visited = np.empty(capacity, dtype=np.int32)
        for i in range(start * block, min(len(seeds), (start + 1) * block)):
            node = seeds[i]
            count = _walk_one(edges, node, walks, visited)
            _keep_top(visited, count, offset, walks.seed ^ (np.uint64(node) << np.uint64(20)), rows[i], share[i])
