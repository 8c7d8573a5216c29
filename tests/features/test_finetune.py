"""Fine-tuning a tiny random BERT on planted engagement, topics and languages."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import torch

from graphrec.errors import DataError
from graphrec.features.config import FinetuneConfig, TextConfig
from graphrec.features.finetune import Engaged, agreement, finetune_text, listwise
from graphrec.features.transformer import Transformer
from graphrec.features.weights import find_weights

SIDES = ("abcdef", "uvwxyz")
CONFIG = FinetuneConfig(epochs=4, batch_size=32, learning_rate=5e-3)


def planted(num_texts: int = 160, seed: int = 0) -> Engaged:
    """Texts of letters that tell their side, among letters that tell nothing; each side is engaged with by others."""
    rng = np.random.default_rng(seed)
    side = rng.integers(2, size=num_texts)
    words = [[*rng.choice(list(SIDES[one]), 3), *rng.choice(list("ghijklmn"), 5)] for one in side]
    texts = [" ".join(rng.permutation(one)) for one in words]
    factors = rng.normal(scale=0.3, size=(num_texts, 4)).astype(np.float32)
    factors[:, 0] += 1 - 2 * side
    held = np.arange(num_texts) % 5 == 0
    topics = scipy.sparse.csr_array(np.stack([side == 0, side == 1], axis=1).astype(np.float32))
    return Engaged(texts, texts, factors, topics, np.where(held, -1, side).astype(np.int64), held)


def tuned(tiny_bert: Path, out: Path, engaged: Engaged, **changes: object) -> list[dict[str, float]]:
    text = TextConfig.parse({"model": str(tiny_bert), "max_tokens": 12, "precision": "float32"})
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


@pytest.mark.parametrize("task", ["engagement", "topics", "language"])
def test_each_task_alone_teaches_the_side(task: str, tiny_bert: Path, tmp_path: Path) -> None:
    weights = {name: float(name == task) for name in ("engagement", "topics", "language")}
    log = tuned(tiny_bert, tmp_path / "out", planted(), **weights, epochs=5)
    assert max(entry["agreement"] for entry in log) > log[0]["agreement"] + 0.08


def test_listwise_is_a_divergence_worked_by_hand() -> None:
    """Three texts: the first two are as near as those who engage say, up to a factor that temperatures undo."""
    factors = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    assert float(listwise(factors, factors, 1e9)) == pytest.approx(0.0, abs=1e-6)
    pooled = torch.tensor([[2.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    softmax = [torch.tensor(one) for one in ([0.6, 0.0], [0.6, 0.8], [0.0, 0.8])]
    ours = [torch.tensor(one) for one in ([0.0, 0.0], [0.0, 1.0], [0.0, 1.0])]
    by_hand = 0.0
    for theirs, mine in zip(softmax, ours, strict=True):
        wanted, got = torch.softmax(theirs / 2, 0), torch.log_softmax(mine, 0)
        by_hand += float((wanted * (wanted.log() - got)).sum()) / 3
    assert float(listwise(pooled, factors, 1.0)) == pytest.approx(by_hand, rel=1e-5)


def test_too_few_texts_are_refused(tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"finetune.batch_size must be at most the texts engaged with \(got 500"):
        tuned(tiny_bert, tmp_path / "out", planted(), batch_size=500)
    assert not (tmp_path / "out").exists()
