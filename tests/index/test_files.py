"""Saved indexes that were cut, changed, swapped or never written whole: refused before hnswlib sees a byte."""

import resource
import struct
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.errors import ArtifactError, StoreWriteError
from graphrec.index import ExactIndex, HnswIndex, IndexConfig
from graphrec.index.files import Stored
from graphrec.store.files import sha256_file
from graphrec.store.records import decode, encode
from tests.index.conftest import CONFIG, random_vectors


@pytest.fixture
def folder(tmp_path: Path, index: HnswIndex) -> Path:
    index.save(tmp_path)
    return tmp_path


def reseal(folder: Path, **changes: Any) -> None:
    """Write an index.json that matches the file beside it, but for ``changes``."""
    path = folder / "index.json"
    stored = Stored(**decode(path.read_bytes(), path))
    native = folder / "index.hnsw"
    sealed = replace(stored, sha256=sha256_file(native), bytes=native.stat().st_size)
    path.write_bytes(encode(asdict(replace(sealed, **changes))))


def test_every_flipped_bit_is_refused(folder: Path) -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    for name in ("index.hnsw", "index.json"):
        path = folder / name
        intact = path.read_bytes()
        places = {*range(min(96, len(intact))), *rng.integers(0, len(intact), 200).tolist()}
        for place in places:
            flipped = intact[place] ^ (1 << int(rng.integers(8)))
            path.write_bytes(intact[:place] + bytes([flipped]) + intact[place + 1 :])
            with pytest.raises(ArtifactError):
                HnswIndex.open(folder)
        path.write_bytes(intact)
    HnswIndex.open(folder)


@pytest.mark.parametrize("size", [0, 1, 95, 96, 1000, -1])
def test_a_cut_file_is_refused(folder: Path, size: int) -> None:
    for name in ("index.hnsw", "index.json"):
        intact = (folder / name).read_bytes()
        (folder / name).write_bytes(intact[:size])
        if intact[:size] != intact:
            with pytest.raises(ArtifactError, match="must"):
                HnswIndex.open(folder)
        (folder / name).write_bytes(intact)


