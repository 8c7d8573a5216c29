"""Several machines at one bucket, and things that happen in between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphrec.store import Store
from tests.object_storage import Bucket

Machines = Callable[[], Store]


@pytest.fixture
def machine(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare_nothing: None) -> Machines:
    """Return how to open the bucket's store from one more machine, that is, with an empty cache."""
    numbers = iter(range(100))

    def another() -> Store:
        monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / f"machine-{next(numbers)}"))
        return Store(bucket.uri())

    return another


def attempts(bucket: Bucket) -> set[str]:
    """Return the folders of files in the bucket."""
    return {one.split("/")[3] for one in bucket.names() if "/attempt-" in one}


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return how to let something happen just before a call, once."""

    def before(owner: Any, name: str, happen: Callable[[], object]) -> None:
        real, todo = getattr(owner, name), [happen]

        def patched(*args: Any, **named: Any) -> Any:
            if todo:
                todo.pop()()
            return real(*args, **named)

        monkeypatch.setattr(owner, name, patched)

    return before
