from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.training.batches import epoch_batches, false_negatives
from graphrec.training.hard import Band, Bands
from graphrec.training.positives import Positives
from graphrec.training.snapshots import Snapshot, build_snapshots
from tests.training.world import MODEL, NEIGHBOURS, TRAINING, communities


def pairs(query: list[int], target: list[int]) -> Positives:
    return Positives("actions", 1.0, "user", np.array(query, np.int32), "flit", np.array(target, np.int32))


@pytest.fixture(scope="module")
def snapshots() -> list[Snapshot]:
    world = communities()
    return build_snapshots(world.tables, NEIGHBOURS, MODEL, TRAINING, end_s=world.end_s)[0]


some_pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), min_size=1, max_size=12)


@given(known=some_pairs, negatives=st.lists(st.integers(0, 9), max_size=10))
def test_false_negatives_equal_a_double_loop(known: list[tuple[int, int]], negatives: list[int]) -> None:
    hit = false_negatives(pairs(*map(list, zip(*known, strict=True))), np.array(negatives, np.int32))
    assert hit.tolist() == [[(query, one) in known for one in negatives] for query, _ in known]


@given(known=some_pairs, width=st.integers(1, 4), data=st.data())
def test_false_negatives_of_own_rows_equal_a_double_loop(
    known: list[tuple[int, int]], width: int, data: st.DataObject
) -> None:
    row = st.lists(st.integers(-1, 9), min_size=width, max_size=width)
    hard = data.draw(st.lists(row, min_size=len(known), max_size=len(known)))
    hit = false_negatives(pairs(*map(list, zip(*known, strict=True))), np.array(hard, np.int32))
    expected = [
        [one < 0 or (query, one) in known for one in rows] for (query, _), rows in zip(known, hard, strict=True)
    ]
    assert hit.tolist() == expected


def test_false_negatives_do_not_confuse_pairs_of_equal_product_or_large_rows() -> None:
    big = 2_000_000_000
    hit = false_negatives(pairs([0, 1, big], [10, 0, big]), np.array([10, 0, big, big - 1], np.int32))
    assert hit.tolist() == [[True, False, False, False], [False, True, False, False], [False, False, True, False]]


def steps(snapshots: list[Snapshot], seed: int = 0, num_hard: int = 0, bands: list[Bands] | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201
    return list(
        epoch_batches(
            snapshots,
            list(bands or [{}] * len(snapshots)),
            batch_size=64,
            num_negatives=16,
            num_hard=num_hard,
            rng=np.random.default_rng(seed),
        )
    )


def test_an_epoch_holds_every_pair_once(snapshots: list[Snapshot]) -> None:
    for snapshot in snapshots:
        for number, kind in enumerate(snapshot.positives):
            batches = [found[number].pairs for one, found in steps(snapshots) if one is snapshot]
            drawn = [(q, t) for one in batches for q, t in zip(one.query_rows, one.target_rows, strict=True)]
            assert sorted(t for _, t in drawn) == sorted(kind.target_rows)
            if kind.choices is None:
                assert sorted(drawn) == sorted(zip(kind.query_rows, kind.target_rows, strict=True))
            else:
                allowed = {(q, t) for row, t in zip(kind.choices, kind.target_rows, strict=True) for q in row if q >= 0}
                assert set(drawn) <= allowed


def test_steps_are_about_the_batch_size_and_in_another_order_each_seed(snapshots: list[Snapshot]) -> None:
    sizes = [sum(len(batch.pairs.query_rows) for batch in batches) for _, batches in steps(snapshots)]
    assert max(sizes) <= 2 * 64
    first, again, other = (steps(snapshots, seed)[0][1][0] for seed in (0, 0, 1))
    assert first.pairs.query_rows.tolist() == again.pairs.query_rows.tolist()
    assert first.negatives.tolist() == again.negatives.tolist()
    assert first.negatives.tolist() != other.negatives.tolist()


def test_negatives_are_candidates_with_their_expected_number_of_draws(snapshots: list[Snapshot]) -> None:
    for snapshot, batches in steps(snapshots):
        for batch in batches:
            assert np.isin(batch.negatives, snapshot.candidates).all()
            place = np.searchsorted(snapshot.candidates, batch.negatives)
            np.testing.assert_allclose(batch.expected, 16 * snapshot.chance[place])


def test_hard_negatives_come_from_the_band_of_their_query(snapshots: list[Snapshot]) -> None:
    bands: list[Bands] = [
        {
            node_type: Band(np.arange(number, dtype=np.int32), np.arange(number * 3, dtype=np.int32).reshape(number, 3))
            for node_type, number in (("user", 40), ("flit", 60))
        }
        for _ in snapshots
    ]
    for _, batches in steps(snapshots, num_hard=2, bands=bands):
        for batch in batches:
            assert batch.hard.shape == (len(batch.pairs.query_rows), 2)
            assert (batch.hard // 3 == batch.pairs.query_rows[:, None]).all()


def test_a_snapshot_without_pairs_is_no_step(snapshots: list[Snapshot]) -> None:
    empty = replace(snapshots[0], positives=(pairs([], []),))
    assert steps([empty]) == []
    assert all(snapshot is snapshots[1] for snapshot, _ in steps([empty, snapshots[1]]))
