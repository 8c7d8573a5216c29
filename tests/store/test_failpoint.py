"""Processes killed, starved and raced inside a publication."""

from pathlib import Path

import pytest

from graphrec.store import Store
from tests.store.worker import key, put, start, write

PUBLISH = ["publish.opened", "publish.written", "publish.sealed", "publish.drafted", "publish.committed"]
AFTER = ["version.drafted", "version.committed", "alias.drafted", "alias.replaced", "gc.withdrawn", "gc.emptied"]


def reference_digest(tmp_path: Path) -> str:
    return put(Store(tmp_path / "reference")).digest


@pytest.mark.parametrize("step", PUBLISH + AFTER)
def test_a_kill_at_any_step_leaves_nothing_torn_and_a_rerun_finishes(tmp_path: Path, step: str) -> None:
    root = tmp_path / "store"
    killed = start("everything", root, "first", step)
    killed.communicate()
    assert killed.returncode == -9

    # What a reader sees now is whole or absent.
    store = Store(root)
    for number in (0, 1):
        found = store.find("stage", key(number))
        if found is not None:
            found.verify()
    for version in store.versions():
        store.verify(version)
    if store.aliases():
        store.verify(store.resolve("latest"))
    store.close()

    rerun = start("everything", root, "first")
    assert rerun.communicate()[1] == ""
    assert rerun.returncode == 0
    assert store.artifact("latest", "stage").digest == reference_digest(tmp_path)
    assert store.find("stage", key(1)) is None  # collected
    assert [path for path in root.rglob("attempt-*.draft")] == []
    assert len([path for path in root.glob("artifacts/*/*/attempt-*")]) == 1


def test_processes_that_race_share_artifacts_and_lose_no_version(tmp_path: Path) -> None:
    writers = [start("many", tmp_path, who) for who in "abcd"]
    answers = [writer.communicate() for writer in writers]
    assert [error for _, error in answers] == [""] * 4
    assert len({digests for digests, _ in answers}) == 1
    store = Store(tmp_path)
    versions = store.versions()
    assert [one.name for one in versions] == [f"v{number:04d}" for number in range(1, 41)]
    assert len({(one.metrics["who"], one.metrics["number"]) for one in versions}) == 40
    assert len(list(tmp_path.glob("artifacts/stage/*/attempt-*"))) == 10
    assert len(store.alias_history("latest")) == 40
    assert not list(tmp_path.rglob("*.draft"))


@pytest.mark.parametrize("limit", [0, 5, 300, 16_000])
def test_a_full_disk_is_one_clear_error_and_frees_the_space(tmp_path: Path, limit: int) -> None:
    put(Store(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    starved = start("full", tmp_path, str(limit))
    output, error = starved.communicate()
    assert (starved.returncode, error) == (0, "")
    assert output.startswith("Store.root must be writable (got File too large in ")
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.name != key(7)] == []
    assert Store(tmp_path).find("stage", key(7)) is None
    put(Store(tmp_path), 7).verify()


def test_gc_leaves_what_a_living_process_found(tmp_path: Path) -> None:
    put(Store(tmp_path))
    reader = start("hold", tmp_path)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "True\n"
    assert Store(tmp_path).gc(keep=1).artifacts == ()
    reader.communicate()
    assert [one.fingerprint for one in Store(tmp_path).gc(keep=1).artifacts] == [key()]
    assert list(tmp_path.glob("artifacts/stage/*")) == []


def test_a_living_writer_is_not_swept(tmp_path: Path) -> None:
    def write_while_others_publish(folder: Path) -> dict[str, int]:
        put(Store(tmp_path), 2)
        assert folder.is_dir()
        return dict(write(folder))

    assert Store(tmp_path).publish("stage", key(), write_while_others_publish).facts == {"rows": 64}
