"""The replay: shares of the budget, steps, leaks, and every method on a planted world and a small network."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks import forward
from benchmarks.common import Result
from benchmarks.forward import DRAWN, Window, drawn_of, morning_of, mornings, nearest, replay
from benchmarks.past import Past
from benchmarks.quality.replay import replay_section
from benchmarks.replay import CONFIGS, PAPER, REFERENCE, report
from benchmarks.users import METHODS, Morning, queries_of
from graphrec.config import load_config
from graphrec.errors import DataError
from graphrec.graph.build import build_graph
from graphrec.graph.split import split_at
from graphrec.pipeline import Runner
from graphrec.pipeline.assembly import history_of
from graphrec.pipeline.line import Line
from graphrec.simulate import SimulationConfig, simulate
from graphrec.store import Store
from tests.retrieval.world import AS_OF, NUM_FLITS, planted

QUICK = (
    "features.text={encoder: tfidf, dim: 16}", "features.image.encoder=none", "model.hidden_dim=16", "model.dim=16",
    "training.epochs=1", "neighbourhoods={num_walks: 20, size: 5}", "evaluation.baselines=[popular]",
    "evaluation.split.test_days=2",
)  # fmt: skip


def morning() -> Morning:
    bundle = planted()
    users, there = np.asarray(bundle.embeddings.vectors["user"]), np.ones(NUM_FLITS, np.bool_)
    return Morning(bundle.history, bundle.flit_vectors, users, bundle.settings.interests, there, AS_OF, seed=0)


def small(folder: Path) -> Window:
    config = load_config(CONFIGS / "flutter.yaml", [f"data={folder / 'data'}", f"store={folder / 'store'}", *QUICK])
    return Window(config, budget=50)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Window:
    folder = tmp_path_factory.mktemp("replay")
    simulate(SimulationConfig.preset("small", seed=3, image_share=0.0), folder / "data")
    return small(folder)


def line_of(window: Window) -> Line:
    return Line(window.config, Runner(Store(window.config.store)))


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


def test_the_sampled_interest_is_one_of_the_users() -> None:
    known = morning()
    for seed in range(5):
        query, _ = queries_of("one sampled interest", replace(known, seed=seed), 0)
        medoids = known.flits[known.interests.of(0).medoid]
        assert (medoids == query).all(axis=1).any()


def test_flits_from_after_the_morning_are_in_no_cluster() -> None:
    known = morning()
    there = known.published.copy()
    there[-20:] = False
    later = replace(known, published=there, flits=np.where(there[:, None], known.flits, np.float32(np.nan)))
    labels, centroids = later.clusters
    assert (labels[~there] == -1).all()
    assert (labels[there] >= 0).all()
    assert np.isfinite(centroids).all()


def test_queries_share_the_budget_and_draw_nothing_twice() -> None:
    flits = np.eye(20, dtype=np.float32)
    flits[:, 0] += np.linspace(0, 0.5, 20, dtype=np.float32)
    allowed = np.ones(20, np.bool_)
    allowed[[3, 4]] = False
    drawn = nearest(flits, np.eye(20, dtype=np.float32)[:2], np.array([0.7, 0.3], np.float32), allowed, budget=10)
    assert len(drawn) == len(set(drawn.tolist())) == 10
    assert not {3, 4} & set(drawn.tolist())
    assert set(drawn[:7].tolist()) == {0, *range(14, 20)}


def test_the_replay_runs_on_a_small_network(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    days = replay(window)
    for values in (days.recall, days.relevance):
        assert list(values) == list(DRAWN)
        assert all(((one >= 0) & (one <= 1)).all() for one in values.values())
    for name in DRAWN:
        assert (days.relevance[name] >= days.recall[name]).all()
    assert days.facts["mornings"] == 2
    assert 0 < days.facts["not_there_share"] < 1
    with pytest.raises(DataError, match=r"small.users must be at least 200 for a figure \(got \d+\)"):
        report(Result("replay", 3), "small", days)
    monkeypatch.setattr("benchmarks.replay.MIN_USERS", 1)
    result = Result("replay", 3)
    report(result, "small", days)
    names = {one["name"] for one in result.figures}
    assert {
        "small.users",
        "small.last action.recall.difference.low",
        f"small.{REFERENCE}.relevance",
    } <= names
    page = replay_section("replay", {"figures": result.figures, "tables": result.tables})
    assert "|  | recall, small | relevance, small |" in page
    assert f"| {PAPER[-2]} over {PAPER[-1]} |" in page
    assert "50 of " in page


def test_steps_fill_the_window(window: Window) -> None:
    line = line_of(window)
    found = mornings(line, "1d")
    assert np.diff(found).tolist() == [86_400, 86_400]
    assert (found[0], found[-1]) == (line.split.at_s, line.as_of_s)
    with pytest.raises(DataError, match="test_days must be whole steps of 1mo"):
        mornings(line, "1mo")


def leaks(line: Line) -> dict[str, tuple[str, Any]]:
    """Return what is planted, by the message it must bring: which function of the replay, and what it does instead."""
    known, now = line.known, line.as_of_s

    def split(**changes: Any) -> Callable[..., Any]:
        return lambda *args: replace(split_at(*args), **changes)

    everything = np.ones(line.split.available.shape, np.bool_)
    return {
        r"\.(time|start)_s must be before": ("split_at", split(train=known)),
        "must count edges before": ("build_graph", lambda tables, as_of_s: build_graph(known, as_of_s=now)),
        "must be before the split instant": ("history_of", lambda tables: history_of(known)),
        "index rows must be flits from before": ("split_at", split(available=everything)),
        "must read known flits alone": (
            "queries_of", lambda name, morning, user: (morning.flits.mean(axis=0, keepdims=True), np.ones(1)),
        ),
    }  # fmt: skip


def test_every_planted_leak_fails_the_run(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    for message, (name, planted_leak) in leaks(line_of(window)).items():
        monkeypatch.setattr(forward, name, planted_leak)
        with pytest.raises(DataError, match=message):
            replay(window)
        monkeypatch.undo()


def first_morning(window: Window) -> Iterator[tuple[str, Any]]:
    """Yield everything that the first morning of a window knows and draws, by name."""
    line = line_of(window)
    at_s, until_s = next(pairwise(mornings(line, "1d")))
    past, split = Past.of(line.known, at_s), split_at(line.known, at_s, until_s)
    known = morning_of(line, split, past, 0, None)
    yield from (("flits", known.flits), ("users", known.users), ("cut", known.settings.merge_cosine))
    for user in np.flatnonzero(np.diff(known.interests.indptr))[:20]:
        for name in DRAWN:
            yield f"{name} for {user}", np.sort(drawn_of(name, known, past, int(user), split.available, 50))


def test_another_future_is_the_same_morning(window: Window, tmp_path: Path) -> None:
    shutil.copytree(window.config.data, tmp_path / "data")
    morning_s = line_of(window).split.at_s
    rewrite(tmp_path / "data", morning_s)
    other = small(tmp_path)
    assert line_of(other).split.test.rows() != line_of(window).split.test.rows()
    for (name, here), (_, there) in zip(first_morning(window), first_morning(other), strict=True):
        np.testing.assert_allclose(here, there, atol=1e-5, err_msg=name)


def rewrite(data: Path, at_s: int | None) -> None:
    """Give every later event to somebody else, and every later flit other words and another language."""
    for table, column, changes in (
        ("events", "timestamp", [pl.col("user_id").reverse()]),
        ("flits", "created_at", [pl.lit("quite other words").alias("text"), pl.lit("zz").alias("language")]),
    ):
        frame = pl.read_parquet(data / f"{table}.parquet")
        later = frame[column].dt.epoch("s") >= at_s
        early, late = frame.filter(~later), frame.filter(later)
        pl.concat([early, late.with_columns(changes).select(early.columns)]).write_parquet(data / f"{table}.parquet")
