"""A real S3 server on this machine, for tests: obstore speaks HTTP with it as with any other."""

import itertools
import logging
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from graphrec.store.objects import Objects

_numbers = itertools.count()


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of the server.

    Attributes:
        server: Where it answers.
        cache: What stands in for this machine's cache.
    """

    server: str
    cache: Path
    name: str = field(default_factory=lambda: f"bucket-{next(_numbers)}")

    def __post_init__(self) -> None:
        with urllib.request.urlopen(urllib.request.Request(f"{self.server}/{self.name}", method="PUT")) as answer:
            assert answer.status == 200

    def uri(self, prefix: str = "store") -> str:
        """Return the URI of a prefix."""
        return f"s3://{self.name}/{prefix}"

    def objects(self, prefix: str = "store") -> Objects:
        """Return the objects below a prefix, behind the store's back."""
        return Objects(self.uri(prefix))

    def names(self, prefix: str = "store") -> list[str]:
        """Return what lies below a prefix."""
        return [one.key for one in self.objects(prefix).list()]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Run moto's S3 for the session.

    moto looks for a standing object and writes the new one in two steps, so under threads two writers can both "put if
    absent"; a lock around its whole PUT gives what S3 promises.
    """
    from moto.s3.responses import S3Response
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    one_by_one, put_object = threading.Lock(), S3Response.put_object

    def locked_put(self: S3Response) -> object:
        with one_by_one:
            return put_object(self)

    patch = pytest.MonkeyPatch()
    patch.setattr(S3Response, "put_object", locked_put)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    patch.undo()


@pytest.fixture
def cloud(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point the environment at the server, with keys, and nothing of the machine's own settings."""
    return point_at(s3_server, monkeypatch)


def point_at(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set what the environment says of object storage, and return the server."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SKIP_SIGNATURE"):
        monkeypatch.delenv(name, raising=False)
    settings = {"AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    # Where a machine without keys asks for its role: nobody answers there.
    for name, value in {**settings, "AWS_REGION": "us-east-1", "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def bucket(cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Return an empty bucket, and a cache of the test's own."""
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    return Bucket(cloud, tmp_path / "cache")


def upload_folder(folder: Path, objects: Objects) -> None:
    """Put every file below a folder."""
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        objects.upload(path.relative_to(folder).as_posix(), path)
