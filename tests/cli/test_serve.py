import json
from pathlib import Path

import polars as pl

from graphrec.state import Event, SqliteState
from graphrec.store import Store
from tests.cli.conftest import Invoke
from tests.retrieval.world import AS_OF
from tests.serving.world import publish


def test_strangers_need_tokens(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("serve", "--store", tmp_path, "--host", "0.0.0.0")
    assert done.exit_code == 2
    assert "host must be this machine itself" in done.stderr


def test_an_empty_store_and_bad_settings_are_told_in_one_line(invoke: Invoke, tmp_path: Path) -> None:
    assert "Store must hold a version" in invoke("serve", "--store", tmp_path).stderr
    wrong = invoke("serve", "--store", tmp_path, "--set", "max_wating=3")
    assert wrong.exit_code == 2
    assert "did you mean 'max_waiting'?" in wrong.stderr
    assert "state must name a file where the store is a URI" in invoke("serve", "--store", "s3://bucket/store").stderr


def test_drain_writes_a_table(invoke: Invoke, tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    SqliteState(state).append([Event("1", "ada", "f1", "like", 100)])
    done = invoke("drain", tmp_path / "out", "--state", state, "--json")
    told = json.loads(done.stdout)
    assert told == {
        "path": str(tmp_path / "out" / "events-000000000000.parquet"),
        "events": 1,
        "removed": 0,
        "pruned": 0,
    }
    assert pl.read_parquet(told["path"])["user_id"].to_list() == ["ada"]
    assert "0 events; nothing is new" in invoke("drain", tmp_path / "out", "--state", state).stderr
    SqliteState(state).forget("ada")
    assert "1 rows of forgotten users taken out" in invoke("drain", tmp_path / "out", "--state", state).stderr


def test_a_state_that_is_not_there_is_not_drained(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("drain", tmp_path / "out", "--state", tmp_path / "nothing.sqlite")
    assert done.exit_code == 2
    assert "state must be the file that the service writes" in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_a_version_holds_leaves_the_state(invoke: Invoke, tmp_path: Path) -> None:
    publish(Store(tmp_path / "store"), 0)
    state = tmp_path / "store" / "state" / "state.sqlite"
    SqliteState(state).append([Event("old", "u1", "f1", "like", AS_OF - 1), Event("new", "u1", "f2", "like", AS_OF)])
    drained = ("drain", tmp_path / "out", "--store", tmp_path / "store", "--prune", "--json")
    assert [json.loads(invoke(*drained).stdout)["pruned"] for _ in range(3)] == [0, 1, 0]
    assert [one.event_id for _, one in SqliteState(state).since(0)] == ["new"]
