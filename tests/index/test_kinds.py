from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import ArtifactError
from graphrec.index import EXACT_BELOW, ExactIndex, HnswIndex, build_index, kinds, open_index
from tests.index.conftest import CONFIG, random_vectors


def test_few_vectors_are_searched_exactly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert EXACT_BELOW > 200
    monkeypatch.setattr(kinds, "EXACT_BELOW", 200)
    vectors = random_vectors(200)
    for valid, kind in ((None, HnswIndex), (np.arange(200) > 0, ExactIndex)):
        index = build_index(vectors, CONFIG, valid)
        assert isinstance(index, kind)
        folder = tmp_path / kind.__name__
        folder.mkdir()
        index.save(folder)
        opened = open_index(folder)
        assert isinstance(opened, kind)
        np.testing.assert_array_equal(opened.query(vectors, 5).rows, index.query(vectors, 5).rows)


def test_a_folder_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    ExactIndex.build(random_vectors(5), CONFIG).save(tmp_path)
    with pytest.raises(ArtifactError, match=r"index.json.kind must be 'hnsw' \(got 'exact' .*; use open_index"):
        HnswIndex.open(tmp_path)
    with pytest.raises(ArtifactError, match=r"must hold index.json \(got none\)"):
        open_index(tmp_path / "none")
