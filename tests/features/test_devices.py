"""Content on a device that is not the processor, with the vectors that the processor makes."""

from pathlib import Path

import numpy as np
import pytest

from graphrec.engine import LOCAL, LocalEngine
from graphrec.features.config import TextConfig
from graphrec.features.finetune import finetune_text
from graphrec.features.image import ImageEncoder
from graphrec.features.text import TextEncoder
from graphrec.features.transformer import Transformer
from graphrec.features.vision import VisionModel
from graphrec.features.weights import find_image_weights, find_weights
from graphrec.tables.image_store import Images
from tests.features.conftest import encoded, noise, vision_config
from tests.features.test_finetune import CONFIG, planted
from tests.second_device import ELSEWHERE

TEXTS = ["bird song", "nest", "a", "", "song bird nest b c d"]
PICTURES = [encoded(noise((50, 40), seed)) for seed in range(3)]
THERE = LocalEngine(device=ELSEWHERE)


def text_config(folder: Path, **settings: object) -> TextConfig:
    return TextConfig.parse({"model": str(folder), "max_tokens": 8, "precision": "float32", **settings})


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_texts(tiny_bert: Path, precision: str) -> None:
    config = text_config(tiny_bert, precision=precision, batch_size=2)
    model = Transformer(find_weights(config), config, device=ELSEWHERE)
    assert {one.device.type for one in model.module.parameters()} == {ELSEWHERE}
    wanted = Transformer(find_weights(config), config).encode(TEXTS)
    np.testing.assert_allclose(model.encode(TEXTS), wanted, atol=1e-6 if precision == "float32" else 2e-2)


def test_pictures(tiny_vision: Path) -> None:
    config = vision_config(tiny_vision)
    weights = find_image_weights(config)
    found = VisionModel(weights, config, 1, ELSEWHERE).encode(PICTURES)
    np.testing.assert_allclose(found, VisionModel(weights, config, 1).encode(PICTURES), atol=1e-5)


def test_tables_are_encoded_where_the_engine_computes(tiny_bert: Path, tiny_vit: Path) -> None:
    found, wanted = (TextEncoder(text_config(tiny_bert), engine=one).encode(TEXTS) for one in (THERE, LOCAL))
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    held, digests = Images.of(PICTURES)
    found, wanted = (ImageEncoder(vision_config(tiny_vit), engine=one).encode(digests, held) for one in (THERE, LOCAL))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_fine_tuning(tiny_bert: Path, tmp_path: Path) -> None:
    config, engaged = text_config(tiny_bert, max_tokens=12), planted()
    brief = CONFIG.model_copy(update={"epochs": 1})
    logs = [
        finetune_text(engaged, find_weights(config), config, brief, tmp_path / name, threads=1, device=name)
        for name in ("cpu", ELSEWHERE)
    ]
    for mine, theirs in zip(*logs, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-3, nan_ok=True)
    here, there = (
        Transformer(find_weights(one), one).encode(TEXTS)
        for one in (text_config(tmp_path / name) for name in ("cpu", ELSEWHERE))
    )
    np.testing.assert_allclose(there, here, atol=1e-3)
