from pathlib import Path

import pytest

from graphrec.errors import ConfigError
from graphrec.store import Store
from graphrec.store.uri import cache_folder, local_path, remote_uri
from tests.store.worker import put


def test_only_what_is_no_folder_is_remote() -> None:
    for folder in ("store", "/a/store", "./a:b/c", Path("a"), "file:///a/b"):
        assert remote_uri(folder) is None
    assert remote_uri("s3://bucket/a/") == "s3://bucket/a"


def test_a_file_uri_is_a_plain_folder(tmp_path: Path) -> None:
    assert local_path("file:///a/my%20store") == Path("/a/my store")
    store = Store(f"file://{tmp_path}/store")
    assert store.root == tmp_path / "store"
    assert put(store) == put(Store(tmp_path / "store"))


def test_a_uri_made_a_path_says_so() -> None:
    with pytest.raises(ConfigError, match=r"must be given as text .* give 's3://bucket/store'"):
        Store(Path("s3://bucket/store"))


@pytest.mark.parametrize("place", ["a\0b", "\ud800", Path("a\0b")])
def test_a_name_that_no_file_can_have_says_so(place: Path | str) -> None:
    with pytest.raises(ConfigError, match="folder must have a name that files can have"):
        Store(place)


def test_two_servers_have_two_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://one")
    one = cache_folder("s3://b/s")
    assert one == cache_folder("s3://b/s")
    assert one.parent == tmp_path
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://two")
    assert cache_folder("s3://b/s") != one
    monkeypatch.delenv("GRAPHREC_CACHE")
    assert cache_folder("s3://b/s").parent == Path.home() / ".cache" / "graphrec"
