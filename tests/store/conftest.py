from datetime import timedelta
from pathlib import Path

import pytest

from graphrec.store import Store, remote, shelf
from tests.object_storage import Bucket, bucket, cloud, s3_server
from tests.store.machines import machine, meanwhile

__all__ = ["bucket", "cloud", "machine", "meanwhile", "s3_server"]


@pytest.fixture(autouse=True)
def _forget_verified() -> None:
    """Let every test read through what it finds."""
    shelf._verified.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    """Return an empty store in a folder."""
    return Store(tmp_path)


@pytest.fixture
def spare_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gc at a URI take what was written just now."""
    monkeypatch.setattr(remote, "SPARED", timedelta(seconds=-5))


@pytest.fixture
def at_uri(bucket: Bucket, spare_nothing: None) -> Store:
    """Return an empty store on object storage."""
    return Store(bucket.uri())


@pytest.fixture(params=["folder", "at_uri"])
def store(request: pytest.FixtureRequest) -> Store:
    """Return an empty store of either kind: both keep the same promises."""
    found: Store = request.getfixturevalue(request.param)
    return found
