import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import ConfigError, StateError
from graphrec.ids import Id
from graphrec.state import CLEARED, MUTED, Event, Known, SqliteState
from graphrec.state.sqlite import MOST_WISHES, NEWEST
from tests.state.naive import NaiveState


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqliteState]:
    with closing(SqliteState(tmp_path / "state.sqlite")) as opened:
        yield opened


def event(number: int, user: Id = "ada", flit: Id | None = None, kind: str = "like") -> Event:
    return Event(f"e{number}", user, f"f{number}" if flit is None else flit, kind, 1000 + number)


def test_what_is_appended_is_known_oldest_first(state: SqliteState) -> None:
    assert state.append([event(1), event(2), event(3, "bob")]) == ["stored"] * 3
    assert state.of("ada") == Known((event(1), event(2)))
    assert state.of("nobody") == Known()


def test_the_same_event_id_again_changes_nothing(state: SqliteState) -> None:
    state.append([event(1)])
    assert state.append([event(1, flit="other"), event(2), event(2)]) == ["repeated", "stored", "repeated"]
    assert [one.flit for one in state.of("ada").events] == ["f1", "f2"]


def test_only_the_newest_events_are_read(state: SqliteState) -> None:
    state.append([event(number) for number in range(NEWEST + 5)])
    assert [one.event_id for one in state.of("ada").events] == [f"e{number}" for number in range(5, NEWEST + 5)]


def test_what_somebody_was_shown_does_not_push_out_what_he_did(state: SqliteState) -> None:
    state.append([event(0)])
    state.append([event(number, kind="impression") for number in range(1, NEWEST + 5)])
    known = state.of("ada").events
    assert known[0] == event(0)
    assert [one.event_id for one in known[1:]] == [f"e{number}" for number in range(5, NEWEST + 5)]


def test_wishes_stand_until_they_are_cleared(state: SqliteState) -> None:
    assert state.wish("ada", {"f1": MUTED, "f2": 2.0}).wishes == {"f1": 0.0, "f2": 2.0}
    assert state.wish("ada", {"f1": CLEARED, "f2": 3.0}).wishes == {"f2": 3.0}


@pytest.mark.parametrize("factor", [-1.0, float("nan"), float("inf")])
def test_a_factor_is_a_finite_number_from_0(state: SqliteState, factor: float) -> None:
    with pytest.raises(ConfigError, match=r"factor must be a finite number, at least 0"):
        state.wish("ada", {"f1": factor})


def test_too_many_wishes_change_nothing(state: SqliteState) -> None:
    state.wish("ada", {f"f{number}": MUTED for number in range(MOST_WISHES)})
    before = state.of("ada")
    with pytest.raises(ConfigError, match=rf"wishes must be at most {MOST_WISHES} a user"):
        state.wish("ada", {"one more": MUTED, "f1": 2.0})
    assert state.of("ada") == before


def test_numbers_and_their_digits_are_two_users(state: SqliteState) -> None:
    state.append([event(1, 42, 7), event(2, "42", "7")])
    assert [one.flit for one in state.of(42).events] == [7]
    assert [one.flit for one in state.of("42").events] == ["7"]
    state.forget(42)
    assert state.forgot([42, "42"]) == [True, False]


def test_a_forgotten_user_is_unknown_and_stays_so(state: SqliteState) -> None:
    state.append([event(1), event(2, "bob")])
    state.wish("ada", {"f1": MUTED})
    state.forget("ada")
    assert state.of("ada") == Known(forgotten=True)
    assert state.append([event(3), event(4, "bob")]) == ["forgotten", "stored"]
    assert state.wish("ada", {"f1": MUTED}) == Known(forgotten=True)
    assert [one.event_id for one in state.of("bob").events] == ["e2", "e4"]


def test_no_byte_of_a_forgotten_user_is_left_on_disk(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "state.sqlite")
    secret = "hermione-4711"
    state.append([event(number, secret) for number in range(200)] + [event(1000, "bob")])
    state.wish(secret, {"f1": 2.0})
    assert any(secret.encode() in path.read_bytes() for path in tmp_path.iterdir())
    state.forget(secret)
    assert not any(secret.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_another_process_sees_at_once_what_was_kept(tmp_path: Path) -> None:
    here, there = SqliteState(tmp_path / "s"), SqliteState(tmp_path / "s")
    assert there.of("ada") == Known()
    here.append([event(1)])
    assert there.of("ada") == Known((event(1),))
    there.wish("ada", {"f1": MUTED})
    assert here.of("ada").wishes == {"f1": MUTED}
    there.forget("ada")
    assert here.of("ada").forgotten


def test_it_is_all_there_after_closing(tmp_path: Path) -> None:
    first = SqliteState(tmp_path / "s")
    first.append([event(1), event(2, "bob")])
    first.wish("ada", {"f1": 2.0})
    first.forget("bob")
    first.close()
    second = SqliteState(tmp_path / "s")
    assert second.of("ada") == Known((event(1),), {"f1": 2.0})
    assert second.of("bob").forgotten


def test_threads_append_side_by_side(state: SqliteState) -> None:
    def append(start: int) -> None:
        for number in range(start, start + 20):
            state.append([event(number)])

    threads = [threading.Thread(target=append, args=(start,)) for start in (0, 100, 200, 300)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(state.of("ada").events) == 80


def test_a_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(StateError, match="state must be a readable and writable SQLite file"):
        SqliteState(tmp_path / "s")


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    SqliteState(tmp_path / "s").close()
    with sqlite3.connect(tmp_path / "s") as told:
        told.execute("PRAGMA user_version = 99")
    told.close()
    with pytest.raises(StateError, match="newer graphrec"):
        SqliteState(tmp_path / "s")


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    """A process appends and says so; it is killed in the middle. What it said was kept is there."""
    code = (
        "import sys; from pathlib import Path; from graphrec.state import SqliteState, Event\n"
        "state = SqliteState(Path(sys.argv[1]))\n"
        "for number in range(100_000):\n"
        "    state.append([Event(f'e{number}', 'ada', f'f{number}', 'like', number)])\n"
        "    print(number, flush=True)\n"
    )
    acknowledged = -1
    args = [sys.executable, "-c", code, str(tmp_path / "s")]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            acknowledged = int(line)
            if acknowledged == 150:
                os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kept = [one for _, one in SqliteState(tmp_path / "s").since(0)]
    assert acknowledged >= 150
    assert [one.event_id for one in kept[: acknowledged + 1]] == [f"e{number}" for number in range(acknowledged + 1)]


IDS = st.sampled_from(["ada", "bob", 1, "1", 2**62, "ü\x00'; DROP TABLE events --", "ada "])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), IDS, st.integers(0, 9), st.integers(0, 30)),
        st.tuples(st.just("wish"), IDS, st.integers(0, 9), st.sampled_from([0.0, 0.5, 1.0, 2.0])),
        st.tuples(st.just("forget"), IDS, st.just(0), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=25)
@given(steps=STEPS)
def test_it_does_as_plain_dicts_would(
    steps: list[tuple[str, Id, int, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    state, naive = SqliteState(tmp_path_factory.mktemp("s") / "s"), NaiveState()
    for name, user, flit, value in steps:
        if name == "append":
            one = Event(f"e{value}", user, flit, "like", int(value))
            assert state.append([one]) == naive.append([one])
        elif name == "wish":
            assert state.wish(user, {flit: value}) == naive.wish(user, {flit: value})
        else:
            state.forget(user)
            naive.forget(user)
        assert state.of(user) == naive.of(user)
    assert [one for _, one in state.since(0)] == naive.events
    state.close()
