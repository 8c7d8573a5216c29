import json
import logging
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch

from graphrec.errors import ConfigError
from graphrec.features.config import TextConfig
from graphrec.features.transformer import Transformer
from graphrec.features.weights import find_weights


def load(folder: Path, **settings: object) -> Transformer:
    config = TextConfig.parse({"model": str(folder), "max_tokens": 8, "precision": "float32", **settings})
    return Transformer(find_weights(config), config)


def test_folder_loads_without_network(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    vectors = load(tiny_bert).encode(["bird song", "nest"])
    assert vectors.shape == (2, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_offline_setting_comes_back(tiny_bert: Path) -> None:
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    load(tiny_bert)
    now = constants.HF_HUB_OFFLINE
    assert now == before


def test_threads_come_back(tiny_bert: Path) -> None:
    before = torch.get_num_threads()
    load(tiny_bert).encode(["bird"])
    assert torch.get_num_threads() == before


def test_padding_does_not_reach_a_vector(tiny_bert: Path) -> None:
    model = load(tiny_bert)
    alone = model.encode(["bird"])
    beside = model.encode(["bird", "bird song nest bird song nest"])
    np.testing.assert_allclose(beside[:1], alone, atol=1e-6)


def test_mixed_products_keep_the_direction_and_give_float32_weights_their_gradients(tiny_bert: Path) -> None:
    config = TextConfig.parse({"model": str(tiny_bert), "max_tokens": 8, "precision": "float32"})
    exact, mixed = (Transformer(find_weights(config), config, mixed=one) for one in (False, True))
    texts = ["bird", "bird song nest"]
    found = mixed.encode(texts)
    assert ((exact.encode(texts) * found).sum(axis=1) > 0.999).all()
    assert not np.array_equal(found, exact.encode(texts))
    mixed.pooled(mixed.tokenise(texts)).square().sum().backward()  # type: ignore[no-untyped-call]
    gradients = [one.grad for one in mixed.module.encoder.parameters()]
    assert all(one is not None and one.dtype == torch.float32 for one in gradients)


def test_text_beyond_max_tokens_is_cut(tiny_bert: Path) -> None:
    model = load(tiny_bert)
    six = " ".join(["bird", "song"] * 3)
    np.testing.assert_allclose(model.encode([six]), model.encode([six + " nest nest"]), atol=1e-6)


def test_more_tokens_than_positions_are_refused(tiny_bert: Path) -> None:
    with pytest.raises(ConfigError, match=r"max_tokens must be at most 32 .*got 33"):
        load(tiny_bert, max_tokens=33)


def test_auto_precision_is_refused(tiny_bert: Path) -> None:
    with pytest.raises(ConfigError, match="must be resolved"):
        load(tiny_bert, precision="auto")


def test_other_pooling_is_said(tiny_bert: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copytree(tiny_bert, tmp_path / "cls")
    (tmp_path / "cls" / "1_Pooling").mkdir()
    (tmp_path / "cls" / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": False}))
    with caplog.at_level(logging.WARNING):
        load(tmp_path / "cls")
    assert "another pooling" in caplog.text


def test_code_beside_the_weights_is_not_run(tiny_bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bait"
    shutil.copytree(tiny_bert, folder)
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, "auto_map": {"AutoModel": "bait.Bait"}}))
    (folder / "bait.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert load(folder).encode(["bird"]).shape == (1, 16)
    assert not (tmp_path / "ran").exists()
