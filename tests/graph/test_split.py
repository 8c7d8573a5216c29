import numpy as np
import polars as pl
import pytest

from graphrec.errors import ConfigError, DataError
from graphrec.graph.build import build_graph
from graphrec.graph.split import SplitConfig, actions_of, newest_event_s, split_tables, tables_before
from graphrec.tables.clean import Tables
from tests.graph.conftest import DAY, edges, nodes


def test_time_split_keeps_everything_of_the_test_window_out_of_training(tables: Tables) -> None:
    split = split_tables(tables, SplitConfig(test_days=3), as_of_s=10 * DAY)
    assert split.at_s == 7 * DAY
    assert split.test.rows() == [(1, 2), (2, 2)]
    assert actions_of(split.train)["time_s"].to_list() == [1 * DAY, 2 * DAY, 3 * DAY]
    assert split.available.tolist() == [True, True, True, False]
    build_graph(split.train, as_of_s=split.at_s)


def test_time_split_leaves_known_pairs_out_of_the_test() -> None:
    likes = edges("likes", [(0, 0), (0, 0), (0, 1)], times=[1, 9 * DAY, 9 * DAY])
    split = split_tables(
        Tables({"user": nodes("u", 1), "flit": nodes("f", 2)}, (likes,)), SplitConfig(test_days=2), as_of_s=10 * DAY
    )
    assert split.test.rows() == [(0, 1)]
    assert split.test_s is not None
    assert split.test_s.tolist() == [9 * DAY]


def test_a_pair_met_twice_in_the_window_counts_from_its_first_time() -> None:
    likes = edges("likes", [(0, 0), (1, 1), (0, 1), (0, 1)], times=[1, 9 * DAY + 2, 9 * DAY + 1, 9 * DAY])
    split = split_tables(
        Tables({"user": nodes("u", 2), "flit": nodes("f", 2)}, (likes,)), SplitConfig(test_days=2), as_of_s=10 * DAY
    )
    assert split.test.rows() == [(0, 1), (1, 1)]
    assert split.test_s is not None
    assert split.test_s.tolist() == [9 * DAY, 9 * DAY + 2]


def test_time_split_of_undated_actions_raises() -> None:
    undated = Tables({"user": nodes("u", 1), "flit": nodes("f", 1)}, (edges("likes", [(0, 0)]),))
    with pytest.raises(DataError, match="must not be 'time' where actions are undated"):
        split_tables(undated, SplitConfig(), as_of_s=None)


def test_leave_one_out_takes_the_newest_action_of_each_user(tables: Tables) -> None:
    split = split_tables(tables, SplitConfig(kind="leave_one_out"), as_of_s=10 * DAY)
    assert split.test.rows() == [(0, 1), (1, 2)]  # user 2 has one action alone and keeps it


def test_leave_one_out_removes_every_trace_of_a_held_out_pair(tables: Tables) -> None:
    views = edges("views", [(0, 1), (0, 0)], times=[DAY, DAY], role="context")
    split = split_tables(
        Tables(tables.nodes, (*tables.edges, views)), SplitConfig(kind="leave_one_out"), as_of_s=10 * DAY
    )
    assert split.train.edges[-1].frame.select("source_row", "target_row").rows() == [(0, 0)]


def test_held_out_items_vanish_from_training_whole() -> None:
    rng = np.random.default_rng(0)
    pairs = sorted(
        {(int(u), int(f)) for u, f in zip(rng.integers(30, size=400), rng.integers(20, size=400), strict=True)}
    )
    tables = Tables({"user": nodes("u", 30), "flit": nodes("f", 20)}, (edges("likes", pairs),))
    split = split_tables(tables, SplitConfig(kind="leave_one_out", held_out_items=0.1), as_of_s=None)
    trained, tested = set(actions_of(split.train)["flit_row"]), set(split.test["flit_row"])
    cold = tested - trained
    assert len(cold) >= 2
    for flit in cold:
        assert split.test.filter(pl.col("flit_row") == flit).height == sum(f == flit for _, f in pairs)
    assert actions_of(split.train).height + split.test.height == len(pairs)


def test_given_test_tables_are_measured_on_and_never_trained_on() -> None:
    train, test = edges("likes", [(0, 0), (0, 1), (1, 0)]), edges("likes", [(0, 1), (1, 1)], split="test")
    tables = Tables({"user": nodes("u", 2), "flit": nodes("f", 2)}, (train, test))
    split = split_tables(tables, SplitConfig(kind="given"), as_of_s=None)
    assert split.test.rows() == [(0, 1), (1, 1)]
    assert actions_of(split.train).select("user_row", "flit_row").rows() == [(0, 0), (1, 0)]
    assert build_graph(split.train, as_of_s=None).relations[("user", "likes", "flit")].num_edges == 2


def test_given_split_without_a_test_table_raises(tables: Tables) -> None:
    with pytest.raises(ConfigError, match="marked `split: test`"):
        split_tables(tables, SplitConfig(kind="given"), as_of_s=None)


def test_a_split_that_holds_nothing_out_raises(tables: Tables) -> None:
    with pytest.raises(DataError, match="hold out at least one action"):
        split_tables(tables, SplitConfig(test_days=0.5), as_of_s=10 * DAY)


def test_newest_event_and_cut(tables: Tables) -> None:
    assert newest_event_s(tables) == 9 * DAY
    assert newest_event_s(tables_before(tables, 9 * DAY)) == 8 * DAY
