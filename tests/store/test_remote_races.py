"""Machines that race, and gc without locks: what is looked at twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import ArtifactError, StoreWriteError
from graphrec.store import Artifact, Store, remote, remote_records
from graphrec.store.objects import Objects
from tests.object_storage import Bucket
from tests.store.machines import Machines, attempts
from tests.store.worker import key, put, start


def racing(stores: list[Store], work: Callable[[Store], Any]) -> list[Any]:
    """Return what ``work`` gives on every store, all at once."""
    ready = threading.Barrier(len(stores))

    def run(store: Store) -> Any:
        ready.wait()
        return work(store)

    with ThreadPoolExecutor(len(stores)) as pool:
        return list(pool.map(run, stores))


def test_machines_that_race_share_one_artifact(bucket: Bucket, machine: Machines) -> None:
    stores = [machine() for _ in range(4)]
    written = threading.Barrier(4)

    def publish(store: Store) -> Artifact:
        def mine(folder: Path) -> None:
            (folder / "who").write_text(str(store.root))
            written.wait()

        return store.publish("stage", key(), mine)

    found = racing(stores, publish)
    assert len({one.digest for one in found}) == len({one.file("who").read_text() for one in found}) == 1
    for one in found:
        one.verify()
    assert len(attempts(bucket)) == 1
    assert not [path for store in stores for path in store.root.glob("unsent/artifacts/*/*")]


def test_machines_that_race_lose_no_version_and_no_move(machine: Machines) -> None:
    stores = [machine() for _ in range(4)]
    artifact = put(stores[0])

    def many(store: Store) -> None:
        for number in range(4):
            version = store.add_version({"stage": artifact}, {"who": str(store.root), "number": number})
            store.set_alias("latest", version)

    racing(stores, many)
    store = machine()
    assert [one.name for one in store.versions()] == [f"v{number:04d}" for number in range(1, 17)]
    assert len({(one.metrics["who"], one.metrics["number"]) for one in store.versions()}) == 16
    assert sorted(move["version"] for move in store.alias_history("latest")) == [one.name for one in store.versions()]


@pytest.mark.slow
def test_processes_of_one_machine_share_its_mirror(bucket: Bucket, machine: Machines) -> None:
    machine()
    writers = [start("many", bucket.uri(), who) for who in "ab"]
    answers = [writer.communicate() for writer in writers]
    assert [error for _, error in answers] == ["", ""]
    assert len({digests for digests, _ in answers}) == 1
    store = Store(bucket.uri())
    assert len(store.versions()) == len(store.alias_history("latest")) == 20
    assert len(attempts(bucket)) == 10


def test_gc_puts_back_what_a_version_came_to_name(machine: Machines, meanwhile: Callable[..., None]) -> None:
    job, collector = machine(), machine()
    artifact = put(job)
    saved: list[str] = []

    def name_it() -> None:
        # The job looked at its artifacts, then gc took the manifest away, then the version was published.
        job._catalogue.records.create("versions", "v0001", record)
        saved.append("v0001")

    record = _version_bytes(job, artifact)
    meanwhile(remote, "failpoint", name_it)
    assert collector.gc(keep=1).artifacts == ()
    assert saved == ["v0001"]
    machine().verify("v0001")


def _version_bytes(store: Store, artifact: Artifact) -> bytes:
    """Return the record of a version, and leave none behind."""
    store.add_version({"stage": artifact}, {})
    data = store._catalogue.records.read("versions", "v0001")
    store._catalogue.records.remove("versions", "v0001")
    assert data is not None
    return data


def test_a_version_whose_artifact_a_gc_took_is_taken_back(machine: Machines, meanwhile: Callable[..., None]) -> None:
    job, collector = machine(), machine()
    artifact = put(job)
    meanwhile(remote_records.RemoteRecords, "create", lambda: collector.gc(keep=1))
    with pytest.raises(ArtifactError, match=r"\(got none\); run the stage again"):
        job.add_version({"stage": artifact}, {})
    assert job.versions() == []
    assert job.add_version({"stage": put(job)}, {}).name == "v0001"


def test_gc_puts_back_a_version_that_an_alias_came_to_name(machine: Machines, meanwhile: Callable[..., None]) -> None:
    store, collector = machine(), machine()
    for number in range(3):
        store.add_version({"stage": put(store, number)}, {})
    meanwhile(remote_records.RemoteRecords, "remove", lambda: store.set_alias("production", "v0001"))
    assert collector.gc(keep=1).versions == ("v0002",)
    machine().verify("production")


def test_an_alias_says_so_when_a_gc_dropped_its_version(machine: Machines, meanwhile: Callable[..., None]) -> None:
    store, collector = machine(), machine()
    for number in range(2):
        store.add_version({"stage": put(store, number)}, {})
    meanwhile(Objects, "create", lambda: collector.gc(keep=1))
    with pytest.raises(ArtifactError, match=r"version must be one of .*v0002 \(got 'v0001'\)"):
        store.set_alias("production", "v0001")


def test_an_alias_that_never_stands_still_is_one_error(machine: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    store = machine()
    store.set_alias("latest", store.add_version({"stage": put(store)}, {}))
    monkeypatch.setattr(remote_records, "ATTEMPTS", 2)
    monkeypatch.setattr(Objects, "replace", lambda *args: False)
    with pytest.raises(StoreWriteError, match=r"aliases/latest\.json must stand still"):
        store.set_alias("latest", "v0001")
