"""Whoever asked to be forgotten leaves no trace in tables, report or quarantine."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from graphrec.errors import ConfigError, DataError
from graphrec.pipeline.sources import source_files
from graphrec.state import SqliteState, drain
from graphrec.tables.config import InputConfig
from tests.tables.world import check_counts, load

SCHEMA: dict[str, Any] = {
    "nodes": {
        "user": {"table": "users.csv", "id": "user_id", "text": ["bio"]},
        "flit": {"table": "flits.parquet", "id": "flit_id", "author": "by"},
    },
    "edges": [
        {"source": "user", "relation": "likes", "target": "flit", "table": "likes.csv", "weight": "weight"},
        {"source": "user", "relation": "follows", "target": "user", "table": "follows.parquet", "target_id": "whom"},
    ],
    "forgotten": {"user": "drained/forgotten.json"},
    "quality": {"max_bad_fraction": 1.0},
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    pl.DataFrame({"user_id": ["ann", "bob", "cat"], "bio": ["a", "b", "c"]}).write_csv(tmp_path / "users.csv")
    pl.DataFrame({"flit_id": [1, 2], "by": ["bob", "ann"]}).write_parquet(tmp_path / "flits.parquet")
    likes = "user_id,flit_id,weight\nann,1,1\nbob,2,1\nbob,9,1\nbob,1,-3\ncat,2,1\nbob,1,1,too,many\n"
    (tmp_path / "likes.csv").write_text(likes)
    follows = pl.DataFrame({"user_id": ["ann", "bob", "cat"], "whom": ["bob", "cat", "ann"]})
    follows.write_parquet(tmp_path / "follows.parquet")
    state = SqliteState(tmp_path / "state.sqlite")
    drain(state, tmp_path / "drained")
    return tmp_path


def forget(data: Path, user: str) -> None:
    state = SqliteState(data / "state.sqlite")
    state.forget(user)
    drain(state, data / "drained")


def test_nothing_names_him_and_what_he_made_stays(data: Path) -> None:
    before = load(data, InputConfig.parse(SCHEMA))
    assert before.tables.nodes["user"]["id"].to_list() == ["ann", "bob", "cat"]
    assert "bob,1,1,too,many" in before.quarantine["value"].to_list()
    forget(data, "bob")
    loaded = load(data, InputConfig.parse(SCHEMA))
    assert loaded.tables.nodes["user"]["id"].to_list() == ["ann", "cat"]
    assert loaded.tables.nodes["flit"].select("id", "by", "author_row").rows() == [(1, None, -1), (2, "ann", 0)]
    assert [edges.frame.height for edges in loaded.tables.edges] == [2, 1]
    check_counts(loaded)
    assert loaded.report[2].rows_filtered == 3
    assert loaded.quarantine.select("rule", "row", "value").rows() == [("malformed row", 5, None)]
    everything = [*loaded.tables.nodes.values(), loaded.quarantine, *(one.frame for one in loaded.tables.edges)]
    assert not any("bob" in str(frame.rows()) for frame in everything)


def test_users_that_edges_alone_name_are_forgotten_too(data: Path) -> None:
    forget(data, "bob")
    nodes = {"user": {"from_edges": True, "id": "user_id"}, "flit": SCHEMA["nodes"]["flit"]}
    loaded = load(data, InputConfig.parse(SCHEMA | {"nodes": nodes}))
    assert loaded.tables.nodes["user"]["id"].to_list() == ["ann", "cat"]
    check_counts(loaded)


def test_the_list_counts_among_the_sources(data: Path) -> None:
    assert data / "drained" / "forgotten.json" in source_files(InputConfig.parse(SCHEMA), data)


def test_a_list_that_is_not_there_or_of_other_nodes_is_refused(data: Path) -> None:
    with pytest.raises(DataError, match="drain again"):
        load(data, InputConfig.parse(SCHEMA | {"forgotten": {"user": "none.json"}}))
    with pytest.raises((ConfigError, ValidationError), match="forgotten must name declared node types"):
        InputConfig.parse(SCHEMA | {"forgotten": {"bird": "drained/forgotten.json"}})
