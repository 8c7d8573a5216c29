import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from graphrec.errors import ArtifactError, ConfigError
from graphrec.store import Store, VersionConflict
from graphrec.store.records import decode, encode
from tests.store.test_records import BAD_NAMES
from tests.store.worker import put


def test_an_empty_store_says_to_run_first(store: Store) -> None:
    for name in ("latest", "v0001"):
        with pytest.raises(ArtifactError, match="run graphrec run CONFIG first"):
            store.resolve(name)
    assert (store.versions(), store.aliases(), store.alias_history("latest")) == ([], {}, [])


def test_an_unknown_version_lists_those_known(store: Store) -> None:
    store.set_alias("latest", store.add_version({"stage": put(store)}, {}))
    with pytest.raises(ArtifactError, match=r"one of latest, v0001 \(got 'v0002'\)"):
        store.resolve("v0002")


def test_a_version_never_changes(store: Store) -> None:
    stages = {"stage": put(store)}
    first = store.save_version("trial", stages, {"recall": 0.5}, parents=["v0001"])
    assert store.save_version("trial", stages, {"recall": 0.5}, parents=("v0001",)) == first == store.resolve("trial")
    for metrics, parents in (({"recall": 0.6}, ["v0001"]), ({"recall": 0.5}, [])):
        with pytest.raises(VersionConflict, match=r"must be new \(got 'trial'"):
            store.save_version("trial", stages, metrics, parents)
    assert store.resolve("trial") == first


def test_numbers_count_up_and_a_run_that_changed_nothing_adds_none(store: Store) -> None:
    assert store.next_version_name() == "v0001"
    stages = {"stage": put(store)}
    first = store.add_version(stages, {"recall": 0.5})
    assert store.add_version(stages, {"recall": 0.5}, parents=[first.name]) == first
    assert store.add_version(stages, {"recall": 0.6}, parents=[first.name]).name == "v0002"
    assert store.add_version(stages, {"recall": 0.5}).name == "v0003"


def test_aliases_move_and_remember(store: Store) -> None:
    names = [store.add_version({"stage": put(store, number)}, {}).name for number in range(3)]
    for name in (*names, names[0]):
        store.set_alias("production", name)
        assert store.resolve("production").name == store.named("production") == store.named(name) == name
    assert [move["version"] for move in store.alias_history("production")] == [*names, names[0]]
    assert store.aliases() == {"production": names[0]}
    with pytest.raises(ArtifactError, match="version must be one of"):
        store.set_alias("production", "v0009")
    assert store.resolve("production").name == names[0]


def test_what_an_alias_names_is_told_without_its_version_but_not_from_a_damaged_record(tmp_path: Path) -> None:
    """Who follows an alias asks again and again: another process's move is seen, and so is damage."""
    store, other = Store(tmp_path), Store(tmp_path)
    for number in range(2):
        version = other.add_version({"stage": put(other, number)}, {})
        other.set_alias("latest", version)
        assert store.named("latest") == store.named("latest") == version.name
    (tmp_path / "versions" / f"{version.name}.json").unlink()
    assert store.named("latest") == version.name
    record = tmp_path / "aliases" / "latest.json"
    record.write_bytes(record.read_bytes().replace(b"v0002", b"v0001"))
    with pytest.raises(ArtifactError, match="damaged record"):
        store.named("latest")
    record.unlink()
    assert store.named("latest") == "latest"


def test_an_alias_and_a_version_never_share_a_name(store: Store) -> None:
    version = store.save_version("trial", {"stage": put(store)}, {})
    for alias in ("trial", "v0007"):
        with pytest.raises(ConfigError, match="must not be a version's name"):
            store.set_alias(alias, version)
    store.set_alias("latest", version)
    with pytest.raises(VersionConflict, match="must not be an alias"):
        store.save_version("latest", {"stage": put(store)}, {})


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_touch_nothing(tmp_path: Path, name: str) -> None:
    folder = Store(tmp_path / "around" / "store")  # so that what lies beside it is this test's own
    artifact = put(folder)
    before = sorted(folder.root.parent.rglob("*"))
    with pytest.raises(ConfigError):
        folder.save_version(name, {"stage": artifact}, {})
    with pytest.raises(ConfigError):
        folder.set_alias(name, "v0001")
    with pytest.raises(ConfigError):
        folder.resolve(name)
    assert sorted(folder.root.parent.rglob("*")) == before


def test_a_renamed_or_edited_version_is_refused(folder: Store) -> None:
    folder.add_version({"stage": put(folder)}, {"recall": 0.5})
    path = folder.root / "versions" / "v0001.json"
    path.with_name("v0002.json").write_bytes(path.read_bytes())
    with pytest.raises(ArtifactError, match="must describe version 'v0002'"):
        folder.resolve("v0002")
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.9"))
    with pytest.raises(ArtifactError, match="damaged record"):
        folder.resolve("v0001")


def test_a_link_out_of_the_store_is_refused(folder: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder.add_version({"stage": put(folder)}, {})
    outside = tmp_path_factory.mktemp("outside") / "v0002.json"
    outside.write_bytes((folder.root / "versions" / "v0001.json").read_bytes())
    (folder.root / "versions" / "v0002.json").symlink_to(outside)
    with pytest.raises(ArtifactError, match="must stay inside the store"):
        folder.resolve("v0002")


@pytest.mark.parametrize("link", ["catalogue.lock", "versions", "aliases"])
def test_nothing_is_made_or_swept_where_a_link_leads(
    folder: Store, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    folder.add_version({"stage": put(folder)}, {})
    outside = tmp_path_factory.mktemp("outside") / link
    if link in ("versions", "aliases"):
        outside.mkdir()
        (outside / "attempt-0000000000000000.draft").touch()  # as a dead writer would leave it
        shutil.rmtree(folder.root / link, ignore_errors=True)
    (folder.root / link).symlink_to(outside)
    before = sorted(outside.parent.rglob("*"))
    changes = (
        lambda: folder.save_version("v0002", {}, {}),
        lambda: folder.set_alias("latest", "v0001"),
        lambda: folder.gc(keep=1),
    )
    for change in changes:
        with suppress(ArtifactError):  # whatever needs the link is refused, the rest goes on
            change()
    with pytest.raises(ArtifactError, match="must stay inside the store"):
        changes[2]()
    assert sorted(outside.parent.rglob("*")) == before


def test_a_newer_stores_version_is_refused(folder: Store) -> None:
    folder.add_version({"stage": put(folder)}, {})
    path = folder.root / "versions" / "v0001.json"
    data = encode(decode(path.read_bytes(), path)).replace(b'"format_version": 1', b'"format_version": 9')
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match="upgrade this one"):
        folder.resolve("v0001")
