"""Good tables come through whole; every bad input of the list is caught where it stands."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from graphrec.errors import DataError
from graphrec.tables.clean import Tables
from tests.tables.world import (
    ADS,
    FLITS,
    USERS,
    check_counts,
    config,
    day,
    flit,
    good_tables,
    load,
    planted,
    png,
    user,
    validate,
    with_row,
    write,
)


def test_good_tables_come_through_whole(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, good_tables()))
    assert loaded.quarantine.height == 0
    assert {name: frame.height for name, frame in loaded.tables.nodes.items()} == {
        "user": USERS,
        "flit": FLITS,
        "advertiser": ADS,
    }
    assert [edges.frame.height for edges in loaded.tables.edges] == [30, 30, USERS, ADS]
    assert all(report.bad_fraction == 0 for report in loaded.report)
    check_counts(loaded)


def test_clean_tables_have_the_documented_columns_and_types(tmp_path: Path) -> None:
    tables = load(write(tmp_path, good_tables())).tables
    flits, likes, promotes = tables.nodes["flit"], tables.edges[0].frame, tables.edges[3].frame
    assert flits.columns[0] == "id"
    assert flits.schema["created_s"] == pl.Int64
    assert flits.schema["author_row"] == pl.Int32
    assert dict(likes.schema) == {
        "source_row": pl.Int32,
        "target_row": pl.Int32,
        "weight": pl.Float32,
        "time_s": pl.Int64,
    }
    assert promotes.columns == ["source_row", "target_row", "weight", "start_s", "end_s"]


def test_rows_stand_for_ids_and_edges_are_sorted(tmp_path: Path) -> None:
    tables = good_tables()
    shuffled = {
        name: frame.sample(fraction=1, shuffle=True, seed=number) for number, (name, frame) in enumerate(tables.items())
    }
    loaded = load(write(tmp_path, shuffled)).tables
    assert loaded.nodes["user"]["id"].to_list() == sorted(user(n) for n in range(USERS))
    frame = loaded.edges[0].frame
    assert_frame_equal(frame, frame.sort("time_s", "source_row", "target_row"))
    ids = loaded.ids
    found = list(
        zip(
            ids["user"].ids(frame["source_row"].to_numpy()),
            ids["flit"].ids(frame["target_row"].to_numpy()),
            frame["time_s"],
            frame["weight"],
            strict=True,
        )
    )
    twin = tables["events"].filter(pl.col("event") == "like").sort("timestamp")
    naive = [(row["user_id"], row["flit_id"], _utc(row["timestamp"]), row["weight"]) for row in twin.to_dicts()]
    assert found == naive


def _utc(time: Any) -> int:
    return int(np.datetime64(time, "s").astype(np.int64))


def test_author_row_is_the_authors_row_and_unknown_authors_are_counted(tmp_path: Path) -> None:
    tables = good_tables()
    tables["flits"] = with_row(with_row(tables["flits"], 3, author_id="nobody"), 4, author_id=None)
    loaded = load(write(tmp_path, tables))
    rows = loaded.tables.nodes["flit"]["author_row"].to_list()
    assert rows[:6] == [0, 1, 2, -1, -1, 5]
    assert loaded.report[1].masked == {"author_id: unknown node": 1}


def test_saved_tables_open_again(tmp_path: Path) -> None:
    tables = load(write(tmp_path / "data", good_tables())).tables
    tables.save(tmp_path)
    again = Tables.open(tmp_path, config())
    assert_frame_equal(again.edges[0].frame, tables.edges[0].frame)
    assert_frame_equal(again.nodes["flit"], tables.nodes["flit"])


BAD_ROWS: list[tuple[str, int, dict[str, Any], str, str]] = [
    ("users", 3, {"user_id": None}, "nodes.user", "null id"),
    ("users", 3, {"user_id": ""}, "nodes.user", "empty id"),
    ("users", 3, {"user_id": "x" * 10_000}, "nodes.user", "over-long id"),
    ("users", 3, {"user_id": "bird\x00"}, "nodes.user", "control character in id"),
    ("flits", 5, {"flit_id": flit(2)}, "nodes.flit", "duplicate id"),
    ("flits", 5, {"text": "y" * 1_000_000}, "nodes.flit", "text too long"),
    ("flits", 5, {"created_at": None}, "nodes.flit", "missing time"),
    ("flits", 5, {"created_at": day(-365 * 60)}, "nodes.flit", "time too early"),
    ("events", 8, {"user_id": None}, "edges.0.likes", "null id"),
    ("events", 8, {"flit_id": ""}, "edges.0.likes", "empty id"),
    ("events", 8, {"user_id": "x" * 300}, "edges.0.likes", "over-long id"),
    ("events", 8, {"user_id": "nobody"}, "edges.0.likes", "unknown node"),
    ("events", 8, {"flit_id": "nothing"}, "edges.0.likes", "unknown node"),
    ("events", 8, {"weight": None}, "edges.0.likes", "missing weight"),
    ("events", 8, {"weight": float("nan")}, "edges.0.likes", "non-finite weight"),
    ("events", 8, {"weight": float("inf")}, "edges.0.likes", "non-finite weight"),
    ("events", 8, {"weight": 1e300}, "edges.0.likes", "non-finite weight"),
    ("events", 8, {"weight": -0.5}, "edges.0.likes", "negative weight"),
    ("events", 8, {"timestamp": None}, "edges.0.likes", "missing time"),
    ("events", 8, {"timestamp": day(-365 * 60)}, "edges.0.likes", "time too early"),
    ("events", 8, {"timestamp": day(365)}, "edges.0.likes", "time in the future"),
    ("events", 8, {"event": "frobnicate"}, "kinds.events.parquet.event", "unknown event kind"),
    ("events", 8, {"event": None}, "kinds.events.parquet.event", "unknown event kind"),
    ("follows", 4, {"followed_id": user(4)}, "edges.2.follows", "self-loop"),
    ("promotions", 1, {"end": day(0)}, "edges.3.promotes", "end before start"),
    ("promotions", 1, {"start": None}, "edges.3.promotes", "missing time"),
]


@pytest.mark.parametrize(("table", "row", "values", "name", "rule"), BAD_ROWS)
def test_bad_row_is_quarantined_with_file_row_rule_and_value(
    tmp_path: Path, table: str, row: int, values: dict[str, Any], name: str, rule: str
) -> None:
    tables = good_tables()
    tables[table] = with_row(tables[table], row, **values)
    loaded = load(write(tmp_path, tables))
    own = loaded.quarantine.filter(pl.col("table") == name).to_dicts()
    assert [(one["file"], one["row"], one["rule"]) for one in own] == [(f"{table}.parquet", row, rule)]
    assert own[0]["column"] in values
    if isinstance(values[own[0]["column"]], str):
        assert own[0]["value"] == values[own[0]["column"]][:200]
    report = next(one for one in loaded.report if one.name == name)
    assert (report.rows_quarantined, dict(report.rules)) == (1, {rule: 1})
    check_counts(loaded)


def test_edges_to_a_quarantined_node_are_quarantined_too(tmp_path: Path) -> None:
    tables = good_tables()
    tables["users"] = with_row(tables["users"], 3, user_id="")
    entries = planted(load(write(tmp_path, tables)))
    assert ("nodes.user", 3, "empty id") in entries
    assert ("edges.2.follows", 3, "unknown node") in entries
    assert ("edges.2.follows", 2, "unknown node") in entries


def test_a_row_that_breaks_two_rules_has_two_entries_and_counts_once(tmp_path: Path) -> None:
    tables = good_tables()
    tables["events"] = with_row(tables["events"], 8, user_id="nobody", weight=-1.0)
    loaded = load(write(tmp_path, tables))
    assert planted(loaded) == [("edges.0.likes", 8, "unknown node"), ("edges.0.likes", 8, "negative weight")]
    assert loaded.report[3].rows_quarantined == 1
    check_counts(loaded)


def test_exact_repeats_are_dropped_and_counted_not_quarantined(tmp_path: Path) -> None:
    tables = good_tables()
    tables["events"] = pl.concat([tables["events"], tables["events"][:6], tables["events"][:2]])
    loaded = load(write(tmp_path, tables))
    assert loaded.quarantine.height == 0
    assert [(one.rows_good, one.duplicates_dropped) for one in loaded.report[3:5]] == [(30, 4), (30, 4)]
    check_counts(loaded)


def test_numbers_that_are_not_finite_are_missing_and_counted(tmp_path: Path) -> None:
    tables = good_tables()
    tables["users"] = with_row(with_row(tables["users"], 2, age_days=float("nan")), 4, age_days=float("-inf"))
    loaded = load(write(tmp_path, tables))
    assert loaded.quarantine.height == 0
    assert loaded.report[0].masked == {"age_days: not finite": 2}
    assert loaded.tables.nodes["user"]["age_days"].is_null().arg_true().to_list() == [2, 4]


@pytest.mark.parametrize(
    ("image", "rule"),
    [
        (b"", "empty image"),
        (b"not an image", "undecodable image"),
        (png((64, 64))[:-30], "undecodable image"),
        (png((300, 300)), "image too large"),
    ],
)
def test_broken_image_is_quarantined_and_its_flit_stays_without_it(tmp_path: Path, image: bytes, rule: str) -> None:
    tables = good_tables()
    tables["flits"] = with_row(tables["flits"], 6, image=image)
    settings = config(quality={"max_image_pixels": 10_000, "max_bad_fraction": 0.5})
    loaded = load(write(tmp_path, tables), settings)
    assert planted(loaded) == [("nodes.flit", 6, rule)]
    assert loaded.quarantine["value"][0] == f"{len(image)} bytes"
    flits, report = loaded.tables.nodes["flit"], loaded.report[1]
    assert flits.height == FLITS
    assert flits.filter(pl.col("id") == flit(6))["image"].to_list() == [None]
    assert (report.rows_good, report.rows_without_image) == (FLITS, 1)
    assert report.bad_fraction == pytest.approx(1 / FLITS)


def test_too_many_bad_rows_stop_the_run_in_one_line(tmp_path: Path) -> None:
    tables = good_tables()
    tables["events"] = with_row(tables["events"], 8, user_id="nobody")
    write(tmp_path, tables)
    settings = config(quality={"max_bad_fraction": 0.01})
    with pytest.raises(DataError, match=r"edges\.0\.likes must have at most 1\.00% bad rows .*nobody.*raise") as caught:
        load(tmp_path, settings)
    assert "\n" not in str(caught.value)
    assert validate(tmp_path, settings).report[3].bad_fraction == pytest.approx(1 / 30)


def test_validate_reports_every_table_also_beyond_a_fault(tmp_path: Path) -> None:
    tables = good_tables()
    tables["flits"] = tables["flits"].drop("text")
    tables["users"] = with_row(tables["users"], 3, user_id="")
    loaded = validate(write(tmp_path, tables))
    faults = {one.name: one.fault for one in loaded.report}
    assert "did you mean 'unsafe'" not in str(faults["nodes.user"])
    assert faults["nodes.flit"] is not None
    assert "must name a column of flits.parquet (got 'text')" in faults["nodes.flit"]
    assert "mend that one first" in str(faults["edges.0.likes"])
    assert faults["edges.2.follows"] is None
    assert ("nodes.flit", None, "missing column") in planted(loaded)
    assert ("nodes.user", 3, "empty id") in planted(loaded)
    assert loaded.report[0].name == "nodes.user"
    assert loaded.report[0].to_dict()["bad_fraction"] == pytest.approx(1 / USERS)


def test_loading_twice_gives_equal_tables_and_quarantine(tmp_path: Path) -> None:
    tables = good_tables()
    tables["events"] = with_row(with_row(tables["events"], 8, user_id="nobody"), 9, weight=-1.0)
    write(tmp_path, tables)
    first, second = load(tmp_path), load(tmp_path)
    assert_frame_equal(first.quarantine, second.quarantine)
    for one, two in zip(first.tables.edges, second.tables.edges, strict=True):
        assert_frame_equal(one.frame, two.frame)
