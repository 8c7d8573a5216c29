"""The leave-one-out protocol: ranks worked by hand, and a tiny folder end to end."""

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks import leave_one_out
from benchmarks.leave_one_out import Lists, read_lists
from graphrec.history import History


def test_ranks_worked_by_hand() -> None:
    history = History.from_edges(np.zeros(1, np.int32), np.zeros(1, np.int32), None, None, 3)
    items = np.array([[5, 1, 2, 5], [3, 1, 2, 4], [0, 1, 2, 3]])
    lists = Lists(history, 6, np.arange(3, dtype=np.int32), items)
    # The first list holds the wanted item twice: it stands once. Equal scores stand before the wanted item.
    scores = np.array([[0.5, 0.9, 0.1, 0.5], [0.2, 0.2, 0.2, 0.1], [0.9, 0.1, 0.2, 0.3]], np.float32)
    figures = lists.figures(lambda users, asked: scores)
    assert figures["hr"].tolist() == [1, 1, 1]
    assert figures["ndcg"] == pytest.approx([1 / np.log2(3), 1 / np.log2(4), 1.0])
    many = np.concatenate([np.zeros((3, 1)), np.ones((3, 12))], axis=1).astype(np.float32)
    worst = Lists(history, 40, np.arange(3, dtype=np.int32), np.tile(np.arange(13), (3, 1)))
    assert worst.figures(lambda users, asked: many)["hr"].tolist() == [0, 0, 0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two communities of 40 users and 300 items; the last item of each user stands among 99 of the other side."""
    rng = np.random.default_rng(0)
    train, asked = [], []
    for user in range(40):
        own = rng.permutation(np.arange(user % 2, 300, 2))[:40]
        train += [(user, int(item)) for item in own[1:]]
        negatives = rng.permutation(np.arange(1 - user % 2, 300, 2))[:99]
        asked.append({"user": user, "item": int(own[0]), "negatives": negatives.tolist()})
    pl.DataFrame(train, schema=["user", "item"], orient="row").write_parquet(tmp_path / "train.parquet")
    pl.DataFrame(asked).write_parquet(tmp_path / "test_negatives.parquet")
    return tmp_path


def test_the_holdout_is_one_training_pair_a_user_among_items_he_has_not(folder: Path) -> None:
    holdout, test = read_lists(folder)
    assert holdout.history.num_actions == test.history.num_actions - 40
    for user, items in zip(holdout.users, holdout.items, strict=True):
        known = set(test.history.of(int(user)).rows.tolist())
        assert items[0] in known
        assert not known & set(items[1:].tolist())
        assert items[0] not in holdout.history.of(int(user)).rows


def test_the_benchmark_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leave_one_out, "START", {"dim": 8, "num_layers": 0, "users_per_step": 16})
    monkeypatch.setattr(leave_one_out, "AXES", {"epochs": (4, 8)})
    for name, value in {"BATCH": 256, "EPOCHS": 30, "LEARNING_RATE": 0.01}.items():
        monkeypatch.setattr(f"benchmarks.mlp.{name}", value)
    for name, value in {"EPOCHS": 60, "LEARNING_RATE": 0.05}.items():
        monkeypatch.setattr(f"benchmarks.sgd.{name}", value)
    out = folder / "out.json"
    monkeypatch.setattr(sys, "argv", ["leave_one_out", "--data", str(folder), "--out", str(out)])
    leave_one_out.main()
    figures = {one["name"]: one["value"] for one in json.loads(out.read_text())["figures"]}
    for method in ("sgd", "mf", "mlp", "als", "walks", "item_knn"):
        assert figures[f"{method}.hr@10"] > 0.5, method  # chance: .1
