import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError
from graphrec.features import TextConfig, TextEncoder, VectorCache, encode_texts, text_key
from graphrec.features import text as text_module
from graphrec.features.loading import torch_threads
from graphrec.features.transformer import Transformer
from graphrec.features.weights import find_weights
from tests.features.conftest import EXACT

PAIRS = [
    ("A hummingbird drinks from the red feeder", "Tiny nectar-eating birds visit our garden"),
    ("The central bank raised interest rates", "Borrowing money became more expensive this week"),
    ("She scored twice in the cup final", "Two goals won the football match"),
    ("How to bake sourdough bread at home", "My recipe for a crusty homemade loaf"),
    ("The train was late again this morning", "Rail commuters face delays"),
    ("New laptop with a faster processor", "This computer's chip is quicker than before"),
    ("The telescope found a distant galaxy", "Astronomers observe far away stars"),
    ("Vaccines protect children from measles", "Immunisation prevents disease in kids"),
    ("The band released a new album", "Listen to their latest songs"),
]
TEXTS = [text for pair in PAIRS for text in pair] + ["😀 ünïcödé ok", "word " * 400]


def naive(texts: list[str]) -> FloatMatrix:
    """Encode one text after the other: no batches, no padding, no cache."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = find_weights(EXACT).folder
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    rows = []
    with torch_threads(1), torch.no_grad():
        for text in texts:
            hidden = model(**tokenizer(text, truncation=True, max_length=128, return_tensors="pt")).last_hidden_state
            mean = hidden[0].mean(0).numpy()
            rows.append(mean / np.linalg.norm(mean))
    return np.stack(rows)


class CountedTransformer(Transformer):
    encoded = 0
    loaded = 0

    def __init__(self, *args: object, **rest: object) -> None:
        type(self).loaded += 1
        super().__init__(*args, **rest)  # type: ignore[arg-type]

    def encode(self, texts: list[str], *args: object) -> FloatMatrix:  # type: ignore[override]
        type(self).encoded += len(texts)
        return super().encode(texts, *args)  # type: ignore[arg-type]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> type[CountedTransformer]:
    CountedTransformer.encoded = CountedTransformer.loaded = 0
    monkeypatch.setattr(text_module, "Transformer", CountedTransformer)
    return CountedTransformer


def test_rows_have_length_one_and_equal_the_naive_twin(minilm: TextEncoder) -> None:
    vectors = minilm.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert (vectors * naive(TEXTS)).sum(axis=1).min() > 0.99999


def test_like_meanings_lie_nearest(minilm: TextEncoder) -> None:
    left, right = (minilm.encode([pair[side] for pair in PAIRS]) for side in (0, 1))
    np.testing.assert_array_equal((left @ right.T).argmax(axis=1), np.arange(len(PAIRS)))


def test_order_repetition_and_batch_size_change_nothing(minilm: TextEncoder) -> None:
    vectors = minilm.encode(TEXTS)
    order = np.random.Generator(np.random.PCG64(3)).permutation(np.repeat(np.arange(len(TEXTS)), 2))
    np.testing.assert_allclose(minilm.encode([TEXTS[place] for place in order]), vectors[order], atol=1e-5)
    small = TextEncoder(EXACT.model_copy(update={"batch_size": 3}), threads=1)
    assert small.key == minilm.key
    np.testing.assert_allclose(small.encode(TEXTS), vectors, atol=1e-5)


def test_blank_texts_are_zero_rows_and_no_text_is_no_row(minilm: TextEncoder) -> None:
    vectors = minilm.encode(["", "bird", " \n\t"])
    np.testing.assert_array_equal(vectors.any(axis=1), [False, True, False])
    assert minilm.encode([]).shape == (0, 384)


def test_equal_texts_are_encoded_once(tiny_bert: Path, counted: type[CountedTransformer]) -> None:
    encode_texts(["bird", "song", "bird", ""], TextConfig(model=str(tiny_bert), max_tokens=8, precision="float32"))
    assert counted.encoded == 2


def test_second_run_encodes_nothing_and_a_third_only_what_is_new(
    tiny_bert: Path, tmp_path: Path, counted: type[CountedTransformer]
) -> None:
    config = TextConfig(model=str(tiny_bert), max_tokens=8, precision="float32")
    first = encode_texts(["bird", "song"], config, cache=VectorCache(tmp_path, text_key(config)))
    cache = VectorCache(tmp_path, text_key(config))
    np.testing.assert_array_equal(encode_texts(["song", "bird"], config, cache=cache), first[::-1])
    assert (cache.hits, cache.misses, counted.encoded, counted.loaded) == (2, 0, 2, 1)
    encode_texts(["song", "nest"], config, cache=cache)
    assert (cache.hits, cache.misses, counted.encoded) == (3, 1, 3)


def test_interrupted_run_keeps_its_finished_chunks(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: type[CountedTransformer]
) -> None:
    monkeypatch.setattr(text_module, "CHUNK", 2)
    config = TextConfig(model=str(tiny_bert), max_tokens=8, precision="float32")
    texts = ["a", "bb", "ccc", "dddd", "eeeee"]

    def interrupt(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_texts(texts, config, cache=VectorCache(tmp_path, text_key(config)), on_progress=interrupt)
    cache = VectorCache(tmp_path, text_key(config))
    encode_texts(texts, config, cache=cache)
    assert (cache.hits, cache.misses) == (4, 1)  # the chunk that was told of is kept


def test_progress_counts_distinct_texts_to_the_end(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "CHUNK", 1)
    seen: list[tuple[int, int]] = []
    config = TextConfig(model=str(tiny_bert), max_tokens=8, precision="float32", batch_size=1)
    encode_texts(["bird", "song", "bird"], config, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_key_follows_what_shapes_a_vector(tiny_bert: Path, minilm: TextEncoder) -> None:
    tiny = TextConfig(model=str(tiny_bert), max_tokens=8, precision="float32")
    others = [tiny.model_copy(update=change) for change in ({"max_tokens": 9}, {"precision": "bfloat16"})]
    assert len({text_key(config) for config in [tiny, *others]} | {minilm.key}) == 4
    assert text_key(tiny) == text_key(tiny.model_copy(update={"batch_size": 2, "dim": 3}))


def test_cache_of_other_weights_is_refused(tiny_bert: Path, tmp_path: Path, minilm: TextEncoder) -> None:
    config = TextConfig(model=str(tiny_bert), max_tokens=8, precision="float32")
    with pytest.raises(ConfigError, match=r"VectorCache.key must be"):
        TextEncoder(config, VectorCache(tmp_path, minilm.key))


def test_tfidf_settings_make_no_encoder_of_single_texts() -> None:
    with pytest.raises(ConfigError, match=r"TextConfig.encoder must be 'transformer'"):
        TextEncoder(TextConfig(encoder="tfidf"))


def test_importing_the_room_loads_neither_torch_nor_transformers() -> None:
    heavy = "{'torch', 'transformers', 'sklearn', 'skimage', 'huggingface_hub'}"
    code = f"import sys, graphrec.features; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
