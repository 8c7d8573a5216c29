"""Texts a second through MiniLM beside sentence-transformers' default, on the same film plots and the same weights.

In bfloat16 (where the processor has it) and in float32. Each is measured on its own, after one warm-up batch, several
times; the ratio is that of the medians. ``matrix_product_ratio`` is how many times as fast the model's widest matrix
product is in bfloat16 here, the most that the precision can bring to it. The data folder holds movies_plot.parquet with
a column plot; any folder of parquet files with a text column will do.

    python -m benchmarks.encode --data DIR [--table movies_plot.parquet --column plot]
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import torch

from benchmarks.common import Result, arguments
from graphrec.arrays import FloatMatrix
from graphrec.features.config import TextConfig
from graphrec.features.precision import resolve_text_config
from graphrec.features.transformer import Transformer
from graphrec.features.weights import find_weights

NUM_TEXTS = 2000
REPEATS = 3
TOKENS, WIDTHS, PRODUCTS = 8192, (384, 1536), 50
Encode = Callable[[list[str]], FloatMatrix]


def main() -> None:
    """Run and write the result file."""
    parser = arguments("encode", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the table")
    parser.add_argument("--table", default="movies_plot.parquet")
    parser.add_argument("--column", default="plot")
    options = parser.parse_args()
    texts = pl.read_parquet(options.data / options.table)[options.column].drop_nulls().head(NUM_TEXTS).to_list()
    result = Result("encode", 0)
    result.add("texts", len(texts))
    measure(texts, result)
    result.save(options.out)


def measure(texts: list[str], result: Result) -> None:
    """Add texts a second of each encoder, ratios and cosines."""
    config = TextConfig()
    resolved = resolve_text_config(config).precision
    encoders: dict[str, Encode] = {"sentence_transformers": _peer(config)}
    for precision in ("float32", "bfloat16"):
        encoders[precision] = _ours(config.model_copy(update={"precision": precision}))
    rates, vectors = {}, {}
    for name, encode in encoders.items():
        rates[name], vectors[name] = _rate(encode, texts)
        result.add(f"{name}.texts_per_s", rates[name], unit="1/s")
    exact = vectors["sentence_transformers"]
    chosen = "bfloat16" if resolved == "bfloat16" else "float32"
    result.add("ratio_to_sentence_transformers", rates[chosen] / rates["sentence_transformers"], goal=4.0)
    result.add("ratio_to_sentence_transformers.float32", rates["float32"] / rates["sentence_transformers"])
    result.add("matrix_product_ratio", _product_ratio())
    for name in ("float32", "bfloat16"):
        cosines = (vectors[name] * exact).sum(axis=1)
        prefix = "" if name == chosen else f"{name}."
        result.add(f"{prefix}mean_cosine", float(cosines.mean()), goal=0.999)
        result.add(f"{prefix}least_cosine", float(cosines.min()))


def _product_ratio() -> float:
    """Return how many times as fast a product of the feed-forward layer's shape is in bfloat16."""
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = torch.randn(TOKENS, WIDTHS[0], dtype=dtype), torch.randn(*WIDTHS, dtype=dtype)
        took = []
        for _ in range(PRODUCTS):
            begun = time.perf_counter()
            left @ right
            took.append(time.perf_counter() - begun)
        seconds[dtype] = statistics.median(took)
    return seconds[torch.float32] / seconds[torch.bfloat16]


def _peer(config: TextConfig) -> Encode:
    """Return sentence-transformers as it comes: its own batch size, padding and precision."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(find_weights(config).folder), device="cpu", local_files_only=True)
    model.max_seq_length = config.max_tokens
    return lambda texts: np.asarray(model.encode(texts, normalize_embeddings=True), dtype=np.float32)


def _ours(config: TextConfig) -> Encode:
    model = Transformer(find_weights(config), config, threads=torch.get_num_threads())
    return model.encode


def _rate(encode: Encode, texts: list[str]) -> tuple[float, FloatMatrix]:
    """Return texts a second, and the vectors."""
    encode(texts[:64])
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        vectors = encode(texts)
        seconds.append(time.perf_counter() - started)
    return len(texts) / statistics.median(seconds), vectors


if __name__ == "__main__":
    main()
