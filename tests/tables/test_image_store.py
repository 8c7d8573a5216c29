"""The bytes of images: each content once, part by part."""

import hashlib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.tables import image_store
from graphrec.tables.image_store import Images, ImageWriter


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def held(images: Images, asked: list[bytes]) -> dict[bytes, bytes]:
    """Return everything that is there of what is asked for, by digest."""
    wanted = pl.Series([sha(one) for one in asked], dtype=pl.Binary)
    return {digest: image for part in images.batches(wanted) for digest, image in part.iter_rows()}


@given(st.lists(st.binary(max_size=9) | st.none(), max_size=12), st.lists(st.binary(max_size=9), max_size=6))
def test_store_equals_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, given_: list[bytes | None], others: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_store, "PART_BYTES", 16)
        images, digests = Images.of(given_)
    assert digests.to_list() == [None if one is None else sha(one) for one in given_]
    images.save(folder)
    there = {one for one in given_ if one is not None}
    for found in (images, Images.open(folder)):
        asked = [*there, *others]
        assert held(found, asked) == {sha(one): one for one in asked if one in there}
        assert [found.find(sha(one)) for one in asked] == [one if one in there else None for one in asked]


def test_parts_are_bounded_and_skipped_where_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_store, "PART_BYTES", 10)
    writer = ImageWriter(tmp_path)
    for image in (b"a" * 6, b"b" * 6, b"a" * 6, b"c" * 30, b"d"):
        writer.add(image)
    images = writer.close()
    written = [pl.read_parquet(path)["image"].to_list() for path in sorted((tmp_path / "images").iterdir())]
    assert written == [[b"a" * 6], [b"b" * 6], [b"c" * 30], [b"d"]]
    assert images == Images.open(tmp_path)
    (tmp_path / "images" / "00002.parquet").unlink()
    with pytest.raises(FileNotFoundError):
        held(images, [b"d"])
    parts = [part for part in images.parts if Path(str(part)).is_file()]
    assert held(Images(tuple(parts)), [b"d"]) == {sha(b"d"): b"d"}


def test_writing_where_the_parts_lie_leaves_them(tmp_path: Path) -> None:
    writer = ImageWriter(tmp_path)
    writer.add(b"a")
    images = writer.close()
    images.save(tmp_path)
    (tmp_path / "other").mkdir()
    images.save(tmp_path / "other")
    for folder in (tmp_path, tmp_path / "other"):
        assert held(Images.open(folder), [b"a"]) == {sha(b"a"): b"a"}


def test_images_may_be_named_and_not_kept(tmp_path: Path) -> None:
    writer = ImageWriter(tmp_path, keep=False)
    assert writer.add(b"a") == sha(b"a")
    assert writer.close() == Images()
    assert not list(tmp_path.iterdir())
