from dataclasses import replace

import pytest

from graphrec.errors import ArtifactError, ConfigError
from graphrec.store import Store
from tests.store.worker import key, put


def test_a_version_leads_to_its_artifacts(store: Store) -> None:
    artifact = put(store)
    version = store.add_version({"stage": artifact}, {"recall": 0.5})
    store.set_alias("latest", version)
    for name in (version, "v0001", "latest"):
        assert store.artifact(name, "stage") == artifact
        store.verify(name)
    with pytest.raises(ArtifactError, match=r"must have stage 'index' \(got stage\)"):
        store.artifact("latest", "index")


def test_a_version_names_only_artifacts_of_this_store(store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = put(Store(tmp_path_factory.mktemp("other")), 5)
    with pytest.raises(ArtifactError, match=r"\(got none\); run the stage again"):
        store.add_version({"stage": elsewhere}, {})
    with pytest.raises(ArtifactError, match=r"with digest 00 \(got digest"):
        store.add_version({"stage": replace(put(store), digest="00")}, {})
    assert store.versions() == []


def test_verify_reads_again_what_was_verified_before(folder: Store) -> None:
    artifact = put(folder)
    folder.add_version({"stage": artifact}, {})
    path = artifact.file("parts/ids.txt")
    path.write_text("bird_0043\n")
    assert folder.find("stage", key()) is not None  # read through once per process
    with pytest.raises(ArtifactError, match=r"parts/ids\.txt must be sha256"):
        folder.verify("v0001")


def test_who_asks_for_it_has_everything_read_again(store: Store) -> None:
    artifact = put(store)
    assert store.find("stage", key()) == Store(store.place, recheck=True).find("stage", key()) == artifact
    artifact.file("parts/ids.txt").write_text("bird_0043\n")
    assert store.find("stage", key()) == artifact
    with pytest.raises(ArtifactError, match=r"parts/ids\.txt must be sha256"):
        Store(store.place, recheck=True).find("stage", key())


def test_gc_leaves_alone_where_a_link_leads(folder: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Store(tmp_path_factory.mktemp("other"))
    draft = put(other).path.parent / "attempt-0000000000000000.draft"
    draft.touch()
    folder.add_version({"stage": put(folder, 1)}, {})
    (folder.root / "artifacts" / "linked").symlink_to(other.root / "artifacts" / "stage")
    (folder.root / "artifacts" / "stage" / key()).symlink_to(draft.parent)
    other.close()
    assert folder.gc(keep=1).artifacts == ()
    assert draft.exists()
    assert other.find("stage", key()) is not None


def test_gc_keeps_what_versions_and_aliases_name(store: Store) -> None:
    for number in range(5):
        store.add_version({"stage": put(store, number)}, {})
    store.save_version("trial", {"stage": put(store, 1)}, {})
    store.set_alias("production", "v0001")
    put(store, 9)  # of no version
    store.close()

    told = store.gc(keep=1, dry_run=True)
    assert len(store.versions()) == 6
    done = Store(store.place).gc(keep=1)
    assert done.versions == told.versions == ("v0002", "v0003", "v0004")
    gone = {one.fingerprint for one in done.artifacts}
    assert gone == {one.fingerprint for one in told.artifacts} == {key(2), key(3), key(9)}
    assert done.bytes == 3 * put(store).bytes
    for version in store.versions():
        store.verify(version)
    assert store.next_version_name() == "v0006"
    assert put(store, 2).digest == put(store).digest  # collected artifacts can be published again


def test_gc_spares_what_this_store_holds(store: Store) -> None:
    put(store)
    assert store.gc(keep=1).artifacts == ()
    store.close()
    assert len(store.gc(keep=1).artifacts) == 1
    with pytest.raises(ConfigError, match="keep must be at least 1"):
        store.gc(keep=0)
