import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import ArtifactError
from graphrec.store import Artifact, Store
from graphrec.store.artifact import FileRecord, digest_of
from tests.store.worker import put


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    return put(Store(tmp_path))


def test_digest_is_the_sha256_of_sorted_names_and_checksums() -> None:
    files = {"b": FileRecord("22", 5), "a": FileRecord("11", 9)}
    expected = hashlib.sha256(json.dumps([["a", "11"], ["b", "22"]], separators=(",", ":")).encode()).hexdigest()
    assert digest_of(files) == expected


def test_artifact_says_what_it_holds(artifact: Artifact) -> None:
    assert list(artifact.files) == ["parts/ids.txt", "vectors.bin"]
    assert artifact.bytes == 256 * 64 + len("bird_0042\n")
    assert artifact.file("parts/ids.txt").read_text() == "bird_0042\n"
    assert (artifact.facts, artifact.inputs) == ({"rows": 64}, {"tables": "aa"})
    with pytest.raises(ArtifactError, match=r"must hold 'ids' \(got parts/ids.txt, vectors.bin\)"):
        artifact.file("ids")


def test_every_flipped_byte_is_detected(artifact: Artifact) -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    for name, record in artifact.files.items():
        path = artifact.file(name)
        intact = path.read_bytes()
        for place in rng.integers(0, record.bytes, 50):
            path.write_bytes(intact[:place] + bytes([intact[place] ^ (1 << rng.integers(8))]) + intact[place + 1 :])
            with pytest.raises(ArtifactError, match=rf"{name} must be sha256 .* run again"):
                artifact.verify()
        path.write_bytes(intact)
    artifact.verify()


def test_missing_shortened_added_and_linked_files_are_detected(artifact: Artifact) -> None:
    path = artifact.file("vectors.bin")
    intact = path.read_bytes()
    path.write_bytes(intact[:-1])
    with pytest.raises(ArtifactError, match=r"vectors.bin must be 16384 bytes \(got 16383\)"):
        artifact.verify()
    artifact.verify(["parts/ids.txt"])
    path.unlink()
    with pytest.raises(ArtifactError, match=r"vectors.bin must be a file \(got none\)"):
        artifact.verify()
    path.symlink_to(artifact.file("parts/ids.txt"))
    with pytest.raises(ArtifactError, match=r"vectors\.bin must be a file"):
        artifact.verify()
    path.unlink()
    path.write_bytes(intact)
    (artifact.path / "extra").write_text("x")
    with pytest.raises(ArtifactError, match=r"extra must be no such file \(got a file\)"):
        artifact.verify()
    (artifact.path / "extra").unlink()
    artifact.path.rename(artifact.path.parent / "elsewhere")
    artifact.path.symlink_to(artifact.path.parent / "elsewhere")
    with pytest.raises(ArtifactError, match=r"attempt-\w+ must be a folder \(got a link\)"):
        artifact.verify()
