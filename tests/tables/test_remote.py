"""Tables at a URI: read as those in a folder are, copied once, never torn."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from graphrec.errors import ConfigError, DataError, StoreWriteError
from graphrec.store.objects import Objects
from graphrec.tables.config import InputConfig
from graphrec.tables.load import load_tables, validate_tables
from graphrec.tables.remote import local_data, matches, remote_files
from tests.object_storage import Bucket, upload_folder
from tests.tables.world import NOW, config, good_tables, planted, with_row, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of tables, one of them in parts and one bad row among them."""
    tables = good_tables()
    events = with_row(tables.pop("events"), 3, user_id="nobody")
    write(tmp_path / "data", tables)
    (tmp_path / "data" / "events").mkdir()
    for number, part in enumerate(events.iter_slices(25)):
        part.write_parquet(tmp_path / "data" / "events" / f"part={number}.parquet")
    return tmp_path / "data"


@pytest.fixture
def uri(bucket: Bucket, folder: Path) -> str:
    """Return the URI of the same tables."""
    upload_folder(folder, bucket.objects("tables"))
    return bucket.uri("tables")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the keys whose content is read, as they are read."""
    keys: list[str] = []
    read = Objects.read

    def noting(self: Objects, key: str, *args: object, **named: object) -> str | None:
        keys.append(key)
        return read(self, key, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Objects, "read", noting)
    return keys


def schema(events: str = "events/*.parquet") -> InputConfig:
    """Return the declared schema with the events read from several files."""
    edges = [one.model_dump() for one in config().edges]
    edges = [one | {"table": events} if one["table"] == "events.parquet" else one for one in edges]
    return config(edges=edges)


def test_tables_at_a_uri_are_those_of_the_folder(uri: str, folder: Path) -> None:
    here, there = load_tables(schema(), folder, now=NOW), load_tables(schema(), uri, now=NOW)
    for name, frame in here.tables.nodes.items():
        assert_frame_equal(frame, there.tables.nodes[name])
    for one, other in zip(here.tables.edges, there.tables.edges, strict=True):
        assert_frame_equal(one.frame, other.frame)
    assert_frame_equal(here.quarantine, there.quarantine)
    assert here.quarantine["file"].unique().to_list() == ["events/part=0.parquet"]
    assert here.report == there.report


def test_what_stands_is_copied_once(uri: str, bucket: Bucket, fetched: list[str], tmp_path: Path) -> None:
    first = local_data(schema(), uri)
    assert sorted(fetched) == sorted(one.relative_to(first).as_posix() for one in first.rglob("*.parquet"))
    fetched.clear()
    assert local_data(schema(), f"{uri}/") == first
    assert fetched == []

    before = (first / "follows.parquet").read_bytes()
    (tmp_path / "new.parquet").write_bytes(before[::-1])  # of the same size
    bucket.objects("tables").upload("follows.parquet", tmp_path / "new.parquet")
    second = local_data(schema(), uri)
    assert fetched == ["follows.parquet"]
    assert second != first
    assert (second / "follows.parquet").read_bytes() == (tmp_path / "new.parquet").read_bytes()
    assert (first / "follows.parquet").read_bytes() == before  # who reads there goes on with what he digested


def test_only_what_is_named_is_copied(uri: str, bucket: Bucket, folder: Path) -> None:
    bucket.objects("tables").upload("huge.parquet", folder / "users.parquet")
    bucket.objects("tables").upload("truth/config.json", folder / "users.parquet")
    assert not (local_data(schema(), uri) / "huge.parquet").exists()
    assert (local_data(schema(), uri, also=("truth/*", "none/*")) / "truth" / "config.json").is_file()


def test_a_missing_table_names_the_uri(uri: str) -> None:
    asked = schema("clicks/*.parquet")
    message = rf"table must be a file below {uri} \(got 'clicks/\*\.parquet'\)"
    with pytest.raises(DataError, match=message):
        local_data(asked, uri)
    with pytest.raises(DataError, match=message):
        remote_files(asked, uri)
    with pytest.raises(DataError, match=rf"edges\.0\.likes\.table must name a file below {uri} \(got 'clicks/"):
        load_tables(asked, uri, now=NOW)
    report = validate_tables(asked, uri, now=NOW)
    assert [rule for _, _, rule in planted(report)] == ["missing file"] * 3
    assert uri in (report.report[3].fault or "")


@pytest.mark.parametrize("name", ["/etc/users.parquet", "../users.parquet", "a//users.parquet"])
def test_a_name_that_leads_out_is_a_missing_file(uri: str, name: str) -> None:
    with pytest.raises(DataError, match="must be a file below s3://"):
        local_data(schema(name), uri)


def test_a_plan_lists_without_copying(uri: str, folder: Path, fetched: list[str]) -> None:
    found = remote_files(schema(), uri)
    assert found[f"{uri}/users.parquet"] == (folder / "users.parquet").stat().st_size
    assert list(found) == sorted(found)
    assert fetched == []


def test_a_file_that_changes_while_it_is_read_is_refused(
    uri: str, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Objects.list

    def then_changed(self: Objects, prefix: str = "") -> Iterator[object]:
        yield from list(listing(self, prefix))
        (tmp_path / "new").write_bytes(b"new")
        self.upload("events/part=1.parquet", tmp_path / "new")

    monkeypatch.setattr(Objects, "list", then_changed)
    with pytest.raises(DataError, match=rf"{uri}/events/part=1\.parquet must stand still"):
        local_data(schema(), uri)
    assert not [path for path in bucket.cache.rglob("*.draft")]


def test_copies_nobody_asked_for_are_removed_in_the_end(
    uri: str, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = local_data(schema(), uri)
    copies = first.parents[1] / "files"
    number = len(list(copies.iterdir()))
    for path in [first, *copies.iterdir()]:
        os.utime(path, (0, 0))
    assert local_data(schema(), uri) == first  # asked for: young again
    bucket.objects("tables").upload("advertisers.parquet", first / "users.parquet")
    second = local_data(schema(), uri)
    assert first.is_dir()
    os.utime(first, (0, 0))
    bucket.objects("tables").upload("advertisers.parquet", first / "follows.parquet")
    third = local_data(schema(), uri)
    assert [one.is_dir() for one in (first, second, third)] == [False, True, True]
    assert len(list(copies.iterdir())) == number + 1  # the first advertisers went with the folder that held them


def test_no_place_for_copies_is_one_line(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "file"))
    with pytest.raises(StoreWriteError, match=r"GRAPHREC_CACHE must be a folder with room .*\(got Not a directory"):
        local_data(schema(), uri)


def test_no_bucket_and_no_server_are_one_line(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"data must name a bucket that exists \(got s3://nowhere/tables: NoSuchB"):
        local_data(schema(), "s3://nowhere/tables")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"data must answer .* check the network"):
        local_data(schema(), uri)


def test_a_folder_is_itself(folder: Path) -> None:
    assert local_data(schema(), folder) == local_data(schema(), f"file://{folder}") == folder
    assert local_data(schema(), str(folder)) == folder


NAMES = st.lists(st.sampled_from(["a", "ab", "b.c", ".h", "[a]", "a*"]), min_size=1, max_size=4).map("/".join)
PATTERNS = st.lists(st.sampled_from(["a", "a*", "*", "?", "[ab]*", "[!a]*", "*.c", "**", ".*"]), min_size=1, max_size=4)


@given(st.lists(NAMES, max_size=8), PATTERNS.filter(lambda parts: parts[-1] != "**").map("/".join))
def test_a_glob_matches_what_it_matches_in_a_folder(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], pattern: str
) -> None:
    root = tmp_path_factory.mktemp("tree")
    files = []
    for name in names:
        path = root / name
        if not path.exists() and not any((root / parent).is_file() for parent in Path(name).parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            files.append(name)
    found = {path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file()}
    assert {name for name in files if matches(name, pattern)} == found
