"""The replay: shares of the budget, no leaks, and every method on a planted world and on a small network."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.common import Result
from benchmarks.replay import BUDGET, check_past, nearest, replay, report
from benchmarks.users import METHODS, Morning, queries_of
from graphrec.config import load_config
from graphrec.simulate import SimulationConfig, simulate
from graphrec.tables.clean import Edges, Tables
from graphrec.tables.config import EdgeConfig
from tests.retrieval.world import AS_OF, planted

CONFIG = Path(__file__).parents[2] / "configs" / "flutter.yaml"
QUICK = (
    "features.text={encoder: tfidf, dim: 16}", "features.image.encoder=none", "model.hidden_dim=16", "model.dim=16",
    "training.epochs=1", "neighbourhoods={num_walks: 20, size: 5}", "evaluation.baselines=[popular]",
)  # fmt: skip


def morning() -> Morning:
    bundle = planted()
    users = np.asarray(bundle.embeddings.vectors["user"])
    return Morning(bundle.history, bundle.flit_vectors, users, bundle.settings.interests, AS_OF, seed=0)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_stands_for_a_user(name: str) -> None:
    known = morning()
    for user in range(6):
        queries, share = queries_of(name, known, user)
        assert len(queries) == len(share) >= 1
        np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1.0, atol=1e-5)
        assert share.sum() == pytest.approx(1.0, abs=1e-5)
        again, _ = queries_of(name, known, user)
        np.testing.assert_array_equal(queries, again)


def test_queries_share_the_budget_and_draw_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.replay.BUDGET", 10)
    flits = np.eye(20, dtype=np.float32)
    flits[:, 0] += np.linspace(0, 0.5, 20, dtype=np.float32)
    allowed = np.ones(20, np.bool_)
    allowed[[3, 4]] = False
    drawn = nearest(flits, np.eye(20, dtype=np.float32)[:2], np.array([0.7, 0.3], np.float32), allowed)
    assert len(drawn) == len(set(drawn.tolist())) == 10
    assert not {3, 4} & set(drawn.tolist())
    assert set(drawn[:7].tolist()) == {0, *range(14, 20)}
    assert BUDGET == 400


def test_a_newer_edge_fails_the_run() -> None:
    edge = EdgeConfig(source="user", relation="likes", target="flit", table="e.parquet", time={"column": "at"})
    frame = pl.DataFrame({"source_row": [0, 0], "target_row": [1, 2], "time_s": [5, 10]})
    tables = Tables(nodes={}, edges=(Edges(edge, frame),))
    check_past(tables, 11)
    with pytest.raises(AssertionError, match=r"likes must end before 10 \(got 1 newer edges\)"):
        check_past(tables, 10)


def test_the_replay_runs_on_a_small_network(tmp_path: Path) -> None:
    simulate(SimulationConfig.preset("small", seed=3, image_share=0.0), tmp_path / "data")
    config = load_config(CONFIG, [f"data={tmp_path / 'data'}", f"store={tmp_path / 'store'}", *QUICK])
    days = replay(config, days=2)
    for values in (days.recall, days.relevance):
        assert list(values) == list(METHODS)
        assert all(((one >= 0) & (one <= 1)).all() for one in values.values())
    for name in METHODS:
        assert (days.relevance[name] >= days.recall[name]).all()
    result = Result("replay", 3)
    report(result, "small", days)
    names = {one["name"] for one in result.figures}
    assert {
        "small.users",
        "small.last action.recall.difference.low",
        "small.ward, medoid, decay .01.relevance",
    } <= names
