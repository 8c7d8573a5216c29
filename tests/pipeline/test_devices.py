"""The whole line on a device that is not the processor, with the figures that the processor gets."""

from pathlib import Path

import polars as pl
import pytest

from graphrec.config import load_config
from graphrec.engine import LOCAL, Engine, LocalEngine
from graphrec.evaluation import Evaluation
from graphrec.pipeline import Runner, run
from graphrec.store import Store
from tests.pipeline.conftest import FLUTTER, quick_config
from tests.pipeline.test_presets import settings
from tests.second_device import ELSEWHERE

PAST = (
    "model={positives: {past: 1}, svd_start: true, id_vectors: true, popularity_bias: true, loss: softmax, "
    "hidden_dim: 16, dim: 16, negatives: 64}",
    "training={epochs: 2, batch_size: 1024}",
)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["windows", "past", "two_tower", "lightgcn", "twhin"])
def test_a_run(preset: str, network: Path, tiny_bert: Path, tmp_path: Path) -> None:
    def figures(engine: Engine, name: str) -> pl.DataFrame:
        store = Store(tmp_path / name)
        if preset in ("windows", "past"):
            told = (f"features.text={{encoder: transformer, model: {tiny_bert}, max_tokens: 16, precision: float32}}",)
            config = quick_config(network, store.root, *told, *(PAST if preset == "past" else ()))
        else:
            config = load_config(FLUTTER, [f"data={network}", f"store={store.root}", *settings(preset)])
        run(config, runner=Runner(store, engine))
        return Evaluation.open(store.artifact("latest", "evaluation").path).frame

    here, there = figures(LOCAL, "here"), figures(LocalEngine(device=ELSEWHERE), "there")
    keys = ["method", "metric", "k", "slice"]
    both = here.join(there, on=keys, suffix="_there")
    assert both.height == here.height
    apart = both.filter((pl.col("value") - pl.col("value_there")).abs() > 0.02)
    assert apart.is_empty(), apart
