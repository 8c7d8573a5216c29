"""One loaded MiniLM for the whole folder, tiny random models, and pictures drawn here."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from graphrec.features import ImageConfig, TextConfig, TextEncoder
from graphrec.features.loading import quiet

EXACT = TextConfig(model="minilm", precision="float32")
Draw = Callable[..., bytes]


@pytest.fixture(scope="session")
def minilm() -> TextEncoder:
    """MiniLM in float32, without a cache, on one thread: two wait for each other where tests share the cores."""
    return TextEncoder(EXACT, threads=1)


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw a motif in a colour on a background, with everything shifted by a few pixels."""

    def picture(motif: str, colour: str, *, ground: str = "white", shift: int = 0, kind: str = "PNG") -> bytes:
        image = Image.new("RGB", (96, 96), ground)
        pen = ImageDraw.Draw(image)
        box = (20 + shift, 20, 76 + shift, 76)
        if motif == "disc":
            pen.ellipse(box, fill=colour)
        elif motif == "stripes":
            for left in range(shift, 96, 16):
                pen.rectangle((left, 0, left + 7, 95), fill=colour)
        elif motif == "triangle":
            pen.polygon([(48 + shift, 16), (16 + shift, 80), (80 + shift, 80)], fill=colour)
        buffer = io.BytesIO()
        image.save(buffer, kind)
        return buffer.getvalue()

    return picture


SIDE = 32
TINY: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": SIDE,
    "patch_size": 8,
}


def save_vision(folder: Path, make: Callable[[], Any], processor: Any) -> Path:
    """Write a random model and its image processor as transformers does."""
    import torch

    torch.manual_seed(0)
    with quiet():
        make().save_pretrained(folder)
        processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random CLIP: vision of width 16, projected to 8."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    text = {name: TINY[name] for name in TINY if name not in ("image_size", "patch_size")}
    text |= {"vocab_size": 64, "projection_dim": 8, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    config = CLIPConfig(text_config=text, vision_config={**TINY, "projection_dim": 8}, projection_dim=8)
    processor = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return save_vision(tmp_path_factory.mktemp("clip"), lambda: CLIPModel(config), processor)


@pytest.fixture(scope="session")
def tiny_vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random ViT without a pooling layer, as most published ones."""
    from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

    make = lambda: ViTModel(ViTConfig(**TINY), add_pooling_layer=False)  # noqa: E731
    processor = ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return save_vision(tmp_path_factory.mktemp("vit"), make, processor)


@pytest.fixture(scope="session")
def tiny_dinov2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random DINOv2, whose processor scales to 36 and crops to 32."""
    from transformers import BitImageProcessorPil, Dinov2Config, Dinov2Model

    config = Dinov2Config(**{name: TINY[name] for name in TINY if name != "intermediate_size"}, mlp_ratio=2)
    processor = BitImageProcessorPil(size={"shortest_edge": 36}, crop_size={"height": SIDE, "width": SIDE})
    return save_vision(tmp_path_factory.mktemp("dinov2"), lambda: Dinov2Model(config), processor)


@pytest.fixture(scope="session")
def tiny_resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random ResNet."""
    from transformers import ConvNextImageProcessorPil, ResNetConfig, ResNetModel

    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    processor = ConvNextImageProcessorPil(size={"shortest_edge": SIDE})
    return save_vision(tmp_path_factory.mktemp("resnet"), lambda: ResNetModel(config), processor)


@pytest.fixture(params=["tiny_clip", "tiny_vit", "tiny_dinov2", "tiny_resnet"])
def tiny_vision(request: pytest.FixtureRequest) -> Path:
    """Each of the tiny vision models."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


def vision_config(folder: Path, **settings: object) -> ImageConfig:
    """Return the settings of a vision model in float32."""
    return ImageConfig.parse({"encoder": "transformer", "model": str(folder), "precision": "float32", **settings})


def noise(size: tuple[int, int] = (50, 40), seed: int = 0) -> Image.Image:
    """Return random pixels with some large shapes among them."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, size=(4, 5, 3), dtype=np.uint8)).resize(size, Image.Resampling.NEAREST)
    grain = rng.integers(-20, 20, size=(size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(small) + grain, 0, 255).astype(np.uint8))


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return a picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
