"""PageRank bands: where hard negatives come from."""

from collections.abc import Mapping

import numba
import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, RowVector
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import NeighbourhoodConfig, build_neighbourhoods
from graphrec.models.config import HardNegativeConfig
from graphrec.training.positives import Positives
from graphrec.training.snapshots import Snapshot

WALKS_PER_RANK = 4
"""Walks per rank of the band's end: enough visits that the ranks in the band are mostly filled."""


def page_rank_bands(
    snapshot: Snapshot, config: HardNegativeConfig, neighbourhoods: NeighbourhoodConfig
) -> Mapping[str, npt.NDArray[np.int32]]:
    """Return, per query type, the flits in each node's PageRank band that are no known positive of it.

    Args:
        snapshot: The past to walk; its supervision pairs are kept out of the bands.
        config: The band as fractions of the catalogue.
        neighbourhoods: Restart probability and seed of the walks.

    Returns:
        Query type to int32 ``[num_nodes, width]``, padded with -1 where walks met fewer flits.
    """
    if not config.max_per_positive or not snapshot.positives:
        return {}
    flit_type = snapshot.positives[0].target_type
    num_flits = len(snapshot.neighbourhoods.rows[(flit_type, flit_type)])
    first, last = (max(1, round(share * num_flits)) for share in config.band)
    last = max(last, first + 1)
    graph = build_graph(snapshot.split.train, as_of_s=snapshot.split.at_s)
    walks = neighbourhoods.model_copy(update={"size": last, "num_walks": min(WALKS_PER_RANK * last, 2000)})
    ranked = build_neighbourhoods(graph, walks)
    held = snapshot.split.test
    bands = {}
    for query_type in {kind.query_type for kind in snapshot.positives}:
        band = np.array(ranked.rows[(query_type, flit_type)][:, first:last])
        pairs = [_pairs(kind) for kind in snapshot.positives if kind.query_type == query_type]
        if query_type != flit_type:
            pairs.append((held["user_row"].to_numpy(), held["flit_row"].to_numpy()))
        _drop(band, *(np.concatenate(part) for part in zip(*pairs, strict=True)))
        bands[query_type] = band
    return bands


def _pairs(kind: Positives) -> tuple[RowVector, RowVector]:
    """Return queries and targets of a kind, each pair that may be drawn; -1 where there is no query."""
    if kind.choices is None:
        return kind.query_rows, kind.target_rows
    return kind.choices.ravel(), np.repeat(kind.target_rows, kind.choices.shape[1])


def _drop(band: npt.NDArray[np.int32], query_rows: RowVector, target_rows: RowVector) -> None:
    """Overwrite with -1, in place, every entry of the band that is a positive of its query."""
    order = np.argsort(band, axis=1)
    ascending = np.take_along_axis(band, order, axis=1)
    ascending[_positive(ascending, query_rows, target_rows)] = -1
    np.put_along_axis(band, order, ascending, axis=1)


@numba.njit(cache=True, nogil=True)
def _positive(band: npt.NDArray[np.int32], query_rows: RowVector, target_rows: RowVector) -> BoolVector:
    """Return which entries of a band, each row ascending, are a positive of their query, bool of the band's shape.

    Pair by pair: there are ten times as many pairs as entries, and to sort them all takes longer.
    """
    found = np.zeros(band.shape, dtype=np.bool_)
    for query, target in zip(query_rows, target_rows):  # noqa: B905 (numba knows no strict)
        if query >= 0:
            place = np.searchsorted(band[query], target)
            if place < band.shape[1] and band[query, place] == target:
                found[query, place] = True
    return found