@pytest.mark.parametrize("name", ["index.hnsw", "index.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match=rf"must hold {name} \(got none\); build the index"):
        HnswIndex.open(folder)


def test_the_file_of_another_index_is_refused(folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    HnswIndex.build(random_vectors(50, 8), IndexConfig()).save(other)
    (folder / "index.hnsw").write_bytes((other / "index.hnsw").read_bytes())
    with pytest.raises(ArtifactError, match="must have the size and sha256"):
        HnswIndex.open(folder)


@pytest.mark.parametrize(("field", "value"), [("dim", 8), ("dim", 64), ("count", 599), ("max_links", 9)])
def test_a_record_with_other_fields_is_refused(folder: Path, field: str, value: int) -> None:
    reseal(folder, **{field: value})
    with pytest.raises(ArtifactError, match=rf"{field} must be {value} \(got "):
        HnswIndex.open(folder)


def test_a_record_of_something_else_is_refused(folder: Path) -> None:
    (folder / "index.json").write_bytes(encode({"name": "v0001"}))
    with pytest.raises(ArtifactError, match=r"must describe an index \(got other fields\)"):
        HnswIndex.open(folder)


def test_a_capacity_below_the_count_is_refused(folder: Path) -> None:
    path = folder / "index.hnsw"
    data = path.read_bytes()
    path.write_bytes(data[:8] + struct.pack("<Q", 3) + data[16:])
    reseal(folder)
    with pytest.raises(ArtifactError, match=r"capacity must be at least 600 \(got 3\)"):
        HnswIndex.open(folder)


def elements(count: int, links: int = 2 * CONFIG.max_links, dim: int = 16) -> int:
    """Return how many bytes the head and the first elements of the file take."""
    return 96 + 4 * count * (3 + links + dim)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (48, 77), (48, 0), (52, 600), (52, -1),  # the highest layer, and the element a search begins with
        (elements(7), 2 * CONFIG.max_links + 1), (elements(7), -1),  # the number of links of an element
        (elements(7) + 4, 600), (elements(7) + 4, -1),  # its first link
        (elements(600), 3), (elements(600), -4), (elements(600), 2**30),  # bytes of the first element's upper links
    ],
)  # fmt: skip
def test_links_that_lead_nowhere_are_refused_though_the_record_matches(folder: Path, place: int, value: int) -> None:
    """A file that was made to harm: bare hnswlib reads wherever its links lead."""
    path = folder / "index.hnsw"
    data = path.read_bytes()
    path.write_bytes(data[:place] + struct.pack("<i", value) + data[place + 4 :])
    reseal(folder)
    with pytest.raises(ArtifactError, match=r"index.hnsw.(links|bytes) must .*build the index again"):
        HnswIndex.open(folder)


def test_links_to_an_element_below_their_layer_are_refused(folder: Path) -> None:
    path = folder / "index.hnsw"
    numbers = np.fromfile(path, np.int32, offset=elements(600))
    places = np.zeros(600, np.int64)
    at = 0
    for one in range(600):
        places[one] = at
        at += 1 + numbers[at] // 4
    raised = int(np.flatnonzero(numbers[places] > 0)[0])
    low = int(np.flatnonzero(numbers[places] == 0)[0])
    data, place = path.read_bytes(), elements(600) + 4 * (int(places[raised]) + 1)
    path.write_bytes(data[:place] + struct.pack("<ii", 1, low) + data[place + 8 :])
    reseal(folder)
    with pytest.raises(ArtifactError, match="links must all lead to its elements"):
        HnswIndex.open(folder)


def test_whatever_a_sealed_file_holds_it_is_refused_or_searched_within_its_bytes(folder: Path) -> None:
    """One number of the file is another, and the record matches; a link that led outside would end the process."""
    path, queries = folder / "index.hnsw", random_vectors(3, 16, seed=8)
    intact, rng, opened = path.read_bytes(), np.random.default_rng(6), 0
    places = [*range(0, 96, 4), *(4 * rng.integers(24, len(intact) // 4, 300))]
    for place in places:
        value = struct.pack("<i", int(rng.choice([0, -1, 1, 599, 600, 2**31 - 1, -(2**31), 2**20])))
        path.write_bytes(intact[:place] + value + intact[place + 4 :])
        reseal(folder)
        try:
            found = HnswIndex.open(folder).query(queries, 10)
        except ArtifactError:
            continue
        opened += 1
        assert found.rows.shape == (3, 10)
    assert 100 < opened < len(places)


@pytest.mark.parametrize("size", [0, 4, 92, 96, 4000])
def test_a_cut_file_is_refused_though_the_record_matches(folder: Path, size: int) -> None:
    path = folder / "index.hnsw"
    path.write_bytes(path.read_bytes()[:size])
    reseal(folder)
    with pytest.raises(ArtifactError, match=r"index\.hnsw"):
        HnswIndex.open(folder)


def test_a_missing_folder_is_a_write_error(tmp_path: Path, index: HnswIndex) -> None:
    exact = ExactIndex.build(random_vectors(3), IndexConfig())
    for one in (index, exact):
        with pytest.raises(StoreWriteError, match=r"got no such folder in .*nothing was published"):
            one.save(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


STARVED = """
import resource, sys
from pathlib import Path
from graphrec.errors import StoreWriteError
from graphrec.index import HnswIndex, ExactIndex, IndexConfig
from tests.index.conftest import random_vectors
indexes = [kind.build(random_vectors(100), IndexConfig()) for kind in (HnswIndex, ExactIndex)]
for limit in (5000, 96, 50, 1, 0):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for index in indexes:
        try:
            index.save(Path(sys.argv[1]))
        except StoreWriteError as error:
            assert not list(Path(sys.argv[1]).iterdir())
        else:
            raise AssertionError(limit)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on file sizes here")
def test_a_full_disk_is_a_write_error_and_leaves_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARVED, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
