"""Files: missing, of another kind, truncated, empty, in several parts, broken inside."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphrec.errors import DataError
from tests.tables.world import (
    CONFIG,
    USERS,
    check_counts,
    config,
    flit,
    good_tables,
    load,
    planted,
    user,
    validate,
    with_row,
    write,
)


def with_files(**files: str) -> dict[str, Any]:
    """Return the config's nodes and edges with some tables read from other files."""
    swap = {f"{name}.parquet": file for name, file in files.items()}
    nodes = {name: node | {"table": swap.get(node["table"], node["table"])} for name, node in CONFIG["nodes"].items()}
    edges = [edge | {"table": swap.get(edge["table"], edge["table"])} for edge in CONFIG["edges"]]
    return {"nodes": nodes, "edges": edges}


def break_file(folder: Path, fault: str) -> str:
    """Break ``events.parquet`` and return what the message must say."""
    path = folder / "events.parquet"
    whole = path.read_bytes()
    if fault == "missing":
        path.unlink()
        return r"must name a file below .*'events\.parquet', not there.*set `data`"
    if fault == "csv":
        pl.read_parquet(path).write_csv(path)
        return r"must be a parquet file .*starts with b'user'.*name it \.csv"
    if fault == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
        return r"must be a whole parquet file .*write it again"
    if fault == "footer":
        path.write_bytes(whole[:-40] + b"\xff" * 36 + b"PAR1")
        return "must be readable"
    if fault == "pages":
        path.write_bytes(whole[:4] + b"\xff" * (len(whole) // 2) + whole[4 + len(whole) // 2 :])
        return "must be readable"
    pl.read_parquet(path).head(0).write_parquet(path)
    return r"must hold at least one row .*export it again"


@pytest.mark.parametrize("fault", ["missing", "csv", "truncated", "footer", "pages", "zero rows"])
def test_unusable_file_stops_the_run_in_one_line_with_the_remedy(tmp_path: Path, fault: str) -> None:
    write(tmp_path, good_tables())
    message = break_file(tmp_path, fault)
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
    loaded = validate(tmp_path)
    assert [one.name for one in loaded.report if one.fault] == [
        "edges.0.likes",
        "edges.1.shares",
        "kinds.events.parquet.event",
    ]
    assert [edges.config.relation for edges in loaded.tables.edges] == ["follows", "promotes"]


@pytest.mark.parametrize("name", ["users", "flits", "advertisers"])
def test_node_table_without_rows_stops_the_run(tmp_path: Path, name: str) -> None:
    tables = good_tables()
    tables[name] = tables[name].head(0)
    with pytest.raises(DataError, match="must hold at least one row"):
        load(write(tmp_path, tables))


@pytest.mark.parametrize(
    ("table", "column", "near"),
    [("users", "user_id", "userid"), ("events", "timestamp", "time_stamp"), ("events", "event", "events")],
)
def test_missing_column_names_the_nearest(tmp_path: Path, table: str, column: str, near: str) -> None:
    tables = good_tables()
    tables[table] = tables[table].rename({column: near})
    with pytest.raises(DataError, match=rf"must name a column of {table}\.parquet \(got '{column}'\).*'{near}'"):
        load(write(tmp_path, tables))


def test_extra_columns_are_no_fault(tmp_path: Path) -> None:
    tables = good_tables()
    tables["events"] = tables["events"].with_columns(pl.lit(1).alias("shard"))
    assert load(write(tmp_path, tables)).quarantine.height == 0


@pytest.mark.parametrize(
    ("table", "column", "cast", "message"),
    [
        ("users", "user_id", pl.Float64, r"nodes\.user\.id must be strings or whole numbers"),
        ("users", "age_days", pl.String, r"nodes\.user\.numeric must be a number"),
        ("flits", "text", pl.Int64, r"nodes\.flit\.text must be text"),
        ("flits", "unsafe", pl.Float64, r"nodes\.flit\.flags must be true or false"),
        ("flits", "image", pl.Int64, r"nodes\.flit\.image must be encoded image bytes"),
        ("flits", "created_at", pl.Int64, r"nodes\.flit\.created_at must be a datetime .*unit: s"),
        ("events", "user_id", pl.Int64, r"edges\.0\.likes\.source_id must be of type String"),
        ("events", "weight", pl.String, r"edges\.0\.likes\.weight must be a number"),
        ("events", "timestamp", pl.String, r"edges\.0\.likes\.time must be a datetime"),
    ],
)
def test_wrong_dtype_is_named_with_a_remedy(tmp_path: Path, table: str, column: str, cast: Any, message: str) -> None:
    tables = good_tables()
    values = pl.Series(column, [None] * (tables[table].height - 1) + ([1] if cast != pl.String else ["x"]))
    tables[table] = tables[table].with_columns(values.cast(cast))
    with pytest.raises(DataError, match=message):
        load(write(tmp_path, tables))


def test_glob_counts_rows_within_each_file(tmp_path: Path) -> None:
    tables = good_tables()
    events = with_row(tables.pop("events"), 44, user_id="nobody")
    write(tmp_path, tables)
    write(tmp_path / "events", {"part-0": events[:20], "part-1": events[20:40], "part-2": events[40:]})
    loaded = load(tmp_path, config(**with_files(events="events/part-*.parquet")))
    assert loaded.quarantine.select("file", "row", "value").rows() == [("events/part-2.parquet", 4, "nobody")]
    assert [edges.frame.height for edges in loaded.tables.edges[:2]] == [29, 30]
    check_counts(loaded)


def test_a_file_of_a_glob_without_a_column_is_named(tmp_path: Path) -> None:
    tables = good_tables()
    events = tables.pop("events")
    write(tmp_path, tables)
    write(tmp_path / "events", {"part-0": events[:20], "part-1": events[20:].drop("weight")})
    with pytest.raises(DataError, match=r"same columns in every file \(got events/part-1.parquet without 'weight'\)"):
        load(tmp_path, config(**with_files(events="events/*.parquet")))


def as_csv(folder: Path, names: list[str]) -> dict[str, Any]:
    for name in names:
        pl.read_parquet(folder / f"{name}.parquet").write_csv(folder / f"{name}.csv")
    return with_files(**{name: f"{name}.csv" for name in names})


def as_jsonl(folder: Path, names: list[str]) -> dict[str, Any]:
    for name in names:
        frame = pl.read_parquet(folder / f"{name}.parquet")
        frame.with_columns(pl.selectors.datetime().dt.to_string("iso:strict")).write_ndjson(folder / f"{name}.jsonl")
    return with_files(**{name: f"{name}.jsonl" for name in names})


@pytest.mark.parametrize("convert", [as_csv, as_jsonl])
def test_text_files_give_the_same_tables_as_parquet(tmp_path: Path, convert: Any) -> None:
    write(tmp_path, good_tables())
    expected = load(tmp_path)
    found = load(tmp_path, config(**convert(tmp_path, ["users", "advertisers", "events", "follows", "promotions"])))
    assert found.quarantine.height == 0
    for one, two in zip(found.tables.edges, expected.tables.edges, strict=True):
        assert one.frame.equals(two.frame)
    for name, frame in found.tables.nodes.items():
        assert frame.equals(expected.tables.nodes[name])


def edit(path: Path, row: int, old: bytes, new: bytes) -> None:
    """Replace bytes in one line of a text file."""
    lines = path.read_bytes().split(b"\n")
    assert old in lines[row]
    lines[row] = lines[row].replace(old, new)
    path.write_bytes(b"\n".join(lines))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b",be", b",b\xff", "invalid UTF-8"),
        (b",be", b",be,too,many", "malformed row"),
        (b"3.0", b"three", "wrong dtype"),
        (b"bird_0003", b"", "null id"),
    ],
)
def test_broken_csv_row_is_quarantined_where_it_stands(tmp_path: Path, old: bytes, new: bytes, rule: str) -> None:
    settings = config(**as_csv(write(tmp_path, good_tables()), ["users"]))
    edit(tmp_path / "users.csv", 4, old, new)
    loaded = load(tmp_path, settings)
    own = loaded.quarantine.filter(pl.col("table") == "nodes.user")
    assert own.select("file", "row", "rule").rows() == [("users.csv", 3, rule)]
    assert loaded.tables.nodes["user"].height == USERS - 1
    check_counts(loaded)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [(b"bird_0003", b"bird\xff", "invalid UTF-8"), (b'"}', b"", "malformed row"), (b"3.0", b"NaN", "malformed row")],
)
def test_broken_json_line_is_quarantined_where_it_stands(tmp_path: Path, old: bytes, new: bytes, rule: str) -> None:
    tables = good_tables()
    tables["users"] = tables["users"].select("user_id", "age_days", "country")
    settings = config(**as_jsonl(write(tmp_path, tables), ["users"]))
    edit(tmp_path / "users.jsonl", 3, old, new)
    loaded = load(tmp_path, settings)
    own = loaded.quarantine.filter(pl.col("table") == "nodes.user")
    assert own.select("file", "row", "rule").rows() == [("users.jsonl", 3, rule)]
    check_counts(loaded)


