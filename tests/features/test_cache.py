import hashlib
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import ShapeError
from graphrec.features import VectorCache
from graphrec.features.cache import text_digests


def vectors(count: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.Generator(np.random.PCG64(seed)).normal(size=(count, 4)).astype(np.float32)


def test_known_texts_come_back_to_the_bit_and_others_do_not(tmp_path: Path) -> None:
    kept = vectors(3)
    VectorCache(tmp_path, "k").add(text_digests(["a", "b", "ü😀"]), kept)
    cache = VectorCache(tmp_path, "k")
    found, known = cache.lookup(text_digests(["ü😀", "new", "a", "a"]), 4)
    np.testing.assert_array_equal(known, [True, False, True, True])
    np.testing.assert_array_equal(found[known], kept[[2, 0, 0]])
    assert not found[~known].any()
    assert (cache.hits, cache.misses) == (3, 1)


def test_keys_do_not_mix(tmp_path: Path) -> None:
    VectorCache(tmp_path, "k").add(text_digests(["a"]), vectors(1))
    assert not VectorCache(tmp_path, "other").lookup(text_digests(["a"]), 4)[1].any()


def test_every_addition_is_a_new_part_named_by_its_bytes(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, "k")
    cache.add(text_digests(["a"]), vectors(1))
    cache.add(text_digests(["b"]), vectors(1, seed=1))
    cache.add(text_digests([]), vectors(0))
    parts = sorted((tmp_path / "k").iterdir())
    assert len(parts) == 2
    assert all(hashlib.sha256(part.read_bytes()).hexdigest() == part.stem for part in parts)


def test_same_rows_make_the_same_part(tmp_path: Path) -> None:
    for _ in range(2):
        VectorCache(tmp_path, "k").add(text_digests(["a", "b"]), vectors(2))
    assert len(list((tmp_path / "k").iterdir())) == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_corrupt_part_is_left_out_and_said(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    cache = VectorCache(tmp_path, "k")
    cache.add(text_digests(["a"]), vectors(1))
    [part] = (tmp_path / "k").iterdir()
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes({"flip": bytes(content), "cut": bytes(content[:-7]), "empty": b""}[damage])
    cache.add(text_digests(["b"]), vectors(1, seed=1))
    with caplog.at_level(logging.WARNING):
        _, known = cache.lookup(text_digests(["a", "b"]), 4)
    np.testing.assert_array_equal(known, [False, True])
    assert "corrupt" in caplog.text


def test_part_of_another_width_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    VectorCache(tmp_path, "k").add(text_digests(["a"]), vectors(1))
    with caplog.at_level(logging.WARNING):
        assert not VectorCache(tmp_path, "k").lookup(text_digests(["a"]), 5)[1].any()
    assert "another width" in caplog.text


def test_half_written_part_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        VectorCache(tmp_path, "k").add(text_digests(["a"]), vectors(1))
    assert not list((tmp_path / "k").iterdir())


def test_vectors_with_nan_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ShapeError):
        VectorCache(tmp_path, "k").add(text_digests(["a"]), np.full((1, 4), np.nan, dtype=np.float32))


@settings(max_examples=25)
@given(st.lists(st.lists(st.text(max_size=6), max_size=5), max_size=4), st.lists(st.text(max_size=6), max_size=8))
def test_cache_equals_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, additions: list[list[str]], asked: list[str]
) -> None:
    cache, twin = VectorCache(tmp_path_factory.mktemp("cache"), "k"), {}
    for texts in additions:
        rows = np.array([[len(text), sum(map(ord, text)), 1, 2] for text in texts], dtype=np.float32).reshape(-1, 4)
        cache.add(text_digests(texts), rows)
        twin.update(dict(zip(texts, rows, strict=True)))
    found, known = cache.lookup(text_digests(asked), 4)
    for text, row, hit in zip(asked, found, known, strict=True):
        assert hit == (text in twin)
        np.testing.assert_array_equal(row, twin.get(text, np.zeros(4)))
