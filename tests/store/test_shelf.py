import json
from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import ArtifactError, ConfigError, StoreWriteError
from graphrec.store import Store
from graphrec.store.records import decode, encode
from graphrec.store.shelf import _verified, check_file_name
from tests.store.worker import key, put, write


def manifest(root: Path) -> Path:
    (path,) = root.glob("artifacts/stage/*/manifest.json")
    return path


def test_an_artifact_is_found_only_once_it_is_published(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.find("stage", key()) is None
    assert not (tmp_path / "store").exists()
    artifact = put(store)
    assert store.find("stage", key()) == artifact == Store(tmp_path / "store").find("stage", key())
    assert store.find("stage", key(1)) is None
    assert store.find("other", key()) is None


def test_equal_content_has_an_equal_digest_whatever_the_time(tmp_path: Path) -> None:
    one, other = put(Store(tmp_path / "a")), put(Store(tmp_path / "b"))
    assert one.digest == other.digest
    assert one.path != other.path


def test_a_published_fingerprint_is_not_written_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = put(store)

    def never(folder: Path) -> None:
        raise AssertionError(folder)

    assert store.publish("stage", key(), never) == first


def test_the_loser_of_a_race_gets_the_winners_artifact(tmp_path: Path) -> None:
    def slow(folder: Path) -> None:
        put(Store(tmp_path))
        (folder / "other").write_text("mine")

    artifact = Store(tmp_path).publish("stage", key(), slow)
    assert artifact == put(Store(tmp_path))
    assert list(artifact.files) == ["parts/ids.txt", "vectors.bin"]
    assert len(list(artifact.path.parent.iterdir())) == 2


@pytest.mark.parametrize("error", [ValueError("bug"), KeyboardInterrupt()])
def test_a_stage_that_fails_publishes_nothing(tmp_path: Path, error: BaseException) -> None:
    def fails(folder: Path) -> None:
        write(folder)
        raise error

    with pytest.raises(type(error)):
        Store(tmp_path).publish("stage", key(), fails)
    assert Store(tmp_path).find("stage", key()) is None
    assert list(tmp_path.glob("artifacts/stage/*/*")) == []


def test_a_stage_must_write_files_and_plain_facts(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="must not be empty"):
        Store(tmp_path).publish("stage", key(), lambda folder: None)
    with pytest.raises(ArtifactError, match="finite JSON values"):
        Store(tmp_path).publish("stage", key(), lambda folder: {**write(folder), "loss": float("nan")})
    with pytest.raises(ConfigError, match="stage must match"):
        Store(tmp_path).publish("../stage", key(), write)
    assert list(tmp_path.rglob("attempt-*")) == []


def test_damage_is_found_at_the_first_open(tmp_path: Path) -> None:
    path = put(Store(tmp_path)).file("vectors.bin")
    path.write_bytes(b"\1" + path.read_bytes()[1:])
    _verified.clear()
    with pytest.raises(ArtifactError, match=r"vectors\.bin must be sha256"):
        Store(tmp_path).find("stage", key())


def test_every_flipped_byte_of_a_manifest_is_detected(tmp_path: Path) -> None:
    put(Store(tmp_path))
    path = manifest(tmp_path)
    intact = path.read_bytes()
    rng = np.random.Generator(np.random.PCG64(3))
    for place in range(0, len(intact), 3):
        path.write_bytes(intact[:place] + bytes([intact[place] ^ (1 << rng.integers(8))]) + intact[place + 1 :])
        with pytest.raises(ArtifactError):
            Store(tmp_path).find("stage", key())


@pytest.mark.parametrize(
    "change", [{"stage": "other"}, {"fingerprint": key(1)}, {"digest": "00"}, {"files": {"../../x": {}}}]
)
def test_a_manifest_of_something_else_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    put(Store(tmp_path))
    path = manifest(tmp_path)
    path.write_bytes(encode({**decode(path.read_bytes(), path), **change}))
    with pytest.raises(ArtifactError, match="must"):
        Store(tmp_path).find("stage", key())


@pytest.mark.parametrize("name", ["", "..", "../x", "/x", "a//b", "a/../b", "./a", "a\\b", "a\0"])
def test_file_names_stay_inside(name: str) -> None:
    with pytest.raises(ArtifactError, match="relative names"):
        check_file_name(name)


def test_a_manifest_holds_what_the_design_says(tmp_path: Path) -> None:
    Store(tmp_path).publish("stage", key(), write, inputs={"tables": "aa"}, libraries=["numpy"])
    record = json.loads(manifest(tmp_path).read_text())
    assert record["format_version"] == 1
    assert record["libraries"] == {"numpy": np.__version__}
    assert record["files"]["vectors.bin"]["bytes"] == 16384
    assert {"stage", "fingerprint", "digest", "inputs", "facts", "seconds", "created"} < set(record)


def test_a_file_in_the_stores_place_is_a_write_error(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    assert Store(tmp_path / "store").find("stage", key()) is None
    with pytest.raises(StoreWriteError, match="must be writable"):
        put(Store(tmp_path / "store"))
