"""Which precision content is encoded in: decided before work, so that it belongs to the fingerprint."""

import io
import logging
from functools import lru_cache
from pathlib import Path

import numpy as np

from graphrec.arrays import FloatMatrix
from graphrec.features.config import ImageConfig, TextConfig
from graphrec.features.transformer import Transformer
from graphrec.features.vision import VisionModel
from graphrec.features.weights import TextWeights, Weights, find_image_weights, find_weights

logger = logging.getLogger(__name__)

MIN_COSINE = 0.999
_PROSE = (
    "a hummingbird hovers at the red feeder in the morning while two children count wing beats; the price of coffee "
    "fell 3.5 % in March, so our roastery opens late; new album out now, listen on repeat! who else saw the goal in "
    "extra time? train delayed again, 42 minutes of fog and wet leaves; slow-cooked lentils with lemon and cumin"
)
SAMPLE = tuple(_PROSE[(7 * n) % 60 : (7 * n) % 60 + 8 + 7 * n] for n in range(32))
"""32 texts from one word to a paragraph, on which bfloat16 must agree with float32."""


def resolve_text_config(config: TextConfig) -> TextConfig:
    """Return ``config`` without ``auto``: with the precision that this machine encodes in.

    bfloat16 needs both a processor that multiplies in it (AVX512-BF16 or AMX) and vectors that keep their direction:
    a cosine of at least 0.999 to float32 for each of 32 sample texts.

    Raises:
        MissingWeightsError: If the weights are not there.
    """
    if config.encoder != "transformer":
        return config.model_copy(update={"precision": "float32"})
    if config.precision != "auto":
        return config
    weights = find_weights(config)
    fits = has_fast_bfloat16() and _bfloat16_agrees(weights, config.max_tokens)
    chosen = config.model_copy(update={"precision": "bfloat16" if fits else "float32"})
    logger.info("text precision: %s", chosen.precision)
    return chosen


def resolve_image_config(config: ImageConfig) -> ImageConfig:
    """Return ``config`` with the precision that this machine encodes in: as for text, on 16 sample pictures.

    Raises:
        MissingWeightsError: If the weights are not there.
        ConfigError: If they are not those of a vision model.
    """
    if config.encoder != "transformer":
        return config.model_copy(update={"precision": "float32"})
    if config.precision != "auto":
        return config
    weights = find_image_weights(config)
    fits = has_fast_bfloat16() and _images_agree(weights, config)
    chosen = config.model_copy(update={"precision": "bfloat16" if fits else "float32"})
    logger.info("image precision: %s", chosen.precision)
    return chosen


def has_fast_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tell whether the processor multiplies bfloat16 natively; where there is no such file, it is taken not to."""
    if not cpuinfo.is_file():
        return False
    flags = {flag for line in cpuinfo.read_text().splitlines() if line.startswith("flags") for flag in line.split()}
    return bool(flags & {"avx512_bf16", "amx_bf16"})


@lru_cache(maxsize=8)
def _bfloat16_agrees(weights: TextWeights, max_tokens: int) -> bool:
    """Tell whether all sample texts keep their direction in bfloat16."""
    exact, fast = (
        Transformer(weights, TextConfig.parse({"precision": precision, "max_tokens": max_tokens})).encode(SAMPLE)
        for precision in ("float32", "bfloat16")
    )
    return _agree(exact, fast)


@lru_cache(maxsize=8)
def _images_agree(weights: Weights, config: ImageConfig) -> bool:
    """Tell whether all sample pictures keep their direction in bfloat16."""
    pictures = sample_pictures()
    exact, fast = (
        VisionModel(weights, config.model_copy(update={"precision": precision})).encode(pictures)
        for precision in ("float32", "bfloat16")
    )
    return _agree(exact, fast)


def _agree(exact: FloatMatrix, fast: FloatMatrix) -> bool:
    worst = float((exact * fast).sum(axis=1).min())
    logger.info("bfloat16 keeps a cosine of %.5f to float32 on %d samples", worst, len(exact))
    return worst >= MIN_COSINE


def sample_pictures() -> list[bytes]:
    """Return 16 pictures from smooth to noisy, as PNG, on which bfloat16 must agree with float32."""
    from PIL import Image

    rng = np.random.Generator(np.random.PCG64(0))
    axis = np.linspace(0.0, 1.0, 96)
    found = []
    for number in range(16):
        waves = np.sin(2 * np.pi * (1 + number) * (axis[:, None] * rng.random(3) + (axis * rng.random())[:, None]))
        pixels = 127 + 60 * waves[:, None, :] * waves[None, :, :] + rng.normal(0, 4 * number, (96, 96, 3))
        buffer = io.BytesIO()
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "PNG")
        found.append(buffer.getvalue())
    return found
