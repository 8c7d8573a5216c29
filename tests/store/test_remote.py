"""What is the object storage's own: the mirror, files that are torn, crashes, what gc spares."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from graphrec.errors import ArtifactError, StoreWriteError
from graphrec.store import Store, remote, shelf, transfer
from graphrec.store.objects import Objects
from tests.object_storage import Bucket
from tests.store.machines import Machines, attempts
from tests.store.worker import key, put, start, write


def never(folder: Path) -> None:
    raise AssertionError(folder)


def test_the_bucket_holds_what_a_folder_would(bucket: Bucket, machine: Machines, tmp_path: Path) -> None:
    store = machine()
    artifact = put(store)
    store.set_alias("latest", store.add_version({"stage": artifact}, {"recall": 0.5}))
    objects, copy = bucket.objects(), tmp_path / "copy"
    for name in bucket.names():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(objects.get(name) or b"")
    local = Store(copy)
    local.verify("latest")
    assert local.artifact("latest", "stage").digest == artifact.digest == put(Store(tmp_path / "other")).digest

    for path in (one for one in copy.rglob("*") if one.is_file()):
        bucket.objects("moved").upload(path.relative_to(copy).as_posix(), path)
    assert Store(bucket.uri("moved")).artifact("latest", "stage").facts == {"rows": 64}


def test_another_machine_downloads_once(bucket: Bucket, machine: Machines) -> None:
    artifact = put(machine())
    other = machine()
    found = other.find("stage", key())
    assert found is not None
    assert (found.digest, found.created, found.facts) == (artifact.digest, artifact.created, artifact.facts)
    assert found.path != artifact.path
    found.verify()
    bucket.objects().remove(one for one in bucket.names() if "/attempt-" in one)
    assert Store(bucket.uri()).find("stage", key()) == found  # from the mirror
    with pytest.raises(ArtifactError, match=r"parts/ids\.txt must be a file with sha256 .* \(got none\)"):
        machine().find("stage", key())


def test_what_was_published_anew_is_what_the_mirror_gives(machine: Machines) -> None:
    def sized(content: str) -> Callable[[Path], dict[str, int]]:
        return lambda folder: {"characters": (folder / "file").write_text(content)}

    reader, writer = machine(), machine()
    writer.publish("stage", key(), sized("one"))
    held = reader.find("stage", key())
    writer.close()
    writer.gc(keep=1)  # it knows nothing of a reader elsewhere
    assert reader.find("stage", key()) is None
    writer.publish("stage", key(), sized("two"))
    found = reader.find("stage", key())
    assert held is not None
    assert found is not None
    assert (held.file("file").read_text(), found.file("file").read_text()) == ("one", "two")


@pytest.mark.parametrize("damage", [b"", b"bird_0043\n", b"bird_0042"])
def test_a_torn_file_is_named_and_never_seen(bucket: Bucket, machine: Machines, damage: bytes, tmp_path: Path) -> None:
    store = machine()
    store.add_version({"stage": put(store)}, {})
    (name,) = (one for one in bucket.names() if one.endswith("ids.txt"))
    (tmp_path / "damage").write_bytes(damage)
    bucket.objects().upload(name, tmp_path / "damage")
    reader = machine()
    with pytest.raises(ArtifactError, match=rf"^s3://{bucket.name}/store/{name} must be a file with sha256"):
        reader.find("stage", key())
    assert [path for path in reader.root.rglob("*") if path.is_file()] == []
    with pytest.raises(ArtifactError, match=r"ids\.txt must be a file with sha256"):
        store.verify("v0001")  # the mirror's own copy is whole: the storage is read


def test_a_damaged_manifest_is_named(bucket: Bucket, machine: Machines, tmp_path: Path) -> None:
    store = machine()
    put(store)
    (name,) = (one for one in bucket.names() if one.endswith("manifest.json"))
    (tmp_path / "damage").write_bytes((bucket.objects().get(name) or b"").replace(b'"rows": 64', b'"rows": 65'))
    bucket.objects().upload(name, tmp_path / "damage")
    with pytest.raises(ArtifactError, match=rf"damaged record at s3://{bucket.name}/store/{name}"):
        store.find("stage", key())


def test_damage_in_the_mirror_is_found(machine: Machines) -> None:
    store = machine()
    put(store).file("vectors.bin").write_bytes(b"x")
    shelf._verified.clear()
    with pytest.raises(ArtifactError, match=r"vectors\.bin must be 16384 bytes"):
        store.find("stage", key())


def test_what_could_not_be_sent_is_sent_by_the_next_run(
    bucket: Bucket, machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = machine()

    def broken(self: Objects, name: str, path: Path) -> None:
        raise StoreWriteError("store must answer")

    with monkeypatch.context() as patch:
        patch.setattr(Objects, "upload", broken)
        with pytest.raises(StoreWriteError, match="store must answer"):
            put(store)
    assert bucket.names() == []
    assert store.find("stage", key()) is None
    store.close()
    assert Store(bucket.uri()).publish("stage", key(), never).facts == {"rows": 64}
    assert not list(store.root.glob("unsent/artifacts/*/*"))


def test_what_did_not_arrive_is_not_committed(
    bucket: Bucket, machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = Objects.upload
    with monkeypatch.context() as patch:
        patch.setattr(Objects, "upload", lambda *args: None if args[1].endswith("ids.txt") else upload(*args))
        with pytest.raises(StoreWriteError, match="must hold what was sent"):
            put(machine())
    assert not [one for one in bucket.names() if one.endswith("manifest.json")]


def test_a_commit_whose_answer_was_lost_is_ours(
    bucket: Bucket, machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Objects.create

    def deaf(self: Objects, name: str, data: bytes) -> bool:
        create(self, name, data)
        return create(self, name, data)  # as a client does that asks again

    monkeypatch.setattr(Objects, "create", deaf)
    store = machine()
    put(store).verify()
    store.set_alias("latest", store.add_version({"stage": put(store)}, {}))
    store.verify("latest")
    assert len(attempts(bucket)) == 1
    assert {move["version"] for move in store.alias_history("latest")} == {"v0001"}


STEPS = (
    *("publish.committed", "send.written", "send.committed"),
    *("version.committed", "alias.replaced", "collect.withdrawn"),
)
QUICK = (("send.written", True), ("send.committed", False), ("collect.withdrawn", False))
KILLS = [
    pytest.param(step, same, marks=() if (step, same) in QUICK else pytest.mark.slow)
    for step in STEPS
    for same in (True, False)
]


@pytest.mark.parametrize(("step", "same_machine"), KILLS)
def test_a_kill_leaves_nothing_torn_and_a_rerun_finishes(
    bucket: Bucket, machine: Machines, step: str, same_machine: bool
) -> None:
    machine()
    killed = start("everything", bucket.uri(), "first", step)
    killed.communicate()
    assert killed.returncode == -9
    if not same_machine:
        machine()
    store = Store(bucket.uri())
    for number in (0, 1):
        found = store.find("stage", key(number))
        if found is not None:
            found.verify()
    for version in store.versions():
        store.verify(version)
    store.close()

    rerun = start("everything", bucket.uri(), "first")
    assert (rerun.communicate()[1], rerun.returncode) == ("", 0)
    assert store.artifact("latest", "stage").digest == put(machine()).digest
    assert store.find("stage", key(1)) is None  # collected
    assert len(attempts(bucket)) == 1


def test_the_sweep_spares_the_young_and_the_named(
    bucket: Bucket, machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine()
    for step in ("send.written", "send.written"):
        start("everything", bucket.uri(), "first", step).communicate()
    store = machine()
    for number in (1, 2):
        store.save_version(f"named_{number}", {"stage": put(store, number)}, {})
    assert len(attempts(bucket)) == 4
    monkeypatch.setattr(remote, "SPARED", timedelta(hours=1))
    store.gc(keep=1)
    assert len(attempts(bucket)) == 4
    monkeypatch.setattr(remote, "SPARED", timedelta(seconds=-5))
    store.gc(keep=1)
    assert len(attempts(bucket)) == 2
    for version in store.versions():
        store.verify(version)


def test_gc_spares_what_is_young_and_what_this_machine_holds(
    machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder, other = machine(), None
    put(holder)
    assert Store(holder.place).gc(keep=1).artifacts == ()  # another process here would see the lease as well
    monkeypatch.setattr(remote, "SPARED", timedelta(hours=1))
    other = machine()
    assert other.gc(keep=1).artifacts == ()
    monkeypatch.setattr(remote, "SPARED", timedelta(seconds=-5))
    assert [one.fingerprint for one in other.gc(keep=1, dry_run=True).artifacts] == [key()]
    assert other.find("stage", key()) is not None
    other.close()
    assert [one.fingerprint for one in other.gc(keep=1).artifacts] == [key()]
    assert holder.find("stage", key()) is None


def test_gc_leaves_alone_what_is_not_the_stores(bucket: Bucket, machine: Machines, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    for name in ("artifacts/note", "artifacts/Mine/some/where", "notes/x.json"):
        bucket.objects().upload(name, tmp_path / "note")
    machine().gc(keep=1)
    assert bucket.names() == ["artifacts/Mine/some/where", "artifacts/note", "notes/x.json"]


def test_a_file_gone_while_it_is_read_is_named(
    bucket: Bucket, machine: Machines, meanwhile: Callable[..., None]
) -> None:
    put(machine())
    meanwhile(transfer, "_fetch_file", lambda: bucket.objects().remove(bucket.names()))
    with pytest.raises(ArtifactError, match=r"must be a file with sha256 .* \(got none\)"):
        machine().find("stage", key())


def test_two_loads_of_one_write_are_equal(machine: Machines) -> None:
    store = machine()
    assert store.publish("stage", key(5), write).digest == put(machine(), 6).digest
