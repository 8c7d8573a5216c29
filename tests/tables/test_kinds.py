"""Event kinds that nobody declared."""

from pathlib import Path
from typing import Any

import pytest

from graphrec.tables.kinds import kind_columns
from tests.tables.world import CONFIG, check_counts, config, good_tables, load, planted, with_row, write


def test_kinds_are_known_where_several_edges_select_by_name() -> None:
    assert kind_columns(config()) == {("events.parquet", "event"): {"like", "share"}}
    assert kind_columns(config(edges=CONFIG["edges"][1:])) == {}


@pytest.mark.parametrize(("ignored", "expected"), [({}, [4, 9]), ({"event": ["mute"]}, [9]), ({"event": ["*"]}, [])])
def test_unknown_kinds_are_counted_once_per_table_unless_ignored(
    tmp_path: Path, ignored: dict[str, Any], expected: list[int]
) -> None:
    tables = good_tables()
    tables["events"] = with_row(with_row(tables["events"], 4, event="mute"), 9, event="lik")
    loaded = load(write(tmp_path, tables), config(ignore={"events.parquet": ignored}))
    assert planted(loaded) == [("kinds.events.parquet.event", row, "unknown event kind") for row in expected]
    check_counts(loaded)


def test_one_edge_alone_is_checked_where_ignore_lists_the_column(tmp_path: Path) -> None:
    settings = config(edges=CONFIG["edges"][1:], ignore={"events.parquet": {"event": ["like"]}})
    tables = good_tables()
    tables["events"] = with_row(tables["events"], 4, event="mute")
    assert planted(load(write(tmp_path, tables), settings)) == [("kinds.events.parquet.event", 4, "unknown event kind")]
