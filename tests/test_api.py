from pathlib import Path

import numpy as np
import pytest

import graphrec
from graphrec.errors import ArtifactError, ConfigError
from graphrec.ids import IdMap
from graphrec.store import Store
from graphrec.vectors import Embeddings

VECTORS = np.eye(3, 4, dtype=np.float32)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store whose only version serves three flits."""

    def write(folder: Path) -> None:
        (folder / "embeddings").mkdir()
        Embeddings({"flit": VECTORS}).save(folder / "embeddings")
        IdMap(["c", "a", "b"]).save(folder / "ids_flit.parquet")

    store = Store(tmp_path / "store")
    store.set_alias("latest", store.add_version({"bundle": store.publish("bundle", "0" * 64, write)}, {}))
    return store.root


def test_embeddings_give_ids_and_vectors_in_the_same_order(root: Path) -> None:
    ids, vectors = graphrec.embeddings(root, "flit")
    assert ids.to_list() == ["c", "a", "b"]
    np.testing.assert_array_equal(vectors, VECTORS)
    assert isinstance(vectors.base, np.memmap)
    assert not vectors.flags.writeable


def test_a_version_is_found_by_its_name(root: Path) -> None:
    assert graphrec.embeddings(str(root), "flit", version="v0001")[0].to_list() == ["c", "a", "b"]
    with pytest.raises(ArtifactError, match="version must be one of latest, v0001"):
        graphrec.embeddings(root, "flit", version="v0002")


def test_an_unknown_node_type_names_the_known_ones(root: Path) -> None:
    with pytest.raises(ConfigError, match="node_type must be one of flit"):
        graphrec.embeddings(root, "movie")
