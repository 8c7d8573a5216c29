"""PageRank bands: where hard negatives come from."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import NeighbourhoodConfig, build_neighbourhoods
from graphrec.models.config import HardNegativeConfig
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
        for kind in snapshot.positives:
            if kind.query_type == query_type:
                for queries in [kind.query_rows] if kind.choices is None else kind.choices.T:
                    _drop_pairs(band, queries, kind.target_rows)
        if query_type != flit_type:
            _drop_pairs(band, held["user_row"].to_numpy(), held["flit_row"].to_numpy())
        bands[query_type] = band
    return bands


def _drop_pairs(
    band: npt.NDArray[np.int32], query_rows: npt.NDArray[np.int32], target_rows: npt.NDArray[np.int32]
) -> None:
    """Overwrite with -1, in place, every entry of the band that is a positive of its query."""
    base = np.int64(max(band.max(initial=0), target_rows.max(initial=0)) + 1)
    known = np.unique(query_rows.astype(np.int64) * base + target_rows)
    asked = np.arange(len(band), dtype=np.int64)[:, None] * base + band
    band[np.isin(asked, known) & (band >= 0)] = -1
