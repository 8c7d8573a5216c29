"""Images in files of their own: found, kept inside their folder, and known by what they hold."""

import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from graphrec.errors import DataError
from graphrec.pipeline.sources import sources_digest
from graphrec.tables import images
from graphrec.tables.clean import Tables
from graphrec.tables.config import InputConfig
from graphrec.tables.image_files import find_image
from graphrec.tables.load import LoadedTables, load_tables
from graphrec.tables.remote import local_data
from tests.object_storage import Bucket, upload_folder
from tests.tables.test_image_store import held
from tests.tables.world import CONFIG, FLITS, NOW, check_counts, config, good_tables, load, png, validate, write


def named(changes: dict[int, str | None] | None = None) -> list[str | None]:
    """Return the image column of the good tables as paths, some of them replaced."""
    rows = {n: f"images/{n}.png" if n % 3 == 0 else None for n in range(FLITS)}
    return list((rows | (changes or {})).values())


def in_files(folder: Path, changes: dict[int, str | None] | None = None) -> Path:
    """Write the good tables with their images in files."""
    tables = good_tables()
    (folder / "images").mkdir(parents=True)
    for n in range(0, FLITS, 3):
        (folder / "images" / f"{n}.png").write_bytes(png((8, 8 + n)))
    tables["flits"] = tables["flits"].with_columns(image=pl.Series(named(changes), dtype=pl.String))
    return write(folder, tables)


def schema(**flit: Any) -> InputConfig:
    """Return the declared schema with other settings of the flits."""
    return config(nodes={**CONFIG["nodes"], "flit": {**CONFIG["nodes"]["flit"], **flit}})


def broken(loaded: LoadedTables) -> list[tuple[int, str, str]]:
    """Return row, rule and value of every quarantined image."""
    check_counts(loaded)
    return list(loaded.quarantine.filter(pl.col("column") == "image").select("row", "rule", "value").iter_rows())


def test_files_give_the_tables_that_bytes_give(tmp_path: Path) -> None:
    tables = good_tables()
    pictures = [png((8, 8 + n)) if n % 3 == 0 else None for n in range(FLITS)]
    tables["flits"] = tables["flits"].with_columns(image=pl.Series(pictures, dtype=pl.Binary))
    bytes_, files = load(write(tmp_path / "bytes", tables)), load(in_files(tmp_path / "files"))
    assert_frame_equal(files.tables.nodes["flit"], bytes_.tables.nodes["flit"])
    asked = [one for one in pictures if one is not None]
    assert held(files.tables.images, asked) == held(bytes_.tables.images, asked)
    assert len(held(files.tables.images, asked)) == 10
    assert files.report == bytes_.report


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_text_files_name_images_too(tmp_path: Path, suffix: str) -> None:
    folder = in_files(tmp_path, {3: "", 4: "  "})
    flits = pl.read_parquet(folder / "flits.parquet")
    (flits.write_csv if suffix == "csv" else flits.write_ndjson)(folder / f"flits.{suffix}")
    loaded = load(folder, schema(table=f"flits.{suffix}"))
    assert loaded.tables.nodes["flit"]["image"].null_count() == FLITS - 9
    assert not broken(loaded)


def test_broken_files_are_told_with_file_row_rule_and_name(tmp_path: Path) -> None:
    planted = {
        0: "images/gone.png", 1: "images", 2: "images/empty.png", 3: "images/cut.png", 4: "images/text.png",
        5: "../outside.png", 6: f"{tmp_path}/outside.png", 7: "https://birds.example/1.png", 8: "images/link.png",
        9: "images/x\x00y.png", 10: "n" * 5000, 11: "ftp://birds.example/1.png", 12: "images/huge.png",
        13: "images/long.png", 14: "file://elsewhere/images/0.png", 15: f"file://{tmp_path}/outside.png",
        16: "images/circle.png",
    }  # fmt: skip
    folder = in_files(tmp_path / "data", dict(planted))
    (tmp_path / "outside.png").write_bytes(png())
    (folder / "images" / "empty.png").write_bytes(b"")
    (folder / "images" / "cut.png").write_bytes(png()[:40])
    (folder / "images" / "text.png").write_text("no image")
    (folder / "images" / "huge.png").write_bytes(png((300, 300)))
    (folder / "images" / "long.png").write_bytes(png() + b"x" * 5000)
    (folder / "images" / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "images" / "circle.png").symlink_to(folder / "images" / "circle.png")
    limits = {**CONFIG["quality"], "max_image_pixels": 10_000, "max_image_bytes": 4096}
    loaded = validate(folder, config(quality=limits))
    expected = {
        "missing image file": (0, 1, 9, 10, 16),
        "empty image": (2,),
        "undecodable image": (3, 4),
        "image outside its folder": (5, 6, 8, 15),
        "image at a URL": (7, 11, 14),
        "image too large": (12, 13),
    }
    assert sorted(broken(loaded)) == sorted(
        (row, rule, planted[row][:200]) for rule, rows in expected.items() for row in rows
    )
    assert set(loaded.quarantine["file"]) == {"flits.parquet"}
    flit = loaded.tables.nodes["flit"]
    assert flit.height == FLITS
    assert flit["image"].null_count() == FLITS - 4
    assert loaded.report[1].rows_without_image == len(planted)


def test_bytes_beyond_the_limit_are_refused_unread(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, good_tables()), config(quality={**CONFIG["quality"], "max_image_bytes": 20}))
    assert {rule for _, rule, _ in broken(loaded)} == {"image too large"}
    assert not loaded.tables.images.parts


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("https://birds.example/1.png", "download the images first and name their files"),
        ("../elsewhere/1.png", "name files below `data`, or set `image_folder`"),
    ],
)
def test_a_column_of_what_no_row_may_name_tells_the_remedy(tmp_path: Path, value: str, remedy: str) -> None:
    folder = in_files(tmp_path, dict.fromkeys(range(20), value))
    with pytest.raises(DataError, match=rf"nodes\.flit\.image must hold .*got 20 other values.*{remedy}"):
        load(folder)
    [fault] = [one.fault for one in validate(folder).report if one.name == "nodes.flit"]
    assert remedy in str(fault)