def test_bytes_that_are_not_utf8_are_found_in_a_binary_column(tmp_path: Path) -> None:
    tables = good_tables()
    texts = [text.encode() for text in tables["flits"]["text"]]
    texts[7] = b"caf\xe9"
    tables["flits"] = tables["flits"].with_columns(pl.Series("text", texts))
    loaded = load(write(tmp_path, tables))
    assert ("nodes.flit", 7, "invalid UTF-8") in planted(loaded)
    assert loaded.tables.nodes["flit"].schema["text"] == pl.String


@pytest.mark.parametrize("content", ["", "user_id,country,age_days\n"])
def test_csv_without_rows_stops_the_run(tmp_path: Path, content: str) -> None:
    write(tmp_path, good_tables())
    (tmp_path / "users.csv").write_text(content)
    with pytest.raises(DataError, match="must hold"):
        load(tmp_path, config(**with_files(users="users.csv")))


@pytest.mark.parametrize(("pattern", "message"), [("users.xlsx", "must end in"), ("/users.parquet", "relative")])
def test_file_name_that_cannot_be_read(tmp_path: Path, pattern: str, message: str) -> None:
    (write(tmp_path, good_tables()) / "users.xlsx").write_bytes(b"PK")
    with pytest.raises(DataError, match=message):
        load(tmp_path, config(**with_files(users=pattern)))


