"""The door: verbs against a real server, and what somebody reads who has no server, no bucket or no keys."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from graphrec.errors import ArtifactError, ConfigError, DataError, GraphrecError, StoreWriteError
from graphrec.store import Store, objects
from graphrec.store.objects import Objects, side_by_side
from tests.object_storage import Bucket, point_at
from tests.store.worker import put

NOBODY = "http://127.0.0.1:9"


class Refusing(BaseHTTPRequestHandler):
    """Answers every request with one error."""

    status, body = 403, b""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_PUT = do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Refusing]]:
    """Point the environment at a server that refuses everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    point_at(f"http://127.0.0.1:{server.server_port}", monkeypatch)
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    yield Refusing
    server.shutdown()
    server.server_close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(objects.RETRY, "max_retries", 1)


def one_line(error: pytest.ExceptionInfo[GraphrecError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_missing_object_is_none_and_a_present_one_is_read(bucket: Bucket, tmp_path: Path) -> None:
    there = bucket.objects()
    assert (there.get("a/b"), there.stat("a/b"), list(there.list()), there.read("a/b", len)) == (None, None, [], None)
    assert there.create("a/b", b"one")
    assert not there.create("a/b", b"two")
    assert there.get("a/b") == b"one"
    assert [(one.key, one.bytes) for one in there.list()] == [("a/b", 3)]
    there.remove(["a/b", "not/there"])
    assert there.get("a/b") is None
    assert there.stat("../a") is None


def test_an_object_is_replaced_only_if_it_is_the_one_known(bucket: Bucket) -> None:
    there = bucket.objects()
    there.create("a", b"one")
    found = there.get_tagged("a")
    assert found is not None
    assert there.replace("a", b"two", found[1])
    assert not there.replace("a", b"three", found[1])
    assert there.get("a") == b"two"
    there.remove(["a"])
    assert not there.replace("a", b"three", found[1])


@pytest.mark.parametrize("size", [0, 1, objects.PART_BYTES, objects.PART_BYTES * 2 + 17])
def test_files_of_any_size_go_up_and_come_down(bucket: Bucket, tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    there = bucket.objects()
    there.upload("dir/ü x=1", tmp_path / "file")
    with (tmp_path / "copy").open("wb") as file:
        assert there.read("dir/ü x=1", file.write) is not None
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "file").read_bytes()


def test_an_object_that_changed_is_not_read_as_the_one_listed(bucket: Bucket, tmp_path: Path) -> None:
    there = bucket.objects()
    (tmp_path / "file").write_bytes(b"one")
    there.upload("a", tmp_path / "file")
    (listed,) = there.list()
    (tmp_path / "file").write_bytes(b"two")
    there.upload("a", tmp_path / "file")
    assert there.read("a", len, tag=listed.tag) is None


def test_a_server_that_does_not_answer_is_one_line(
    bucket: Bucket, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY)
    store = Store(bucket.uri())
    with pytest.raises(ArtifactError) as error:
        store.resolve("latest")
    assert one_line(error) == (
        f"store must answer (got HTTP error: error sending request from {NOBODY} for {bucket.uri()}); check the "
        "network and the endpoint (AWS_ENDPOINT_URL), then run again"
    )
    with pytest.raises(StoreWriteError, match=r"^store must answer"):
        bucket.objects().create("a", b"")
    with pytest.raises(DataError, match=r"^data must answer"):
        list(Objects(bucket.uri(), thing="data", unreadable=DataError).list())


def test_a_server_that_only_listens_is_given_up(bucket: Bucket, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(objects, "QUICK", {"timeout": "300ms"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ArtifactError, match=r"^store must answer"):
            Store(bucket.uri()).versions()


def test_a_missing_bucket_is_one_line(cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path))
    store = Store("s3://nowhere/store")
    for ask in (lambda: store.resolve("latest"), lambda: put(store), store.versions, lambda: store.gc(1)):
        with pytest.raises(ConfigError) as error:
            ask()
        assert one_line(error) == (
            "store must name a bucket that exists (got s3://nowhere/store: NoSuchBucket); create it or mend the URI"
        )


def test_no_credentials_are_one_line(bucket: Bucket, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigError, match=r"valid credentials .*; set AWS_ACCESS_KEY_ID and AWS_SECRET") as error:
        Store(bucket.uri()).resolve("latest")
    one_line(error)


@pytest.mark.parametrize("half", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_half_the_credentials_are_one_line(bucket: Bucket, half: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(half)
    with pytest.raises(ConfigError, match=r"valid credentials \(got Generic S3 error: Missing .*; set AWS_ACCESS_KEY"):
        Store(bucket.uri())


def test_refused_credentials_are_one_line(refusing: type[Refusing], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "body", b"<Error><Code>InvalidAccessKeyId</Code><Message>no</Message></Error>")
    with pytest.raises(
        ConfigError, match=r"must be opened with valid credentials \(got InvalidAccessKeyId for s3://b/s"
    ):
        Store("s3://b/s").resolve("latest")


def test_no_permission_is_one_line(refusing: type[Refusing], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "body", b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
    with pytest.raises(ArtifactError, match=r"^store must be readable \(got AccessDenied for s3://b/s\)") as error:
        Store("s3://b/s").resolve("latest")
    one_line(error)
    with pytest.raises(StoreWriteError, match=r"^store must be writable \(got AccessDenied for s3://b/s\)"):
        Objects("s3://b/s").create("a", b"")


def test_a_server_in_trouble_is_one_line(
    refusing: type[Refusing], quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusing, "status", 503)
    monkeypatch.setattr(refusing, "body", b"<Error><Code>SlowDown</Code></Error>")
    with pytest.raises(StoreWriteError, match=r"^store must answer \(got SlowDown from http://127"):
        Objects("s3://b/s").create("a", b"")


@pytest.mark.parametrize("uri", ["ftp://host/store", "https://host/store", "memory://", "s3://", "s3://bucket/a//b"])
def test_what_is_no_object_storage_is_refused(cloud: str, uri: str) -> None:
    with pytest.raises(ConfigError, match=r"^store must be .*s3://"):
        Store(uri)


def test_without_obstore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigError, match=r"needs obstore .* pip install 'graphrec\[s3\]'"):
        Store("s3://bucket/store")


def test_google_and_azure_open_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path))
    Store("gs://bucket/store")
    with pytest.raises(ConfigError, match=r"Account must be specified"):
        Store("az://container/store")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    Store("az://container/store")


def test_work_side_by_side_keeps_order_and_raises_the_first_error() -> None:
    assert side_by_side(lambda one: one * 2, range(20)) == list(range(0, 40, 2))

    def fails(one: int) -> int:
        if one == 3:
            raise ArtifactError("three")
        return one

    with pytest.raises(ArtifactError, match="three"):
        side_by_side(fails, range(20))
