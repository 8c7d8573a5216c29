"""Part files, folders of parts, and folders without a table."""

from pathlib import Path

import polars as pl
import pytest

from graphrec.errors import DataError
from graphrec.tables.propose.files import list_tables

FRAME = pl.DataFrame({"user_id": [1, 2], "item_id": [3, 4]})


def patterns(folder: Path) -> list[str]:
    return [one.pattern for one in list_tables(folder).tables]


def test_part_files_with_the_same_columns_are_one_table(tmp_path: Path) -> None:
    for name in ("events-000.parquet", "events-001.parquet", "users.parquet"):
        FRAME.write_parquet(tmp_path / name)
    FRAME.rename({"item_id": "other"}).write_parquet(tmp_path / "events-002.parquet")
    assert patterns(tmp_path) == ["events-000.parquet", "events-001.parquet", "events-002.parquet", "users.parquet"]
    (tmp_path / "events-002.parquet").unlink()
    assert patterns(tmp_path) == ["events-*.parquet", "users.parquet"]
    assert list_tables(tmp_path).tables[0].scan().collect().height == 4


def test_partition_folders_are_one_table_and_others_are_not(tmp_path: Path) -> None:
    for name in ("log/day=2024-01-01/part.csv", "log/day=2024-01-02/part.csv", "ml-1m/a.csv", "ml-2m/a.csv"):
        (tmp_path / name).parent.mkdir(parents=True)
        FRAME.write_csv(tmp_path / name)
    assert patterns(tmp_path) == ["log/*/part.csv", "ml-1m/a.csv", "ml-2m/a.csv"]


def test_what_is_no_table_is_told_of(tmp_path: Path) -> None:
    FRAME.write_ndjson(tmp_path / "log.jsonl")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "page.parquet").write_bytes(b"<html>")
    (tmp_path / ".hidden").mkdir()
    FRAME.write_csv(tmp_path / ".hidden" / "log.csv")
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "config.json").write_text("{}")
    FRAME.write_csv(tmp_path / "truth" / "log.csv")
    listing = list_tables(tmp_path)
    assert [one.pattern for one in listing.tables] == ["log.jsonl"]
    told = " | ".join(listing.left_out)
    assert "1 x .txt" in told
    assert "empty.csv: an empty file" in told
    assert "broken.parquet: unreadable" in told
    assert "page.parquet: not a parquet file" in told
    assert "truth/: the simulator's planted truth" in told
    assert ".hidden" not in told


def test_a_folder_without_tables_says_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an empty folder"):
        list_tables(tmp_path)
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match=r"3 x \.jpg.*images as a column of bytes"):
        list_tables(tmp_path)
    with pytest.raises(DataError, match="must be a folder"):
        list_tables(tmp_path / "0.jpg")


def test_only_broken_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"can be read \(got broken.parquet: unreadable"):
        list_tables(tmp_path)
