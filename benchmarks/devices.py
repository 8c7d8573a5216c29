"""Seconds per epoch of every preset, and texts a second, on each device that torch sees here.

On a simulated network, so that it runs wherever graphrec is installed. An epoch is told by the median of those after
the first, which is where kernels and memory are got ready; validation belongs to it. Embedding is that of the whole
graph, id vectors fitted to it where the preset has them.

    python -m benchmarks.devices [--size default] [--only cpu]
"""

import itertools
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import torch

from benchmarks.common import Result, arguments
from graphrec.config import RunConfig, load_config
from graphrec.engine import LocalEngine
from graphrec.features.precision import resolve_text_config
from graphrec.features.transformer import Transformer
from graphrec.features.weights import find_weights
from graphrec.pipeline import Runner
from graphrec.pipeline.line import Line
from graphrec.simulate import SimulationConfig, simulate
from graphrec.store import Store

CONFIG = Path(__file__).parent.parent / "configs" / "flutter.yaml"
SEED = 0
EPOCHS = 4
NUM_TEXTS = 2000
PRESETS: Mapping[str, Sequence[str]] = {
    "pinsage_by_windows": (f"training.epochs={EPOCHS}",),
    "pinsage_by_the_past": (
        "model={positives: {past: 1}, id_vectors: true, svd_start: true, popularity_bias: true}",
        f"training={{epochs: {EPOCHS}, batch_size: 100000}}",
    ),
    "two_tower": ("model={preset: two_tower}", "neighbourhoods={}", f"training={{epochs: {EPOCHS}, windows: 4}}"),
    "lightgcn": (f"model={{preset: lightgcn, epochs: {EPOCHS}}}", "neighbourhoods={}", "training={}"),
    "twhin": (f"model={{preset: twhin, epochs: {EPOCHS}}}", "neighbourhoods={}", "training={}"),
}


def main() -> None:
    """Run and write the result file."""
    parser = arguments("devices", __doc__)
    parser.add_argument("--size", default="default", choices=("small", "default", "large"), help="of the network")
    options = parser.parse_args()
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    if options.only is not None and options.only not in devices:
        parser.error(f"--only must be one of {', '.join(devices)} (got {options.only!r}); torch sees no other")
    result = Result("devices", SEED)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        simulate(SimulationConfig.preset(options.size, seed=SEED), data)
        for device in devices if options.only is None else [options.only]:
            measure(result, device, data, Path(folder) / device)
    result.save(options.out)


def measure(result: Result, device: str, data: Path, store: Path) -> None:
    """Add every preset's seconds on one device, and texts a second."""
    for name, settings in PRESETS.items():
        config = load_config(CONFIG, [f"data={data}", f"store={store}", *settings])
        epoch_s, embedding_s = _seconds(config, device)
        result.add(f"{name}.{device}.epoch_s", epoch_s, unit="s", better="lower")
        result.add(f"{name}.{device}.embedding_s", embedding_s, unit="s", better="lower")
    texts = pl.read_parquet(data / "flits.parquet")["text"].drop_nulls().head(NUM_TEXTS).to_list()
    result.add(f"texts.{device}.per_s", _texts_per_s(config, device, texts), unit="1/s")


def _seconds(config: RunConfig, device: str) -> tuple[float, float]:
    """Return the seconds of an epoch, and those of embedding the graph."""
    ends: list[float] = []

    def note(what: str, done: int, total: int) -> None:
        if what == "training":
            ends.append(time.perf_counter())

    runner = Runner(Store(config.store), LocalEngine(config.runtime.workers, device), on_progress=note)
    line = Line(config, runner)
    _ = line.model
    _ = line.served.embeddings
    epochs = [end - start for start, end in itertools.pairwise(ends)]
    return statistics.median(epochs), runner.history[-1].seconds


def _texts_per_s(config: RunConfig, device: str, texts: list[str]) -> float:
    """Return the rate after a warm-up."""
    text = resolve_text_config(config.features.text)
    model = Transformer(find_weights(text), text, config.runtime.workers, device=device)
    model.encode(texts[:64])
    started = time.perf_counter()
    model.encode(texts)
    return len(texts) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
