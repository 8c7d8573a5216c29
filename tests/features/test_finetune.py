"""Fine-tuning a tiny random BERT on planted engagement, topics and languages."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import torch
from safetensors.torch import load_file

from graphrec.errors import ConfigError, DataError
from graphrec.features.config import FinetuneConfig, TextConfig
from graphrec.features.engagement import Engaged, agreement, communities
from graphrec.features.finetune import finetune_text, to_prototypes
from graphrec.features.transformer import Transformer
from graphrec.features.weights import find_weights

SIDES = ("abcdef", "uvwxyz")
CONFIG = FinetuneConfig(epochs=4, batch_size=32, layers=None, learning_rate=5e-3, communities=2)


def planted(num_texts: int = 160, seed: int = 0) -> Engaged:
    """Texts of letters that tell their side, among letters that tell nothing; each side is engaged with by others."""
    rng = np.random.default_rng(seed)
    side = rng.integers(2, size=num_texts)
    words = [[*rng.choice(list(SIDES[one]), 3), *rng.choice(list("ghijklmn"), 5)] for one in side]
    texts = [" ".join(rng.permutation(one)) for one in words]
    vectors = rng.normal(scale=0.3, size=(num_texts, 4)).astype(np.float32)
    vectors[:, 0] += 1 - 2 * side
    held = np.arange(num_texts) % 5 == 0
    topics = scipy.sparse.csr_array(np.stack([side == 0, side == 1], axis=1).astype(np.float32))
    return Engaged(texts, texts, vectors, topics, np.where(held, -1, side).astype(np.int64), held)


def tuned(tiny_bert: Path, out: Path, engaged: Engaged, **changes: object) -> list[dict[str, float]]:
    precision = changes.pop("precision", "float32")
    text = TextConfig.parse({"model": str(tiny_bert), "max_tokens": 12, "precision": precision})
    config = FinetuneConfig.parse({**CONFIG.model_dump(), **changes})
    return finetune_text(engaged, find_weights(text), text, config, out, threads=1)


def encoded(folder: Path, texts: Any) -> np.ndarray[Any, Any]:
    text = TextConfig.parse({"model": str(folder), "max_tokens": 12, "precision": "float32"})
    return Transformer(find_weights(text), text, 1).encode(texts)


def test_texts_come_to_lie_as_those_who_engage_with_them(tiny_bert: Path, tmp_path: Path) -> None:
    engaged = planted()
    log = tuned(tiny_bert, tmp_path / "out", engaged)
    assert [entry["epoch"] for entry in log] == [0, 1, 2, 3, 4]
    best = max(entry["agreement"] for entry in log)
    assert best > log[0]["agreement"] + 0.15
    vectors = encoded(tmp_path / "out", engaged.texts)
    assert agreement(engaged, vectors) == pytest.approx(best, abs=1e-6)  # what was written is the best epoch
    told = json.loads((tmp_path / "out" / "finetune.json").read_text())
    assert told["config"]["batch_size"] == 32


def test_products_in_bfloat16_teach_the_same_and_weights_stay_float32(tiny_bert: Path, tmp_path: Path) -> None:
    engaged = planted()
    logs = {name: tuned(tiny_bert, tmp_path / name, engaged, precision=name) for name in ("float32", "bfloat16")}
    exact, fast = (max(entry["agreement"] for entry in log) for log in logs.values())
    assert fast == pytest.approx(exact, abs=0.1)
    assert fast > logs["bfloat16"][0]["agreement"] + 0.15
    assert logs["bfloat16"][1]["loss"] != logs["float32"][1]["loss"]
    assert all(one.dtype == torch.float32 for one in load_file(tmp_path / "bfloat16" / "model.safetensors").values())


def test_the_same_seed_writes_the_same_weights(tiny_bert: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        tuned(tiny_bert, tmp_path / name, planted(), epochs=1)
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


def test_where_nothing_is_gained_the_encoder_stays_as_it_came(tiny_bert: Path, tmp_path: Path) -> None:
    engaged = planted()
    log = tuned(tiny_bert, tmp_path / "out", engaged, learning_rate=1e-12, epochs=1)
    assert log[1]["agreement"] <= log[0]["agreement"] + 1e-9
    np.testing.assert_allclose(encoded(tmp_path / "out", engaged.texts), encoded(tiny_bert, engaged.texts), atol=1e-6)


def test_what_is_written_lies_between_the_weights_before_and_after(tiny_bert: Path, tmp_path: Path) -> None:
    for share in (0.25, 1.0):  # one epoch: the steps are the same, whatever is written of them
        tuned(tiny_bert, tmp_path / f"{share}", planted(), epochs=1, tuned_share=share, learning_rate=2e-2)
    start, quarter, end = (
        load_file(folder / "model.safetensors") for folder in (tiny_bert, tmp_path / "0.25", tmp_path / "1.0")
    )
    assert any(not torch.equal(start[name], end[name]) for name in start)
    for name, before in start.items():
        torch.testing.assert_close(quarter[name], torch.lerp(before, end[name], 0.25), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("task", ["engagement", "topics", "language"])
def test_each_task_alone_teaches_the_side(task: str, tiny_bert: Path, tmp_path: Path) -> None:
    weights = {name: float(name == task) for name in ("engagement", "topics", "language")}
    log = tuned(tiny_bert, tmp_path / "out", planted(), **weights, epochs=5)
    assert max(entry["agreement"] for entry in log) > log[0]["agreement"] + 0.08


def test_pointing_to_prototypes_worked_by_hand() -> None:
    """Cosines .6 and .8 at temperature .2: exponents 3 and 4; lengths say nothing."""
    prototypes, pooled = torch.tensor([[2.0, 0.0], [0.0, 0.5]]), torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    by_hand = (np.log(1 + np.exp(-1.0)) + np.log(1 + np.exp(5.0))) / 2
    assert float(to_prototypes(pooled, prototypes, torch.tensor([1, 1]), 0.2)) == pytest.approx(by_hand, rel=1e-6)


def test_communities_are_those_of_the_vectors_and_held_texts_only_join() -> None:
    engaged = planted()
    rows = np.flatnonzero(~engaged.held)
    found = communities(engaged.vectors, rows, 2, seed=0)
    side = engaged.vectors[:, 0] > 0
    assert max((found == side).mean(), (found != side).mean()) > 0.97
    moved = engaged.vectors.copy()
    moved[engaged.held] = -moved[engaged.held]
    np.testing.assert_array_equal(communities(moved, rows, 2, seed=0)[rows], found[rows])


def test_only_the_topmost_layers_learn(tiny_bert: Path, tmp_path: Path) -> None:
    tuned(tiny_bert, tmp_path / "out", planted(), layers=1, epochs=2)
    before, after = (load_file(one / "model.safetensors") for one in (tiny_bert, tmp_path / "out"))
    layers = 1 + max(int(name.split("layer.")[1].split(".")[0]) for name in after if "layer." in name)
    changed = {name for name, one in after.items() if not torch.equal(one, before[name])}
    assert changed
    assert all(f"encoder.layer.{layers - 1}." in name for name in changed)
    with pytest.raises(ConfigError, match=rf"FinetuneConfig.layers must be at most the encoder's {layers} \(got 99\)"):
        tuned(tiny_bert, tmp_path / "more", planted(), layers=99)


def test_too_few_texts_are_refused(tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"finetune.batch_size must be at most the texts engaged with \(got 500"):
        tuned(tiny_bert, tmp_path / "out", planted(), batch_size=500)
    assert not (tmp_path / "out").exists()
