from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import ArtifactError, ConfigError
from graphrec.store.records import check_fingerprint, check_name, decode, encode, inside

BAD_NAMES = [
    *("", ".", "..", "../x", "a/b", "a\\b", "..%2f", "/etc/passwd", "-rf", "_x", "CON", "Latest", "a b", "a\n", "a\0"),
    *("a" * 65, "a" * 300, "ａ", "․․", "a∕b", "é", "~", "a:b", "a*"),
]


def test_a_record_comes_back() -> None:
    record = {"name": "v0001", "metrics": {"recall": 0.25}, "list": [1, None, "é"]}
    assert decode(encode(record), Path("x.json")) == record


def test_every_flipped_or_missing_byte_is_detected() -> None:
    data = encode({"name": "v0001", "metrics": {"recall": 0.25, "who": "é"}})
    rng = np.random.Generator(np.random.PCG64(2))
    for place in range(len(data)):
        flipped = data[:place] + bytes([data[place] ^ (1 << rng.integers(8))]) + data[place + 1 :]
        with pytest.raises(ArtifactError):
            decode(flipped, Path("x.json"))
        with pytest.raises(ArtifactError, match="must be as it was written"):
            decode(data[:place], Path("x.json"))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000])
def test_other_content_is_refused(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="must be as it was written"):
        decode(data, Path("x.json"))


def test_a_newer_format_is_refused_with_the_remedy() -> None:
    data = encode({"name": "v0001"}).replace(b'"format_version": 1', b'"format_version": 2')
    with pytest.raises(ArtifactError, match=r"format_version must be at most 1 \(got 2 .*upgrade this one"):
        decode(data, Path("manifest.json"))


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"alias must match .* choose another name"):
        check_name("alias", name)
    with pytest.raises(ConfigError, match="64 hex digits"):
        check_fingerprint(name)


@pytest.mark.parametrize("name", ["latest", "v0001", "a", "9", "index-flit", "a..b", "a" * 64])
def test_good_names_pass(name: str) -> None:
    assert check_name("alias", name) == name


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "store"
    root.mkdir()
    (root / "in").symlink_to(root / "artifacts")
    (root / "out").symlink_to(tmp_path)
    assert inside(root, "in", "x") == root / "in" / "x"
    for parts in (("out",), ("out", "x"), ("..", "x"), ("in", "..", "..", "x")):
        with pytest.raises(ArtifactError, match="must stay inside the store"):
            inside(root, *parts)
