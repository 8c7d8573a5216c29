from collections.abc import Iterator
from pathlib import Path

import pytest

from graphrec.store import Store
from tests.serving.explorer.world import publish_whole
from tests.serving.world import Running, serving


@pytest.fixture(scope="session")
def whole_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose version holds a graph, images and a map."""
    folder = tmp_path_factory.mktemp("whole")
    publish_whole(Store(folder))
    return folder


@pytest.fixture(scope="module")
def shown(whole_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over it, with a state of its own for each file of tests."""
    with serving(whole_store, tmp_path_factory.mktemp("state")) as running:
        yield running
