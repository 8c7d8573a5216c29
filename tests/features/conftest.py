"""One loaded MiniLM for the whole folder, and pictures drawn here."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from graphrec.features import TextConfig, TextEncoder

EXACT = TextConfig(model="minilm", precision="float32")
Draw = Callable[..., bytes]


@pytest.fixture(scope="session")
def minilm() -> TextEncoder:
    """MiniLM in float32, without a cache, on one thread: two wait for each other where tests share the cores."""
    return TextEncoder(EXACT, threads=1)


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of width 16."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny_bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", "bird", "song", "nest"]
    torch.manual_seed(0)
    settings = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    BertModel(settings).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 32})
    )
    return folder


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
