"""Nodes that stand in edges alone."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphrec.errors import ConfigError
from graphrec.tables.config import InputConfig
from graphrec.tables.ends import EDGES
from tests.tables.world import check_counts, load, validate

LOG: dict[str, Any] = {
    "source": "user", "relation": "views", "target": "flit", "table": "log.parquet",
    "time": {"column": "at", "unit": "s"}, "role": "action",
}  # fmt: skip
NODES = {"user": {"from_edges": True, "id": "who"}, "flit": {"from_edges": True, "id": "what"}}


def schema(*edges: dict[str, Any], **nodes: dict[str, Any]) -> InputConfig:
    return InputConfig.parse({"nodes": NODES | nodes, "edges": [LOG, *edges], "quality": {"max_bad_fraction": 0.5}})


def write_log(folder: Path, **changes: list[Any]) -> Path:
    columns: dict[str, list[Any]] = {"who": [5, 3, 5, 9], "what": ["b", "a", "a", "b"], "at": [40, 30, 20, 10]}
    pl.DataFrame(columns | changes).write_parquet(folder / "log.parquet")
    return folder


def test_ids_are_collected_once_in_order_with_their_oldest_edge(tmp_path: Path) -> None:
    loaded = load(write_log(tmp_path), schema())
    assert loaded.tables.nodes["user"].to_dict(as_series=False) == {"id": [3, 5, 9], "created_s": [30, 20, 10]}
    assert loaded.tables.nodes["flit"].to_dict(as_series=False) == {"id": ["a", "b"], "created_s": [20, 10]}
    assert loaded.tables.edges[0].frame.height == 4
    assert loaded.report[0].table == EDGES
    assert (loaded.report[0].rows_read, loaded.report[0].rows_good, loaded.report[0].duplicates_dropped) == (4, 3, 1)
    check_counts(loaded)


def test_every_end_of_every_edge_counts_and_undated_ones_are_always_there(tmp_path: Path) -> None:
    pl.DataFrame({"a": [3, 77], "b": [77, 78]}).write_csv(write_log(tmp_path) / "friends.csv")
    ends = {"source": "user", "target": "user", "source_id": "a", "target_id": "b"}
    friends = {**ends, "relation": "friends", "table": "friends.csv"}
    users = load(tmp_path, schema(friends)).tables.nodes["user"]
    assert users["id"].to_list() == [3, 5, 9, 77, 78]
    assert users["created_s"].to_list() == [None, 20, 10, None, None]


def test_rows_that_where_leaves_out_name_nobody(tmp_path: Path) -> None:
    write_log(tmp_path, kind=["x", "y", "y", "y"])
    loaded = load(tmp_path, InputConfig.parse({"nodes": NODES, "edges": [LOG | {"where": {"kind": "x"}}]}))
    assert loaded.tables.nodes["user"]["id"].to_list() == [5]


def test_ids_that_no_table_would_take_are_told_of_by_their_edge(tmp_path: Path) -> None:
    write_log(tmp_path, what=["", "a", "a\x00", None], at=[40, 30, 20, 10])
    loaded = validate(tmp_path, schema())
    assert loaded.tables.nodes["flit"]["id"].to_list() == ["a"]
    assert loaded.tables.edges[0].frame.height == 1
    assert set(loaded.quarantine["rule"]) == {"empty id", "unknown node", "null id"}
    check_counts(loaded)


def test_a_row_without_a_plausible_time_names_nobody(tmp_path: Path) -> None:
    write_log(tmp_path, at=[40, None, 20, -5])
    loaded = load(tmp_path, schema())
    assert loaded.tables.nodes["user"].to_dict(as_series=False) == {"id": [5], "created_s": [20]}
    assert {"missing time", "time too early"} <= set(loaded.quarantine["rule"])


def test_numbers_written_in_csv_are_numbers_and_names_stay_names(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("who,what,at\n7,007,1\n12,7,2\n")
    loaded = load(tmp_path, schema_of_csv())
    assert loaded.tables.nodes["user"]["id"].to_list() == [7, 12]
    assert loaded.tables.nodes["flit"]["id"].to_list() == ["007", "7"]
    assert loaded.tables.edges[0].frame.height == 2


def schema_of_csv() -> InputConfig:
    return InputConfig.parse({"nodes": NODES, "edges": [LOG | {"table": "log.csv"}]})


def test_a_table_without_ids_is_a_fault(tmp_path: Path) -> None:
    write_log(tmp_path, who=[None] * 4)
    reports = {one.name: one for one in validate(tmp_path, schema()).report}
    assert reports["nodes.user"].fault is not None
    assert "at least one edge" in reports["nodes.user"].fault
    assert reports["nodes.flit"].fault is None


@pytest.mark.parametrize(
    ("node", "says"),
    [
        ({"from_edges": True, "id": "x", "text": ["t"]}, r"their id alone \(got \['text'\]"),
        ({"id": "x"}, "must name a table"),
        ({"from_edges": True, "id": "x"}, r"an end of some edge \(got \['tag'\]"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(node: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        schema(tag=node)
