import polars as pl
import pytest

from graphrec.errors import ConfigError, DataError
from graphrec.graph.split import actions_of, split_at
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.tables.clean import Tables
from graphrec.training.config import TrainingConfig
from graphrec.training.snapshots import (
    Snapshot,
    build_snapshot,
    build_snapshots,
    training_splits,
    validation_split,
)
from tests.graph.conftest import DAY, edges, nodes
from tests.training.world import MODEL, NEIGHBOURS, TRAINING, World, communities


@pytest.fixture(scope="module")
def world() -> World:
    return communities()


@pytest.fixture(scope="module")
def snapshots(world: World) -> list[Snapshot]:
    train, validation = build_snapshots(world.tables, NEIGHBOURS, MODEL, TRAINING, end_s=world.end_s)
    return [*train, validation]


def test_windows_follow_each_other_and_validation_is_the_newest(world: World, snapshots: list[Snapshot]) -> None:
    assert [one.split.at_s for one in snapshots] == [world.end_s - days * DAY for days in (21, 14, 7)]


def test_supervision_comes_after_the_snapshot_and_stands_in_no_edge_of_it(
    world: World, snapshots: list[Snapshot]
) -> None:
    every = actions_of(world.tables)
    for snapshot in snapshots:
        at_s = snapshot.split.at_s
        assert at_s is not None
        for kind in snapshot.positives:
            targets = set(kind.target_rows.tolist())
            assert targets <= set(every.filter(pl.col("time_s") >= at_s)["flit_row"])
        past = set(actions_of(snapshot.split.train).select("user_row", "flit_row").rows())
        actions = next(kind for kind in snapshot.positives if kind.name == "actions")
        pairs = set(zip(actions.query_rows.tolist(), actions.target_rows.tolist(), strict=True))
        assert len(pairs) > 20
        assert not pairs & past
        window = every.filter(pl.col("time_s").is_between(at_s, at_s + 7 * DAY, closed="left"))
        assert pairs <= set(window.select("user_row", "flit_row").rows())
        newest = actions_of(snapshot.split.train)["time_s"].max()
        assert isinstance(newest, int)
        assert newest < at_s


def test_neighbourhoods_know_the_past_alone() -> None:
    """A flit met for the first time after the snapshot has no neighbour in it."""
    world = communities(num_flits=300, actions=12)
    train, validation = build_snapshots(world.tables, NEIGHBOURS, MODEL, TRAINING, end_s=world.end_s)
    first = actions_of(world.tables).group_by("flit_row").agg(pl.col("time_s").min()).sort("flit_row")
    checked = 0
    for snapshot in (*train, validation):
        late = first.filter(pl.col("time_s") >= snapshot.split.at_s)["flit_row"].to_list()
        checked += len(late)
        for pair, weights in snapshot.neighbourhoods.weights.items():
            if pair[0] == "flit":
                assert not weights[late].any()
        assert not snapshot.log_degree["flit"][late].any()
    assert checked


def test_positives_of_one_relation_are_its_pairs_alone() -> None:
    likes = edges("likes", [(0, 0), (0, 1), (0, 2)], times=[DAY, 9 * DAY, 9 * DAY])
    shares = edges("shares", [(0, 2), (0, 0)], times=[9 * DAY, 9 * DAY])
    tables = Tables({"user": nodes("u", 1), "flit": nodes("f", 3)}, (likes, shares))
    split = split_at(tables, 8 * DAY, 10 * DAY)
    model = MODEL.model_copy(update={"positives": {"shares": 2.0, "actions": 1.0}})
    found = build_snapshot(tables, split, NEIGHBOURS, model).positives
    assert [(one.name, one.weight, one.target_rows.tolist()) for one in found] == [
        ("shares", 2.0, [2]),
        ("actions", 1.0, [1, 2]),
    ]


def test_a_relation_read_from_two_tables_supervises_with_both() -> None:
    old = edges("likes", [(0, 0), (0, 1)], times=[DAY, 9 * DAY])
    new = edges("likes", [(0, 2)], times=[9 * DAY])
    tables = Tables({"user": nodes("u", 1), "flit": nodes("f", 3)}, (old, new))
    model = MODEL.model_copy(update={"positives": {"likes": 1.0}})
    found = build_snapshot(tables, split_at(tables, 8 * DAY, 10 * DAY), NEIGHBOURS, model).positives
    assert found[0].target_rows.tolist() == [1, 2]


