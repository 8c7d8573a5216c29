"""PageRank bands: where hard negatives come from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, RowVector
from graphrec.errors import ConfigError
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import NeighbourhoodConfig
from graphrec.graph.walks import WalkTable, visit_top
from graphrec.models.config.pinsage import HardNegativeConfig
from graphrec.training.positives import Positives
from graphrec.training.snapshots import Snapshot

WALKS_PER_RANK = 4
"""Walks per rank of the band's end: enough visits that the ranks in the band are mostly filled."""
MAX_WALKS = 2000
"""Most walks from a query, and with it the last rank: few flits beyond would have been met at all."""
ENTRIES_KEPT = 2**27
"""Most flits kept over all queries of a type: half a gigabyte. Of wider bands, ranks at equal distances are kept."""
ENTRIES_WALKED = 2**24
"""Most flits ranked at a time."""


@dataclass(frozen=True)
class Band:
    """The PageRank bands of one type's queries.

    Attributes:
        queries: Their rows, ascending, int32 ``[num_queries]``.
        rows: The flits in the band of each, int32 ``[num_queries, width]``, padded with -1 where walks met fewer flits
            and where a flit is a positive of the query.
    """

    queries: RowVector
    rows: npt.NDArray[np.int32]

    def of(self, query_rows: RowVector) -> npt.NDArray[np.int32]:
        """Return the bands of some of the queries, int32 ``[n, width]``."""
        return np.asarray(self.rows[np.searchsorted(self.queries, query_rows)])


Bands = Mapping[str, Band]
"""Query type to its bands."""


def page_rank_bands(snapshot: Snapshot, config: HardNegativeConfig, neighbourhoods: NeighbourhoodConfig) -> Bands:
    """Return, per query type, the flits in each query's PageRank band that are no known positive of it.

    Args:
        snapshot: The past to walk; its supervision pairs are kept out of the bands.
        config: The band as fractions of the catalogue.
        neighbourhoods: Restart probability and seed of the walks.

    Raises:
        ConfigError: The band begins beyond what walks can rank.
    """
    if not config.max_per_positive or not snapshot.positives:
        return {}
    flit_type = snapshot.positives[0].target_type
    first, last = _ranks(config, len(snapshot.neighbourhoods.rows[(flit_type, flit_type)]))
    table = WalkTable.of(build_graph(snapshot.split.train, as_of_s=snapshot.split.at_s))
    held = snapshot.split.test
    bands = {}
    for query_type in {kind.query_type for kind in snapshot.positives}:
        pairs = [_pairs(kind) for kind in snapshot.positives if kind.query_type == query_type]
        queries = np.unique(np.concatenate([rows[rows >= 0] for rows, _ in pairs])).astype(np.int32)
        if query_type != flit_type:
            pairs.append((held["user_row"].to_numpy(), held["flit_row"].to_numpy()))
        band = _walked(table, (query_type, flit_type), queries, (first, last), neighbourhoods)
        _drop(band, *(np.concatenate(part) for part in zip(*pairs, strict=True)))
        bands[query_type] = band
    return bands


def _ranks(config: HardNegativeConfig, num_flits: int) -> tuple[int, int]:
    """Return the first rank of the band and the one after its last."""
    first, last = (max(1, round(share * num_flits)) for share in config.band)
    if first >= MAX_WALKS:
        raise ConfigError(
            f"model.hard_negatives.band must begin before rank {MAX_WALKS:,}, further than which no walks rank (got "
            f"{config.band[0]} of {num_flits:,} flits: rank {first:,}); set band: [{500 / num_flits:.1g}, "
            f"{MAX_WALKS / num_flits:.1g}], or max_per_positive: 0 for none"
        )
    return first, min(max(last, first + 1), MAX_WALKS)


def _walked(
    table: WalkTable, types: tuple[str, str], queries: RowVector, ranks: tuple[int, int], walks: NeighbourhoodConfig
) -> Band:
    """Walk from the queries, so many at a time, and keep what lies between two ranks."""
    (query_type, flit_type), (first, last) = types, ranks
    width = min(last - first, max(1, ENTRIES_KEPT // max(1, len(queries))))
    columns = np.linspace(first, last - 1, width).round().astype(np.int64)
    seeds = queries + np.int32(table.offset[table.types.index(query_type)])
    step = max(1, ENTRIES_WALKED // (last * len(table.types)))
    rows = np.empty((len(queries), width), dtype=np.int32)
    for start in range(0, len(seeds), step):
        visited, _ = visit_top(
            table, seeds[start : start + step], num_walks=min(WALKS_PER_RANK * last, MAX_WALKS),
            restart_prob=walks.restart_prob, size=last, seed=walks.seed,
        )  # fmt: skip
        rows[start : start + step] = visited[:, table.types.index(flit_type), columns]
    return Band(queries, rows)


def _pairs(kind: Positives) -> tuple[RowVector, RowVector]:
    """Return queries and targets of a kind, each pair that may be drawn; -1 where there is no query."""
    if kind.choices is None:
        return kind.query_rows, kind.target_rows
    return kind.choices.ravel(), np.repeat(kind.target_rows, kind.choices.shape[1])


def _drop(band: Band, query_rows: RowVector, target_rows: RowVector) -> None:
    """Overwrite with -1, in place, every entry of the band that is a positive of its query."""
    asked = np.isin(query_rows, band.queries)
    places = np.searchsorted(band.queries, query_rows[asked])
    order = np.argsort(band.rows, axis=1)
    ascending = np.take_along_axis(band.rows, order, axis=1)
    ascending[_positive(ascending, places, target_rows[asked])] = -1
    np.put_along_axis(band.rows, order, ascending, axis=1)


@numba.njit(cache=True, nogil=True)
def _positive(band: npt.NDArray[np.int32], places: npt.NDArray[np.int64], target_rows: RowVector) -> BoolVector:
    """Return which entries of a band, each row ascending, are a positive of their query, bool of the band's shape.

    Pair by pair: there are ten times as many pairs as entries, and to sort them all takes longer.
    """
    found = np.zeros(band.shape, dtype=np.bool_)
    for query, target in zip(places, target_rows):  # noqa: B905 (numba knows no strict)
        place = np.searchsorted(band[query], target)
        if place < band.shape[1] and band[query, place] == target:
            found[query, place] = True
    return found
