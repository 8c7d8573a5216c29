from collections.abc import Iterator
from pathlib import Path

import pytest

from graphrec.store import Store
from tests.serving.world import Running, publish, serving


@pytest.fixture(scope="session")
def planted_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one version, which nobody may change."""
    folder = tmp_path_factory.mktemp("served")
    publish(Store(folder), 0)
    return folder


@pytest.fixture(scope="session")
def server(planted_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with tokens; tests use users of their own where they change something."""
    with serving(
        planted_store, tmp_path_factory.mktemp("state"), max_body_bytes=8192, max_image_bytes=65536
    ) as running:
        yield running