def test_csv_ids_keep_leading_zeros(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id\n007\n7\n070\n")
    (tmp_path / "likes.csv").write_text("source,target\n007,7\n7,070\n")
    edge = {"source": "user", "relation": "knows", "target": "user", "table": "likes.csv"}
    ends = {"source_id": "source", "target_id": "target"}
    loaded = load(tmp_path, config(nodes={"user": {"table": "users.csv", "id": "id"}}, edges=[edge | ends]))
    assert loaded.tables.nodes["user"]["id"].to_list() == ["007", "070", "7"]
    assert loaded.tables.edges[0].frame.select("source_row", "target_row").rows() == [(0, 2), (2, 1)]


def test_csv_ids_written_as_numbers_meet_whole_numbers_of_parquet(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id\n10\n9\n8\n")
    frame = pl.DataFrame(
        {"source": [10, 9, 11], "target": [8, 10, 9]}, schema={"source": pl.Int16, "target": pl.UInt32}
    )
    write(tmp_path, {"likes": frame})
    edge = {"source": "user", "relation": "knows", "target": "user", "table": "likes.parquet"}
    ends = {"source_id": "source", "target_id": "target"}
    loaded = load(tmp_path, config(nodes={"user": {"table": "users.csv", "id": "id"}}, edges=[edge | ends]))
    assert loaded.tables.nodes["user"]["id"].to_list() == [8, 9, 10]
    assert loaded.tables.edges[0].frame.select("source_row", "target_row").rows() == [(1, 2), (2, 0)]
    assert planted(loaded) == [("edges.0.knows", 2, "unknown node")]


def test_ids_too_large_for_64_bits_are_quarantined(tmp_path: Path) -> None:
    write(tmp_path, {"users": pl.DataFrame({"id": [1, 2**63 + 5, 2]}, schema={"id": pl.UInt64})})
    edge = {"source": "user", "relation": "knows", "target": "user", "table": "users.parquet"}
    nodes = {"user": {"table": "users.parquet", "id": "id"}}
    loaded = validate(tmp_path, config(nodes=nodes, edges=[edge | {"source_id": "id", "target_id": "id"}]))
    assert ("nodes.user", 1, "wrong dtype") in planted(loaded)
    assert user(1) != flit(1)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_csv_whose_header_is_not_utf8_stops_the_run(tmp_path: Path, encoding: str) -> None:
    write(tmp_path, good_tables())
    (tmp_path / "users.csv").write_bytes("user_id,pays_né,country,age_days\nbird_0000,x,nl,1\n".encode(encoding))
    with pytest.raises(DataError, match="must start with column names in UTF-8"):
        load(tmp_path, config(**with_files(users="users.csv")))
