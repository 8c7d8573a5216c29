"""Text queries: embedded as a flit that nobody has met yet."""

import json
from functools import lru_cache
from pathlib import Path

from graphrec.arrays import FloatMatrix
from graphrec.embed import embed_isolated
from graphrec.errors import ConfigError
from graphrec.features import TextConfig, TextEncoder
from graphrec.models.pinsage import PinSage
from graphrec.training.checkpoint import load_model
from graphrec.training.content import Block, input_of, layout_from_dict


def embed_text(model_folder: Path, text: str, flit_type: str) -> FloatMatrix:
    """Return the vector of a text in the flits' space, float32 ``[1, dim]``.

    Args:
        model_folder: Files of the model artifact.
        text: What somebody looks for.
        flit_type: Node type the text is embedded as.

    Raises:
        ConfigError: If the model reads no text, or its text encoder cannot encode new texts.
    """
    model, layout, encoder = _opened(model_folder, flit_type)
    return embed_isolated(model, flit_type, input_of(layout, {"text": encoder.encode([text])}, 1))


@lru_cache(maxsize=4)
def _opened(folder: Path, flit_type: str) -> tuple[PinSage, list[Block], TextEncoder]:
    """Open a model and its text encoder once: loading both takes seconds, a query milliseconds."""
    content = json.loads((folder / "content.json").read_text())
    layout, config = layout_from_dict(content["layout"])[flit_type], TextConfig.parse(content["text"])
    if "text" not in {block.name for block in layout} or config.encoder != "transformer":
        raise ConfigError(
            f"search needs a version whose {flit_type}s have text from features.text.encoder 'transformer' "
            f"(got {config.encoder!r})"
        )
    return load_model(folder), layout, TextEncoder(config)
