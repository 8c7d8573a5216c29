import json
from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import ArtifactError, ShapeError
from graphrec.features import FeatureConfig, Features, NodeFeatures


def some_features() -> Features:
    text = np.eye(3, 4, dtype=np.float32)
    text[1] = 0
    node = NodeFeatures(
        {"text": text, "columns": np.ones((3, 2), dtype=np.float32)},
        {"text": np.array([True, False, True]), "columns": np.ones(3, dtype=np.bool_)},
        ("age", "age missing"),
    )
    bare = NodeFeatures({"image": np.zeros((0, 5), dtype=np.float32)}, {"image": np.zeros(0, dtype=np.bool_)})
    config = FeatureConfig.parse({"text": {"precision": "bfloat16"}})
    return Features({"flit": node, "empty": bare, "user": NodeFeatures({}, {})}, config)


def test_open_maps_what_save_wrote(tmp_path: Path) -> None:
    saved = some_features()
    saved.save(tmp_path)
    opened = Features.open(tmp_path)
    assert opened.config == saved.config
    assert list(opened.nodes) == ["flit", "empty", "user"]
    for node_type, node in saved.nodes.items():
        found = opened.nodes[node_type]
        assert (found.widths, found.labels) == (node.widths, node.labels)
        for name, block in node.blocks.items():
            np.testing.assert_array_equal(found.blocks[name], block)
            np.testing.assert_array_equal(found.present[name], node.present[name])
    assert isinstance(opened.nodes["flit"].blocks["text"], np.memmap)
    assert not opened.nodes["flit"].blocks["text"].flags.writeable


def test_same_features_are_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        some_features().save(tmp_path / name)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) == 7
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in files)


def test_nan_is_not_saved(tmp_path: Path) -> None:
    node = NodeFeatures({"text": np.full((1, 2), np.nan, dtype=np.float32)}, {"text": np.ones(1, dtype=np.bool_)})
    with pytest.raises(ShapeError, match=r"flit\.text must be finite"):
        Features({"flit": node}, FeatureConfig()).save(tmp_path)
    assert not (tmp_path / "features.json").exists()


def test_missing_cut_or_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"features\.json .* must be readable"):
        Features.open(tmp_path)
    some_features().save(tmp_path)
    block = tmp_path / "flit" / "text.npy"
    whole = block.read_bytes()
    block.write_bytes(whole[:-8])
    with pytest.raises(ArtifactError, match=r"text\.npy must be a whole \.npy file"):
        Features.open(tmp_path)
    np.save(block, np.zeros((3, 4)))
    with pytest.raises(ArtifactError, match=r"must be float32 \[3, 4\] \(got float64 \[3, 4\]\)"):
        Features.open(tmp_path)
    block.unlink()
    with pytest.raises(ArtifactError, match=r"text\.npy"):
        Features.open(tmp_path)


def test_other_format_is_refused(tmp_path: Path) -> None:
    some_features().save(tmp_path)
    listed = json.loads((tmp_path / "features.json").read_text())
    (tmp_path / "features.json").write_text(json.dumps({**listed, "format": 99}))
    with pytest.raises(ArtifactError, match=r"must have format 1 \(got 99\)"):
        Features.open(tmp_path)
