from pathlib import Path

import polars as pl
import pytest

from graphrec.errors import DataError, StateError
from graphrec.state import Event, SqliteState, drain


@pytest.fixture
def state(tmp_path: Path) -> SqliteState:
    state = SqliteState(tmp_path / "state.sqlite")
    state.append([Event(f"e{number}", f"u{number % 3}", f"f{number}", "like", 100 + number) for number in range(9)])
    return state


def test_a_drain_writes_what_came_since_the_last(state: SqliteState, tmp_path: Path) -> None:
    first = drain(state, tmp_path / "out")
    assert (first.events, first.removed) == (9, 0)
    state.append([Event("new", "u1", "f1", "hide", 500)])
    second = drain(state, tmp_path / "out")
    assert second.events == 1
    assert drain(state, tmp_path / "out").path is None
    frame = pl.read_parquet(tmp_path / "out" / "events-*.parquet")
    assert frame.columns == ["user_id", "flit_id", "event", "timestamp"]
    assert frame["timestamp"].dt.epoch("s").to_list() == [*range(100, 109), 500]
    assert frame["flit_id"].to_list() == [*(f"f{number}" for number in range(9)), "f1"]


def test_a_drain_that_died_before_its_mark_is_done_again(state: SqliteState, tmp_path: Path) -> None:
    drain(state, tmp_path / "out")
    state.drained(0)  # as if the process had died between the file and the mark
    state.append([Event("new", "u1", "f1", "hide", 500)])
    drain(state, tmp_path / "out")
    assert len(pl.read_parquet(tmp_path / "out" / "events-*.parquet")) == 10


def test_the_forgotten_leave_earlier_files_and_never_enter_new_ones(state: SqliteState, tmp_path: Path) -> None:
    drain(state, tmp_path / "out")
    state.append([Event("new", "u1", "f1", "like", 500), Event("other", "u2", "f1", "like", 501)])
    state.forget("u1")
    done = drain(state, tmp_path / "out")
    assert (done.events, done.removed) == (1, 3)
    assert set(pl.read_parquet(tmp_path / "out" / "events-*.parquet")["user_id"]) == {"u0", "u2"}


def test_another_state_is_not_drained_over_an_earlier_one(state: SqliteState, tmp_path: Path) -> None:
    state.forget("u1")
    drain(state, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    other = SqliteState(tmp_path / "other")
    other.append([Event("new", "u2", "f1", "like", 500)])
    with pytest.raises(StateError, match=r"state must be the one that was drained into .* \(got another"):
        drain(other, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_integers_stay_integers_and_mixed_ids_are_refused(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "s")
    state.append([Event("a", 7, 8, "like", 1)])
    assert pl.read_parquet(str(drain(state, tmp_path / "out").path)).schema["user_id"] == pl.Int64
    state.append([Event("b", 7, 8, "like", 1), Event("c", "7", 8, "like", 1)])
    with pytest.raises(DataError, match=r"Event\.user must be all strings or all integers"):
        drain(state, tmp_path / "out")


def test_what_a_version_holds_may_leave_the_state_once_drained(state: SqliteState, tmp_path: Path) -> None:
    assert drain(state, tmp_path / "out", before_s=104).pruned == 0
    state.append([Event("late", "u1", "f1", "like", 50)])
    assert drain(state, tmp_path / "out", before_s=104).pruned == 4
    assert [one.time_s for _, one in state.since(0)] == [104, 105, 106, 107, 108, 50]
    assert drain(state, tmp_path / "out").pruned == 0
    assert len(pl.read_parquet(tmp_path / "out" / "events-*.parquet")) == 10
