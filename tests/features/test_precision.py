from pathlib import Path

import numpy as np
import pytest

from graphrec.features import ImageConfig, TextConfig, TextEncoder, resolve_image_config, resolve_text_config
from graphrec.features import precision as precision_module
from graphrec.features.precision import SAMPLE, has_fast_bfloat16, sample_pictures
from tests.features.conftest import EXACT, vision_config


def test_auto_takes_bfloat16_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for fast, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(precision_module, "has_fast_bfloat16", lambda fast=fast: fast)
        resolved = resolve_text_config(TextConfig(model="minilm"))
        assert resolved == TextConfig.parse({"model": "minilm", "precision": expected})


def test_auto_takes_float32_where_vectors_would_turn(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision_module, "has_fast_bfloat16", lambda: True)
    monkeypatch.setattr(precision_module, "MIN_COSINE", 1.1)
    assert resolve_text_config(TextConfig(model=str(tiny_bert), max_tokens=16)).precision == "float32"


def test_bfloat16_keeps_the_direction_of_texts_outside_the_sample(minilm: TextEncoder) -> None:
    texts = ["birds at the feeder", "quarterly results beat forecasts " * 20, "x", "Зимородок у реки"]
    fast = TextEncoder(EXACT.model_copy(update={"precision": "bfloat16"}), threads=1)
    assert (fast.encode(texts) * minilm.encode(texts)).sum(axis=1).min() >= 0.999


def test_given_precision_and_other_encoders_need_no_weights() -> None:
    given = TextConfig(model="/nowhere", precision="bfloat16")
    assert resolve_text_config(given) == given
    assert resolve_text_config(TextConfig(encoder="tfidf", model="/nowhere")).precision == "float32"


def test_sample_has_32_texts_of_many_lengths() -> None:
    lengths = np.array([len(text) for text in SAMPLE])
    assert len(set(SAMPLE)) == 32
    assert lengths.min() < 10
    assert lengths.max() > 200


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : fpu avx512f avx512_bf16", True),
        ("flags : fpu amx_bf16 amx_tile", True),
        ("flags : fpu avx2\nbugs : avx512_bf16", False),
    ],
)
def test_processor_flags(tmp_path: Path, flags: str, expected: bool) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\n{flags}\n")
    assert has_fast_bfloat16(tmp_path / "cpuinfo") is expected


def test_no_processor_file_means_no_bfloat16(tmp_path: Path) -> None:
    assert not has_fast_bfloat16(tmp_path / "cpuinfo")


def test_images_take_bfloat16_where_it_is_fast_and_true(tiny_vit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auto = vision_config(tiny_vit, precision="auto")
    for fast, least, expected in ((True, 0.99, "bfloat16"), (False, 0.99, "float32"), (True, 1.1, "float32")):
        monkeypatch.setattr(precision_module, "has_fast_bfloat16", lambda fast=fast: fast)
        monkeypatch.setattr(precision_module, "MIN_COSINE", least)
        precision_module._images_agree.cache_clear()
        assert resolve_image_config(auto) == vision_config(tiny_vit, precision=expected)


def test_images_without_a_model_need_no_weights() -> None:
    given = vision_config(Path("/nowhere"), precision="bfloat16")
    assert resolve_image_config(given) == given
    assert resolve_image_config(ImageConfig(model="/nowhere")).precision == "float32"


def test_sample_pictures_are_distinct_and_always_the_same() -> None:
    assert len(set(sample_pictures())) == 16
    assert sample_pictures() == sample_pictures()