def test_urls_of_local_files_are_read(tmp_path: Path) -> None:
    folder = in_files(tmp_path / "my data")
    names = [None if name is None else (folder / name).as_uri() for name in named()]
    names[3] = f"file://localhost{(folder / 'images' / '3.png').as_uri().removeprefix('file://')}"
    flits = pl.read_parquet(folder / "flits.parquet").with_columns(image=pl.Series(names, dtype=pl.String))
    expected = load(folder).tables.nodes["flit"]
    flits.write_parquet(folder / "flits.parquet")
    assert_frame_equal(load(folder).tables.nodes["flit"], expected)


@pytest.mark.parametrize("absolute", [True, False])
def test_images_may_lie_in_a_folder_of_their_own(tmp_path: Path, absolute: bool) -> None:
    folder = in_files(tmp_path / "data")
    expected = load(folder).tables.nodes["flit"]
    (folder / "images").rename(tmp_path / "images")
    place = tmp_path if absolute else ".."
    assert_frame_equal(load(folder, schema(image_folder=str(place))).tables.nodes["flit"], expected)
    assert broken(validate(folder, schema(image_folder=str(tmp_path / "images"))))


def test_image_column_of_numbers_is_refused(tmp_path: Path) -> None:
    tables = good_tables()
    tables["flits"] = tables["flits"].with_columns(image=pl.lit(3))
    with pytest.raises(DataError, match=r"nodes\.flit\.image must be encoded image bytes or file names \(got Int32\)"):
        load(write(tmp_path, tables))


def test_what_a_file_holds_belongs_to_the_fingerprint(tmp_path: Path) -> None:
    folder, settings = in_files(tmp_path / "data"), config()
    seen = [sources_digest(settings, folder)]
    assert sources_digest(settings, folder) == seen[0]
    (folder / "images" / "unnamed.png").write_bytes(png())
    assert sources_digest(settings, folder) == seen[0]
    stamp = os.stat(folder / "images" / "3.png")
    (folder / "images" / "3.png").write_bytes(png((8, 12)))
    os.utime(folder / "images" / "3.png", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    seen.append(sources_digest(settings, folder))
    (folder / "images" / "3.png").unlink()
    seen.append(sources_digest(settings, folder))
    assert len(set(seen)) == 3


def test_found_file_is_the_one_named(tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(b"x")
    (tmp_path / "a%20b.png").write_bytes(b"y")
    root = tmp_path.resolve()
    assert find_image("a b.png", root).path == root / "a b.png"
    assert find_image("./x/../a b.png", root).path == root / "a b.png"
    assert find_image("a%20b.png", root).path == root / "a%20b.png"
    assert find_image(f"file://{root}/a%20b.png", root).path == root / "a b.png"
    assert find_image(f"FILE://{root}/a%20b.png", root).path == root / "a b.png"
    assert find_image(f"file://{root}/%2e%2e/a.png", root).rule == "image outside its folder"


def test_images_at_a_uri_are_brought_along(tmp_path: Path, bucket: Bucket) -> None:
    folder = in_files(tmp_path / "data", {0: "images/gone.png", 6: "../6.png", 9: "./images/9.png"})
    (folder / "images" / "unnamed.png").write_bytes(png())
    upload_folder(folder, bucket.objects("tables"))
    here, there = load(folder), load_tables(config(), bucket.uri("tables"), now=NOW)
    assert_frame_equal(here.tables.nodes["flit"], there.tables.nodes["flit"])
    assert broken(here) == broken(there)
    local = local_data(config(), bucket.uri("tables"))
    copied = {one.name for one in (local / "images").iterdir()}
    assert copied == {f"{n}.png" for n in range(3, FLITS, 3) if n != 6}
    assert sources_digest(config(), local) == sources_digest(config(), folder)


def test_size_of_a_batch_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, bytes_ = in_files(tmp_path / "files", {3: "images/gone.png"}), write(tmp_path / "bytes", good_tables())
    expected = [load(folder) for folder in (files, bytes_)]
    for batch, size in ((1, 1 << 26), (3, 1 << 26), (1024, 1)):
        monkeypatch.setattr(images, "BATCH", batch)
        monkeypatch.setattr(images, "BATCH_BYTES", size)
        for folder, one in zip((files, bytes_), expected, strict=True):
            found = load(folder)
            assert_frame_equal(found.tables.nodes["flit"], one.tables.nodes["flit"])
            assert_frame_equal(found.quarantine, one.quarantine)
            for part, other in zip(found.tables.images.parts, one.tables.images.parts, strict=True):
                assert isinstance(part, pl.DataFrame)
                assert isinstance(other, pl.DataFrame)
                assert_frame_equal(part, other)


def test_saved_tables_hold_their_images(tmp_path: Path) -> None:
    folder, artifact = in_files(tmp_path / "data"), tmp_path / "artifact"
    artifact.mkdir()
    loaded = load_tables(config(), folder, now=NOW, images=artifact)
    loaded.tables.save(artifact)
    shutil.rmtree(folder)
    opened = Tables.open(artifact, config())
    assert_frame_equal(opened.nodes["flit"], loaded.tables.nodes["flit"])
    assert len(held(opened.images, [png((8, 8 + n)) for n in range(0, FLITS, 3)])) == 10
    assert validate(in_files(tmp_path / "again")).tables.images.parts == ()
