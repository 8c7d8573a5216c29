"""Texts and images of somebody's own: embedded as a flit that nobody has met yet."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphrec.arrays import FloatMatrix, normalise_rows
from graphrec.embed import embed_isolated
from graphrec.errors import ConfigError, DataError
from graphrec.features import ImageConfig, TextConfig, TextEncoder, encode_images, text_key
from graphrec.models.encoder import Encoder
from graphrec.regression import ContentMap
from graphrec.tables.config import QualityConfig
from graphrec.tables.images import image_faults
from graphrec.training.checkpoint import load_model
from graphrec.training.content import Block, input_of, layout_from_dict


def embed_content(
    model_folder: Path,
    flit_type: str,
    *,
    text: str | None = None,
    image: bytes | None = None,
    told: ContentMap | None = None,
) -> FloatMatrix:
    """Return the vector of a text, an image or both in the flits' space, float32 ``[1, dim]``.

    Args:
        model_folder: Files of the model artifact.
        flit_type: Node type it is embedded as.
        text: What it says.
        image: What it shows, encoded.
        told: What the version's new flits follow; ``None``: the encoder itself.

    Raises:
        ConfigError: If the model does not read what is given, or cannot encode it anew.
        DataError: If the image is none.
    """
    model, layout, content = _opened(model_folder, flit_type)
    given: dict[str, FloatMatrix] = {}
    if text is not None:
        given["text"] = _text_encoder(model_folder, flit_type).encode([text])
    if image is not None:
        given["image"] = encode_images([_held_to_rules(image)], _image_config(layout, content, flit_type))
    features = input_of(layout, given, 1)
    return embed_isolated(model, flit_type, features) if told is None else normalise_rows(told.apply(features.numpy()))


def _held_to_rules(image: bytes) -> bytes:
    """Return an image that may be decoded: what the tables would refuse, a stranger's file is refused for as well."""
    (fault,) = image_faults([image], QualityConfig().max_image_pixels)
    if fault is not None:
        raise DataError(f"image must be a picture of at most {QualityConfig().max_image_pixels} pixels (got: {fault})")
    return image


@lru_cache(maxsize=4)
def _opened(folder: Path, flit_type: str) -> tuple[Encoder, list[Block], dict[str, Any]]:
    """Open a model and what it says of its input once: loading takes a second, a query milliseconds."""
    content = json.loads((folder / "content.json").read_text())
    return load_model(folder), layout_from_dict(content["layout"])[flit_type], content


@lru_cache(maxsize=4)
def _text_encoder(folder: Path, flit_type: str) -> TextEncoder:
    """Return a model's text encoder; versions that read the same one share it."""
    _, layout, content = _opened(folder, flit_type)
    config = TextConfig.parse(content["text"])
    if "text" not in {block.name for block in layout} or config.encoder != "transformer":
        raise ConfigError(
            f"search needs a version whose {flit_type}s have text from features.text.encoder 'transformer' "
            f"(got {config.encoder!r})"
        )
    return _shared(text_key(config), json.dumps(content["text"]))


@lru_cache(maxsize=2)
def _shared(key: str, settings: str) -> TextEncoder:
    """Open an encoder once; the key tells weights apart that lie in one place, one after the other."""
    return TextEncoder(TextConfig.parse(json.loads(settings)))


def _image_config(layout: list[Block], content: dict[str, Any], flit_type: str) -> ImageConfig:
    """Return how the model's images were encoded."""
    if "image" not in {block.name for block in layout} or "image" not in content:
        raise ConfigError(f"an image needs a version whose {flit_type}s have images (got none, or one made before 0.2)")
    return ImageConfig.parse(content["image"])
