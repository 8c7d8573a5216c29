"""Vision models: what transformers says by hand, whatever the batch."""

import json
import logging
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError
from graphrec.features.loading import quiet, torch_threads
from graphrec.features.vision import VisionModel
from graphrec.features.weights import find_image_weights
from tests.features.conftest import encoded, noise, vision_config

PICTURES = [noise(size, seed) for seed, size in enumerate([(50, 40), (32, 32), (33, 90), (200, 60), (40, 50)])]
FILES = [encoded(picture) for picture in PICTURES]


def load(folder: Path, **settings: object) -> VisionModel:
    config = vision_config(folder, **settings)
    return VisionModel(find_image_weights(config), config, 1)


def by_hand(folder: Path, pictures: list[Image.Image], **sizes: Any) -> FloatMatrix:
    """Encode one picture after the other as transformers' documentation has it."""
    import torch
    from transformers import AutoImageProcessor, AutoModel

    processors: Any = AutoImageProcessor
    with quiet():
        processor = processors.from_pretrained(folder, backend="pil")
        model = AutoModel.from_pretrained(folder).eval()
    rows = []
    with torch_threads(1), torch.no_grad():
        for picture in pictures:
            inputs = processor(images=picture, return_tensors="pt", **sizes)
            if hasattr(model, "get_image_features"):
                found = model.get_image_features(**inputs).pooler_output
            else:
                output = model(**inputs)
                found = output.last_hidden_state[:, 0] if folder.name.startswith("vit") else output.pooler_output
            row = found.flatten().numpy()
            rows.append(row / np.linalg.norm(row))
    return np.stack(rows)


def test_vectors_are_those_of_transformers_by_hand(tiny_vision: Path) -> None:
    model = load(tiny_vision)
    vectors = model.encode(FILES)
    assert vectors.shape == (len(FILES), model.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(vectors, by_hand(tiny_vision, PICTURES), atol=1e-5)
    assert len(np.unique(vectors.round(4), axis=0)) == len(FILES)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_batch_size_and_order_change_nothing(tiny_vision: Path, batch_size: int) -> None:
    expected = load(tiny_vision).encode(FILES)
    order = [3, 0, 4, 4, 1, 2]
    found = load(tiny_vision, batch_size=batch_size).encode([FILES[place] for place in order])
    np.testing.assert_allclose(found, expected[order], atol=1e-5)


def test_no_image_is_no_row(tiny_vit: Path) -> None:
    assert load(tiny_vit).encode([]).shape == (0, 16)


def test_other_sizes_are_taken(tiny_vision: Path) -> None:
    assert load(tiny_vision, image_size=64).encode(FILES).shape == load(tiny_vision).encode(FILES).shape


def test_what_is_cropped_keeps_its_share_of_what_is_scaled(tiny_dinov2: Path) -> None:
    expected = by_hand(tiny_dinov2, PICTURES, size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64})
    np.testing.assert_allclose(load(tiny_dinov2, image_size=64).encode(FILES), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("folder", "pooling", "dim"),
    [("tiny_clip", "pooler", 16), ("tiny_clip", "projection", 8), ("tiny_vit", "cls", 16), ("tiny_resnet", "mean", 16)],
)
def test_pooling_can_be_chosen(folder: str, pooling: str, dim: int, request: pytest.FixtureRequest) -> None:
    assert load(request.getfixturevalue(folder), pooling=pooling).encode(FILES).shape == (len(FILES), dim)


@pytest.mark.parametrize(
    ("folder", "pooling"), [("tiny_vit", "pooler"), ("tiny_dinov2", "projection"), ("tiny_resnet", "cls")]
)
def test_pooling_that_the_weights_lack_is_refused(folder: str, pooling: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(ConfigError, match=rf"ImageConfig.*{pooling}.*take pooling: auto"):
        load(request.getfixturevalue(folder), pooling=pooling)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (1, 3), (3, 1), (2, 30_000), (30_000, 2)])
def test_odd_shapes_are_taken(tiny_vision: Path, size: tuple[int, int]) -> None:
    vectors = load(tiny_vision).encode([encoded(Image.new("RGB", size, "red"))])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_small_pictures_are_not_taken_for_channels(tiny_vit: Path) -> None:
    """Three rows of pixels look like three channels."""
    strip = Image.fromarray(np.arange(9, dtype=np.uint8).reshape(3, 1, 3) * 25)
    large = strip.resize((1 * 8, 3 * 8), Image.Resampling.NEAREST)
    one, other = load(tiny_vit).encode([encoded(strip), encoded(large)])
    assert one @ other > 0.9


def test_every_kind_of_image_has_a_vector(tiny_vit: Path) -> None:
    kinds = [noise().convert(mode) for mode in ("1", "L", "P", "RGBA", "LA")]
    files = [encoded(kind) for kind in kinds] + [encoded(noise().convert("CMYK"), "JPEG"), encoded(noise(), "WEBP")]
    np.testing.assert_allclose(np.linalg.norm(load(tiny_vit).encode(files), axis=1), 1.0, atol=1e-5)


def test_folder_loads_without_network_or_a_word(
    tiny_vision: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    load(tiny_vision).encode(FILES[:1])
    assert capfd.readouterr() == ("", "")


def test_bfloat16_keeps_the_direction(tiny_vision: Path) -> None:
    exact, fast = (load(tiny_vision, precision=one).encode(FILES) for one in ("float32", "bfloat16"))
    assert (exact * fast).sum(axis=1).min() > 0.99


def test_auto_precision_is_refused(tiny_vit: Path) -> None:
    with pytest.raises(ConfigError, match="must be resolved"):
        load(tiny_vit, precision="auto")


def test_text_model_is_no_vision_model(tiny_bert: Path, tmp_path: Path, tiny_vit: Path) -> None:
    folder = shutil.copytree(tiny_bert, tmp_path / "bert")
    shutil.copy(tiny_vit / "preprocessor_config.json", folder)
    with pytest.raises(ConfigError, match="ImageConfig"):
        load(folder)


def test_broken_settings_and_weights_are_refused_in_one_line(tiny_vit: Path, tmp_path: Path) -> None:
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        folder = shutil.copytree(tiny_vit, tmp_path / name)
        (folder / name).write_bytes((folder / name).read_bytes()[:100])
        with pytest.raises(ConfigError, match=r"ImageConfig.model must be a vision model.*take another") as caught:
            load(folder)
        assert "\n" not in str(caught.value)


def test_missing_weights_are_never_made_up(tiny_vit: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(tiny_vit, tmp_path / "half")
    held = load_file(folder / "model.safetensors")
    save_file({name: one for name, one in held.items() if "layers.1" not in name and "layer.1" not in name},
              folder / "model.safetensors", metadata={"format": "pt"})  # fmt: skip
    with pytest.raises(ConfigError, match="must hold all weights of its model"):
        load(folder)


def test_code_beside_the_weights_is_not_run(tiny_vit: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = shutil.copytree(tiny_vit, tmp_path / "bait")
    for name, key in (("config.json", "AutoModel"), ("preprocessor_config.json", "AutoImageProcessor")):
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**settings, "auto_map": {key: "bait.Bait"}}))
    (folder / "bait.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with caplog.at_level(logging.WARNING):
        assert load(folder).encode(FILES[:1]).shape == (1, 16)
    assert not (tmp_path / "ran").exists()
