import numpy as np
import pytest

from graphrec.errors import ConfigError
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import build_neighbourhoods
from graphrec.models.config.pinsage import HardNegativeConfig
from graphrec.training import hard
from graphrec.training.hard import Bands, page_rank_bands
from graphrec.training.snapshots import Snapshot, build_snapshots
from tests.training.world import MODEL, NEIGHBOURS, TRAINING, communities

CONFIG = HardNegativeConfig(band=(0.02, 0.5), max_per_positive=2)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    world = communities()
    return build_snapshots(world.tables, NEIGHBOURS, MODEL, TRAINING, end_s=world.end_s)[0][0]


def positives(snapshot: Snapshot) -> dict[str, set[tuple[int, int]]]:
    """Every pair that may be drawn, and what the window after the snapshot holds, by the naive loop."""
    found: dict[str, set[tuple[int, int]]] = {"user": set(snapshot.split.test.select("user_row", "flit_row").rows())}
    for kind in snapshot.positives:
        choices = kind.query_rows[:, None] if kind.choices is None else kind.choices
        for queries, target in zip(choices, kind.target_rows, strict=True):
            found.setdefault(kind.query_type, set()).update((int(one), int(target)) for one in queries if one >= 0)
    return found


def assert_no_positive(bands: Bands, snapshot: Snapshot) -> None:
    known = positives(snapshot)
    for query_type, band in bands.items():
        drawn = {(int(query), int(flit)) for query, row in zip(band.queries, band.rows, strict=True) for flit in row}
        assert not drawn & known[query_type]


def test_bands_are_of_the_queries_and_hold_no_positive(snapshot: Snapshot) -> None:
    bands = page_rank_bands(snapshot, CONFIG, NEIGHBOURS)
    assert set(bands) == {"user", "flit"}
    assert_no_positive(bands, snapshot)
    for query_type, band in bands.items():
        asked = {query for query, _ in positives(snapshot)[query_type]}
        assert set(band.queries.tolist()) <= asked
        assert band.rows.shape == (len(band.queries), 29)
        assert ((band.rows >= -1) & (band.rows < 60)).all()
        assert (band.rows >= 0).mean() > 0.2
        assert band.of(band.queries[::-3]).tolist() == band.rows[::-3].tolist()


def test_bands_are_the_ranks_of_walks_from_every_node(snapshot: Snapshot) -> None:
    graph = build_graph(snapshot.split.train, as_of_s=snapshot.split.at_s)
    ranked = build_neighbourhoods(graph, NEIGHBOURS.model_copy(update={"size": 30, "num_walks": 120}))
    known = positives(snapshot)
    for query_type, band in page_rank_bands(snapshot, CONFIG, NEIGHBOURS).items():
        for query, row in zip(band.queries.tolist(), band.rows, strict=True):
            flits = ranked.rows[(query_type, "flit")][query, 1:30]
            assert sorted(row[row >= 0]) == sorted(
                f for f in flits if f >= 0 and (query, int(f)) not in known[query_type]
            )


def test_what_is_walked_at_a_time_changes_nothing(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = page_rank_bands(snapshot, CONFIG, NEIGHBOURS)
    monkeypatch.setattr(hard, "ENTRIES_WALKED", 300)
    for query_type, band in page_rank_bands(snapshot, CONFIG, NEIGHBOURS).items():
        assert band.rows.tolist() == whole[query_type].rows.tolist()


def test_of_bands_too_wide_to_keep_ranks_at_equal_distances_stay(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = page_rank_bands(snapshot, CONFIG, NEIGHBOURS)
    monkeypatch.setattr(hard, "ENTRIES_KEPT", 8 * max(len(band.queries) for band in whole.values()))
    narrow = page_rank_bands(snapshot, CONFIG, NEIGHBOURS)
    assert_no_positive(narrow, snapshot)
    for query_type, band in narrow.items():
        assert 8 <= band.rows.shape[1] < 29
        for row, every in zip(band.rows.tolist(), whole[query_type].rows.tolist(), strict=True):
            assert set(row) - {-1} <= set(every)


def test_a_band_ends_where_walks_end(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hard, "MAX_WALKS", 20)
    assert {band.rows.shape[1] for band in page_rank_bands(snapshot, CONFIG, NEIGHBOURS).values()} == {19}


def test_a_band_beyond_what_walks_rank_is_refused_with_the_way_out(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hard, "MAX_WALKS", 20)
    far = HardNegativeConfig(band=(0.5, 0.9), max_per_positive=1)
    with pytest.raises(ConfigError, match=r"begin before rank 20, .* \(got 0.5 of 60 flits: rank 30\); set band"):
        page_rank_bands(snapshot, far, NEIGHBOURS)


def test_no_hard_negatives_need_no_bands(snapshot: Snapshot) -> None:
    assert page_rank_bands(snapshot, HardNegativeConfig(), NEIGHBOURS) == {}


def test_the_same_seed_walks_the_same_bands(snapshot: Snapshot) -> None:
    one, other = (page_rank_bands(snapshot, CONFIG, NEIGHBOURS) for _ in range(2))
    assert all(np.array_equal(one[name].rows, other[name].rows) for name in one)
