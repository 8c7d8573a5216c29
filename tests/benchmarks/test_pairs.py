"""The LightGCN protocol: a tiny folder end to end, and the same figures as an independent judge."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks import lightgcn_split
from benchmarks.pairs import read_pairs, write_recommendations
from graphrec.evaluation.interactions import Walks

SHARED = Path(os.environ.get("GRAPHREC_DATA", Path(__file__).parents[3] / "shared" / "data")).parent
JUDGE = SHARED / "judge" / "topk.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two communities of 60 users and 80 items, four in five pairs for training; one pair stands twice."""
    rng = np.random.default_rng(0)
    near = (np.arange(60)[:, None] % 2 == np.arange(80)[None, :] % 2) & (rng.random((60, 80)) < 0.6)
    users, items = near.nonzero()
    train = rng.random(len(users)) < 0.8
    for name, keep in (("train", train), ("test", ~train)):
        frame = pl.DataFrame({"user": users[keep], "item": items[keep]}).cast(pl.Int32)
        pl.concat([frame, frame.head(1)]).write_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def test_a_folder_is_read_with_a_holdout_out_of_train(folder: Path) -> None:
    holdout, test = read_pairs(folder)
    train = pl.read_parquet(folder / "train.parquet").n_unique()
    assert test.history.num_actions == train
    assert holdout.history.num_actions + holdout.truth.num_actions == train
    assert 0.05 < holdout.truth.num_actions / train < 0.2
    assert (holdout.num_items, test.history.num_users) == (80, 60)


@pytest.mark.skipif(not JUDGE.is_file(), reason="the judge is not there; set GRAPHREC_DATA to the folder beside it")
def test_figures_are_those_of_the_judge(folder: Path) -> None:
    _, test = read_pairs(folder)
    lists = test.lists(Walks(test.history, test.available), 20)
    write_recommendations(folder / "recs.parquet", test.users, lists)
    options = [f"--{name}={folder / name}.parquet" for name in ("train", "test", "recs")]
    done = subprocess.run([sys.executable, str(JUDGE), *options], capture_output=True, text=True, check=True)
    judged = json.loads(done.stdout)
    ours = test.figures(lists, 20)
    assert judged["faults"] == {}
    assert ours["recall"].mean() == pytest.approx(judged["recall"], abs=1e-4)
    assert ours["ndcg"].mean() == pytest.approx(judged["ndcg"], abs=1e-4)


def test_the_benchmark_runs_every_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lightgcn_split, "AXES", {"epochs": (2, 3), "num_layers": (1,)})
    monkeypatch.setattr(lightgcn_split, "WIDTHS", (8, 16))
    monkeypatch.setattr(lightgcn_split, "SEEDS", (0, 1))
    out, recs = folder / "out.json", folder / "recs.parquet"
    options = ["--data", str(folder), "--dim", "8", "--out", str(out), "--recs", str(recs)]
    monkeypatch.setattr(sys, "argv", ["lightgcn_split", *options])
    lightgcn_split.main()
    figures = {one["name"]: one["value"] for one in json.loads(out.read_text())["figures"]}
    for method in ("", "free.", "fused.", "walks.", "item_knn.", "als64.", "svd64."):
        assert figures[f"{method}recall@20"] > 1.2 * figures["popular.recall@20"], method
        assert figures[f"{method}recall@20.low"] <= figures[f"{method}recall@20"] <= figures[f"{method}recall@20.high"]
    assert figures["dim"] == 8
    assert pl.read_parquet(recs).columns == ["user", "item", "rank"]


def test_late_settings_are_not_tried_but_weights_of_walks_which_train_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lightgcn_split, "AXES", {"epochs": (2, 3)})
    monkeypatch.setattr(lightgcn_split, "WIDTHS", (8, 16))
    out = folder / "out.json"
    options = ["--data", str(folder), "--dim", "8", "--out", str(out), "--minutes", "0", "--only", "fused"]
    monkeypatch.setattr(sys, "argv", ["lightgcn_split", *options])
    lightgcn_split.main()
    result = json.loads(out.read_text())
    (tried,) = [table["rows"] for table in result["tables"] if table["title"] == "settings tried on the holdout"]
    methods = [one["method"] for one in tried]
    assert [methods.count(name) for name in ("epochs", "dim", "walks")] == [1, 1, 1]
    assert methods.count("fused") == len(lightgcn_split.WALK_WEIGHTS)
    figures = {one["name"]: one["value"] for one in result["figures"]}
    gain = figures["fused.recall@20"] - figures["free.recall@20"]
    assert figures["fused.over_free.recall@20"] == pytest.approx(gain, abs=1e-9)
