import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from graphrec.arrays import FloatMatrix
from graphrec.embed import embed_isolated
from graphrec.errors import ConfigError
from graphrec.features import ImageConfig, TextConfig, TextEncoder
from graphrec.models.pinsage import PinSage
from graphrec.regression import ContentMap
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.query import embed_content
from graphrec.retrieval.retriever import Retriever
from graphrec.training.checkpoint import save_model
from graphrec.training.content import Block, input_of, layout_to_dict
from tests.retrieval.world import planted
from tests.training.world import MODEL

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "bird", "song", "nest", "cat"]
SHIFT = tuple(np.linspace(-0.2, 0.2, 16).tolist())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TextConfig:
    """A random BERT of width 16 as the text encoder."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(WORDS), max_position_embeddings=32, hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=32,
    )  # fmt: skip
    BertModel(shape).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 32}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return TextConfig(model=str(folder), precision="float32", max_tokens=16)


def write_model(folder: Path, text: TextConfig, blocks: Sequence[Block]) -> PinSage:
    """Write a model as the pipeline does."""
    layout = {"user": [Block("log_degree", (0.0,), 1.0)], "flit": [*blocks, Block("log_degree", (1.5,), 0.5)]}
    torch.manual_seed(0)
    widths = {t: sum(len(block.shift) + 1 for block in layout[t]) - 1 for t in layout}
    model = PinSage(MODEL, widths, {})
    save_model(model, folder)
    encoders = {"text": text.model_dump(mode="json"), "image": ImageConfig().model_dump(mode="json")}
    content = {"layout": layout_to_dict(layout), **encoders}
    (folder / "content.json").write_text(json.dumps(content))
    return model


TEXT = Block("text", SHIFT, 0.3)
COLUMNS = Block("columns", (0.0, 0.0), 1.0)


def test_a_text_is_embedded_as_a_flit_nobody_has_met(tmp_path: Path, config: TextConfig) -> None:
    model = write_model(tmp_path, config, [TEXT, COLUMNS])
    found = embed_content(tmp_path, "flit", text="Bird song")
    words: FloatMatrix = TextEncoder(config).encode(["Bird song"])
    layout = [TEXT, COLUMNS, Block("log_degree", (1.5,), 0.5)]
    np.testing.assert_allclose(found, embed_isolated(model, "flit", input_of(layout, {"text": words}, 1)), atol=1e-6)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(found, embed_content(tmp_path, "flit", text="cat"), atol=1e-3)


def test_a_text_follows_what_new_flits_follow(tmp_path: Path, config: TextConfig) -> None:
    write_model(tmp_path, config, [TEXT])
    rng = np.random.default_rng(0)
    told = ContentMap(rng.normal(size=(8, len(SHIFT) + 2)), rng.normal(size=8))
    found = embed_content(tmp_path, "flit", text="nest", told=told)
    words: FloatMatrix = TextEncoder(config).encode(["nest"])
    expected = told.apply(input_of([TEXT, Block("log_degree", (1.5,), 0.5)], {"text": words}, 1).numpy())
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-6)
    bundle = planted()
    bundle = replace(bundle, embeddings=replace(bundle.embeddings, content={"flit": told}))
    (tmp_path / "bundle").mkdir()
    bundle.save(tmp_path / "bundle")
    opened = Retriever(Bundle.open(tmp_path / "bundle"), model=tmp_path)
    np.testing.assert_allclose(opened.embed("nest"), found, atol=1e-6)


def test_search_ranks_flits_by_the_texts_vector(tmp_path: Path, config: TextConfig) -> None:
    write_model(tmp_path, config, [TEXT])
    bundle = planted()
    found = Retriever(bundle, model=tmp_path).search("nest", 6)
    cosines = bundle.flit_vectors @ embed_content(tmp_path, "flit", text="nest")[0]
    best = [f"f{row}" for row in np.argsort(-cosines) if bundle.allowed[row]][:6]
    assert found["id"].to_list() == best
    assert found["similarity"].to_list() == sorted(found["similarity"], reverse=True)


def test_versions_share_an_encoder_that_is_loaded_once(
    tmp_path: Path, config: TextConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = tmp_path / "v1", tmp_path / "v2"
    for folder in versions:
        folder.mkdir()
        write_model(folder, config, [TEXT])
    embed_content(versions[0], "flit", text="bird")

    def forbidden(*_: object) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(TextEncoder, "__init__", forbidden)
    for folder in versions:
        embed_content(folder, "flit", text="nest")


def test_other_weights_in_the_same_place_are_another_encoder(tmp_path: Path, config: TextConfig) -> None:
    moved = tmp_path / "bert"
    shutil.copytree(str(config.model), moved)
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
        write_model(folder, config.model_copy(update={"model": str(moved)}), [TEXT])
    first = embed_content(before, "flit", text="bird")
    weights = load_file(moved / "model.safetensors")
    save_file({name: tensor + 0.1 for name, tensor in weights.items()}, moved / "model.safetensors", {"format": "pt"})
    assert not np.allclose(embed_content(after, "flit", text="bird"), first, atol=1e-3)


@pytest.mark.parametrize("encoder", ["tfidf", "none"])
def test_texts_that_the_encoder_cannot_read_raise(tmp_path: Path, encoder: str) -> None:
    write_model(tmp_path, TextConfig.parse({"encoder": encoder}), [TEXT])
    with pytest.raises(ConfigError, match=rf"search needs a version whose flits .* \(got '{encoder}'\)"):
        embed_content(tmp_path, "flit", text="bird")


def test_a_model_that_reads_no_text_cannot_search(tmp_path: Path, config: TextConfig) -> None:
    write_model(tmp_path, config, [COLUMNS])
    with pytest.raises(ConfigError, match="search needs a version whose flits have text"):
        embed_content(tmp_path, "flit", text="bird")