def test_candidates_exist_at_the_split_or_are_acted_on_and_are_drawn_as_often_as_configured() -> None:
    likes = edges("likes", [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2)], times=[DAY, DAY, 9 * DAY, 9 * DAY, 9 * DAY])
    created = [0, 0, 0, 9 * DAY]
    tables = Tables({"user": nodes("u", 2), "flit": nodes("f", 4, created)}, (likes,))
    split = split_at(tables, 8 * DAY, 10 * DAY)
    chance = {}
    for power in (0.0, 1.0):
        model = MODEL.model_copy(update={"positives": {"actions": 1.0}, "negative_power": power})
        snapshot = build_snapshot(tables, split, NEIGHBOURS, model)
        assert snapshot.candidates.tolist() == [0, 1, 2]
        chance[power] = snapshot.chance.tolist()
    assert chance[0.0] == pytest.approx([1 / 3] * 3)
    assert chance[1.0] == pytest.approx([0, 2 / 3, 1 / 3])


def test_undated_tables_hide_actions_and_whole_flits() -> None:
    world = communities(dated=False)
    config = TRAINING.model_copy(update={"hidden_share": 0.2, "windows": 3})
    train, validation = training_splits(world.tables, config, end_s=None)
    every = set(actions_of(world.tables).select("user_row", "flit_row").rows())
    hidden = [set(one.test.rows()) for one in (*train, validation)]
    assert len(hidden) == 4
    assert len({frozenset(one) for one in hidden}) == 4
    for split, pairs in zip((*train, validation), hidden, strict=True):
        known = set(actions_of(split.train).select("user_row", "flit_row").rows())
        assert known | pairs == every
        assert not known & pairs
        whole = {flit for _, flit in every} - {flit for _, flit in known}
        assert 4 <= len(whole) <= 24
        assert 0.2 < len(pairs) / len(every) < 0.55  # hidden by action or by flit: 1 - .8 * .8 = .36
    again = training_splits(world.tables, config, end_s=None)[1]
    assert again.test.equals(validation.test)


def test_a_window_longer_than_the_data_raises(world: World) -> None:
    config = TrainingConfig(window_days=30)
    with pytest.raises(DataError, match=r"training.window_days must leave .* \(got 30.0\); shorten the window"):
        training_splits(world.tables, config, end_s=world.end_s)


def test_no_action_in_any_training_window_raises() -> None:
    likes = edges("likes", [(0, 0), (1, 1), (0, 1)], times=[DAY, DAY, 39 * DAY])
    tables = Tables({"user": nodes("u", 2), "flit": nodes("f", 2)}, (likes,))
    with pytest.raises(DataError, match="must leave a training and a validation window with actions"):
        training_splits(tables, TRAINING, end_s=40 * DAY)
    assert validation_split(tables, TRAINING, end_s=40 * DAY).test.rows() == [(0, 1)]  # for what reads no window
    with pytest.raises(DataError, match=r"must leave a past and a validation window .* \(got 50.0\); shorten"):
        validation_split(tables, TrainingConfig(window_days=50), end_s=40 * DAY)


def test_positives_that_find_no_pair_raise() -> None:
    """Every user acts once: nothing follows anything."""
    likes = edges("likes", [(user, user) for user in range(40)], times=[user * DAY for user in range(40)])
    tables = Tables({"user": nodes("u", 40), "flit": nodes("f", 40)}, (likes,))
    model = MODEL.model_copy(update={"positives": {"next_action": 1.0}})
    with pytest.raises(DataError, match=r"model.positives must find pairs .* \(got none of next_action\)"):
        build_snapshots(tables, NEIGHBOURS, model, TRAINING, end_s=40 * DAY)


def test_an_unknown_positive_raises_with_the_choices(world: World) -> None:
    model = PinSageConfig.parse({**MODEL.model_dump(), "positives": {"saves": 1.0}})
    with pytest.raises(ConfigError, match=r"model.positives must name .* \(got 'saves', have likes\)"):
        build_snapshots(world.tables, NEIGHBOURS, model, TRAINING, end_s=world.end_s)


def test_progress_counts_every_snapshot(world: World) -> None:
    seen: list[tuple[int, int]] = []
    build_snapshots(
        world.tables, NEIGHBOURS, MODEL, TRAINING, end_s=world.end_s, on_progress=lambda *at: seen.append(at)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
