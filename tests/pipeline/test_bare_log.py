"""Somebody's bare log: nodes that stand in edges alone, no content, days measured each by itself."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.config import load_config
from graphrec.embed import embed
from graphrec.evaluation import Evaluation
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.neighbourhoods import Neighbourhoods
from graphrec.models.pinsage import PinSage
from graphrec.pipeline import Runner
from graphrec.pipeline.encoder import open_content
from graphrec.pipeline.line import Line
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever
from graphrec.training.checkpoint import load_model
from graphrec.training.ids import IdFit
from graphrec.training.snapshots import log_degrees
from graphrec.vectors import Embeddings
from tests.pipeline.conftest import Finished, finished, redone

DAYS, USERS, FLITS = 40, 60, 60
CONFIG = """
nodes:
  user: {from_edges: true, id: personId}
  flit: {from_edges: true, id: contentId}
edges:
  - {source: user, relation: views, target: flit, table: log.csv, where: {kind: VIEW}, time: {column: at, unit: s}, role: action}
  - {source: user, relation: likes, target: flit, table: log.csv, where: {kind: LIKE}, time: {column: at, unit: s}, weight: 2.0, role: action}
neighbourhoods: {num_walks: 50, size: 8}
model: {hidden_dim: 16, dim: 16, negatives: 64, id_vectors: true}
training: {epochs: 3, windows: 3, batch_size: 256, content_only_share: 0.0}
retrieval: {cold_share: 0.0}
evaluation: {split: {kind: time, test_days: 7}, by_day: true, baselines: [popular, recent_popular]}
runtime: {workers: 1}
"""  # noqa: E501


def write_log(folder: Path) -> None:
    """Write a log of two camps: even users act on even articles; an article is opened on from its own day."""
    rng = np.random.default_rng(0)
    rows = []
    for day in range(DAYS):
        for user in rng.permutation(USERS)[:40]:
            flit = 2 * int(rng.integers((FLITS * (day + 8) // (DAYS + 8)) // 2)) + user % 2
            kind = ("VIEW", "LIKE")[int(rng.random() < 0.3)]
            rows.append((f"p{user}", 900 + flit, kind, 1_700_000_000 + 86_400 * day + int(rng.integers(86_400))))
    pl.DataFrame(rows, schema=["personId", "contentId", "kind", "at"], orient="row").write_csv(folder / "log.csv")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("bare")
    (folder / "data").mkdir()
    write_log(folder / "data")
    (folder / "bare.yaml").write_text(CONFIG)
    return finished(load_config(folder / "bare.yaml"))


@pytest.fixture(scope="module")
def by_past(bare: Finished) -> Finished:
    """The same log, learnt from the past itself instead of windows after it."""
    model = "hidden_dim: 16, dim: 16, id_vectors: true, svd_start: true, popularity_bias: true, positives: {past: 1}"
    changes = [
        f"model={{{model}}}",
        "training={epochs: 10, batch_size: 256, content_only_share: 0.0}",
        "projection.method=pca",
    ]
    return finished(load_config(Path(bare.config.data).parent / "bare.yaml", changes))


def test_articles_that_nobody_has_opened_are_neither_shown_nor_truth(bare: Finished) -> None:
    line = Line(bare.config, Runner(bare.store))
    split = line.split
    first = line.known.nodes["flit"]["created_s"].to_numpy()
    assert split.at_s is not None
    np.testing.assert_array_equal(split.available, first < split.at_s)
    assert 0 < split.available.sum() < len(first)
    assert split.available[split.test["flit_row"].to_numpy()].all()


def test_days_add_up_and_are_no_result_on_few_users(bare: Finished) -> None:
    evaluation = Evaluation.open(bare.store.artifact("latest", "evaluation").path)
    days = {name: facts for name, facts in evaluation.slices.items() if name.startswith("day_")}
    assert list(days) == [f"day_{n}" for n in range(1, 8)]
    assert sum(one.events for one in days.values()) == evaluation.slices["all"].events
    assert not any(one.is_result for one in days.values())
    assert set(evaluation.differences.filter(pl.col("slice") == "day_1")["verdict"]) == {"not a result"}


@pytest.mark.parametrize("way", ["bare", "by_past"])
def test_id_vectors_alone_tell_the_camps_apart(way: str, request: pytest.FixtureRequest) -> None:
    done: Finished = request.getfixturevalue(way)
    retriever = Retriever.open(Path(done.config.store), done.version.name)
    own = [int(item) % 2 == user % 2 for user in range(USERS) for item in retriever.recommend(f"p{user}", 10).ids]
    assert np.mean(own) > 0.7  # half would be chance


def test_every_graph_gets_id_vectors_of_its_own(by_past: Finished) -> None:
    assert redone(finished(by_past.config)) == []
    line = Line(by_past.config, Runner(by_past.store))
    model, content = load_model(line.model.path), open_content(line.model.path, line.features.path)
    assert isinstance(model, PinSage)
    for part in (line.held_out, line.served):
        graph = InteractionGraph.open(part.graph.path)
        hoods = Neighbourhoods.open(part.neighbourhoods.path)
        found = Embeddings.open(part.embeddings.path).vectors
        own = IdFit.open(line.model.path).embedded(model, content, graph, hoods).vectors
        trained = embed(model, content, hoods, log_degrees(graph)).vectors
        for node_type in ("user", "flit"):
            np.testing.assert_array_equal(found[node_type], own[node_type])
            assert not np.array_equal(found[node_type], trained[node_type])


def test_new_flits_stand_where_their_content_says(by_past: Finished) -> None:
    bundle = Bundle.open(by_past.store.artifact("latest", "holdout_bundle").path)
    unmet = bundle.history.actions_per_flit(len(bundle.allowed)) == 0
    assert unmet.any()
    assert bundle.content_cosine is not None
    np.testing.assert_allclose(bundle.content_cosine[unmet], 1.0, atol=1e-5)
    assert bundle.content_cosine[~unmet].mean() < 0.9


def test_node_types_may_have_the_names_of_methods(bare: Finished, tmp_path: Path) -> None:
    """torch keeps parts of a model as attributes, and has ``keys`` and ``items`` of its own."""
    text = CONFIG.replace("  user:", "  keys:").replace("  flit:", "  items:")
    text = text.replace("source: user", "source: keys").replace("target: flit", "target: items")
    (tmp_path / "other.yaml").write_text(text)
    changes = [
        f"data={bare.config.data}", "training={epochs: 2, batch_size: 256, content_only_share: 0.0}",
        "model={hidden_dim: 8, dim: 8, id_vectors: true, svd_start: true, popularity_bias: true, positives: {past: 1}}",
        "projection.method=pca",
    ]  # fmt: skip
    done = finished(load_config(tmp_path / "other.yaml", changes))
    assert Retriever.open(done.config.store).recommend("p1", 5).reason == "interests"
