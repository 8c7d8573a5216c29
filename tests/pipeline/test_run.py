import json
import shutil
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from graphrec.config import load_config
from graphrec.errors import ConfigError, DataError
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.split import actions_of
from graphrec.pipeline import Runner
from graphrec.pipeline.line import Line
from graphrec.projection.projection import Projection
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.lists import Lists
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Store
from graphrec.tables.clean import Edges, Tables
from tests.pipeline.conftest import FLUTTER, QUICK, Finished, finished, quick_config, redone

STAGES = [
    "tables", "features", "model", "tuning",
    "holdout_graph", "holdout_neighbourhoods", "holdout_embeddings", "holdout_interests", "holdout_factors",
    "holdout_index", "holdout_bundle", "evaluation",
    "graph", "neighbourhoods", "embeddings", "interests", "factors", "index", "bundle", "lists", "projection",
]  # fmt: skip


def again(first: Finished, tmp_path: Path, *changes: str, data: Path | None = None) -> Finished:
    """Run with other settings in a store that starts as a copy of the first run's."""
    store = tmp_path / "store"
    if not store.exists():
        copied(Path(first.config.store), store)
    return finished(quick_config(data or Path(first.config.data), store, *changes))


def copied(source: Path, target: Path) -> None:
    shutil.copytree(source, target)


def test_a_run_publishes_every_stage_and_names_a_version(first: Finished) -> None:
    assert [one.stage for one in first.history] == STAGES
    assert redone(first) == STAGES
    assert sorted(first.version.stages) == sorted(STAGES)
    assert first.store.resolve("latest").name == first.version.name == "v0001"
    first.store.verify("latest")
    assert first.version.metrics["figures"]


def test_a_rerun_finds_every_stage_and_makes_no_new_version(first: Finished) -> None:
    second = finished(first.config)
    assert redone(second) == []
    assert len(second.history) == len(STAGES)
    assert second.version.name == first.version.name
    assert [one.name for one in first.store.versions()] == ["v0001"]


def test_equal_input_gives_equal_digests_in_another_store(first: Finished, tmp_path: Path) -> None:
    other = finished(quick_config(Path(first.config.data), tmp_path / "other"))
    assert other.version.stages == first.version.stages


def test_the_map_holds_the_served_flits_in_clusters_named_by_their_words(first: Finished) -> None:
    made = Projection.open(first.store.artifact("latest", "projection").path)
    served = Bundle.open(first.store.artifact("latest", "bundle").path)
    assert made.rows.tolist() == list(range(len(served.allowed)))
    texts = " ".join(served.catalogue["text"].drop_nulls()).lower()
    assert len(made.names) == 12
    assert all(word in texts for name in made.names for word in name.split(", "))


def test_the_version_keeps_what_every_user_is_answered(first: Finished) -> None:
    kept = Lists.open(first.store.artifact("latest", "lists").path)
    retriever = Retriever.open(first.config.store)
    users = retriever.bundle.ids["user"].series
    assert (len(kept), kept.k) == (len(users), 50)
    for row in range(0, len(users), 17):
        found = json.loads(kept.of(row))
        assert [one["id"] for one in found["candidates"]] == retriever.recommend(users[row], 50).ids


def test_without_lists_there_is_no_such_stage(first: Finished, tmp_path: Path) -> None:
    without = again(first, tmp_path, "lists.k=0")
    assert set(without.version.stages) == set(STAGES) - {"lists"}
    with pytest.raises(ConfigError, match=r"lists\.k must be above 0"):
        Line(without.config, Runner(without.store)).stage("lists")


def test_retrieval_settings_alone_redo_tuning_and_what_comes_after(first: Finished, tmp_path: Path) -> None:
    changed = again(first, tmp_path, "retrieval.candidates=100")
    assert redone(changed) == ["tuning", "holdout_bundle", "evaluation", "bundle", "lists"]
    assert changed.version.name == "v0002"
    assert changed.store.resolve("latest").name == "v0002"
    back = again(first, tmp_path)
    assert redone(back) == []
    assert back.version.stages == first.version.stages


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        ("neighbourhoods.size=5", {"model", "tuning", "neighbourhoods", "embeddings", "bundle", "evaluation"}),
        ("projection.clusters=5", {"projection"}),
        ("lists.k=5", {"lists"}),
        ("index.ef_search=77", {"tuning", "index"}),
        ("evaluation.k=[5]", {"evaluation"}),
        ("runtime.workers=2", set()),
    ],
)
def test_a_setting_redoes_the_stages_it_shapes(first: Finished, tmp_path: Path, change: str, stages: set[str]) -> None:
    done = set(redone(again(first, tmp_path, change)))
    assert stages <= done
    assert "tables" not in done
    assert "features" not in done
    assert bool(done) == bool(stages)


def edited(first: Finished, tmp_path: Path, relation: str, **changes: object) -> Finished:
    """Run the first config with one edge declared otherwise."""
    values = yaml.safe_load(FLUTTER.read_text())
    edge = next(one for one in values["edges"] if one["relation"] == relation)
    edge.update(changes)
    (tmp_path / "edited.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    copied(Path(first.config.store), tmp_path / "store")
    overrides = [f"data={first.config.data}", f"store={tmp_path / 'store'}", *QUICK]
    return finished(load_config(tmp_path / "edited.yaml", overrides))


def test_a_config_that_says_the_same_in_other_words_redoes_nothing(first: Finished, tmp_path: Path) -> None:
    assert redone(edited(first, tmp_path, "likes", half_life_days=30.0)) == []


@pytest.mark.parametrize(
    ("relation", "changes"), [("likes", {"half_life_days": 3}), ("responds", {"role": "exposure"})]
)
def test_what_an_edge_means_shapes_the_graph_though_its_rows_stay(
    first: Finished, tmp_path: Path, relation: str, changes: dict[str, object]
) -> None:
    done = redone(edited(first, tmp_path, relation, **changes))
    assert {"graph", "holdout_graph", "model"} <= set(done)


def test_a_changed_table_redoes_everything_it_feeds(first: Finished, tmp_path: Path) -> None:
    data = tmp_path / "data"
    copied(Path(first.config.data), data)
    events = pl.read_parquet(data / "events.parquet")
    events.head(events.height - 1).write_parquet(data / "events.parquet")
    done = redone(again(first, tmp_path, data=data))
    assert {"tables", "graph", "interests", "bundle", "evaluation"} <= set(done)


def test_hiding_more_redoes_the_tuning_that_leaves_hidden_flits_out(first: Finished, tmp_path: Path) -> None:
    data = tmp_path / "data"
    copied(Path(first.config.data), data)
    events = pl.read_parquet(data / "events.parquet").sort("timestamp", maintain_order=True)
    views = events.filter(pl.col("event") == "view").head(200)
    hides = views.with_columns(pl.lit("hide").alias("event"))
    pl.concat([events, hides]).sort("timestamp", maintain_order=True).write_parquet(data / "events.parquet")
    assert {"tuning", "bundle"} <= set(redone(again(first, tmp_path, data=data)))


def test_no_held_out_action_reaches_the_held_out_line(first: Finished) -> None:
    line = Line(first.config, Runner(first.store))
    split = line.split
    assert split.at_s is not None
    bundle = Bundle.open(first.store.artifact("latest", "holdout_bundle").path)
    assert bundle.history.time_s is not None
    assert int(bundle.history.time_s.max()) < split.at_s
    assert bundle.settings.as_of_s == split.at_s
    served = Bundle.open(first.store.artifact("latest", "bundle").path)
    assert served.history.num_actions == actions_of(line.known).height > bundle.history.num_actions
    assert not (bundle.allowed & ~split.available).any()


def test_a_planted_future_edge_raises(first: Finished) -> None:
    line = Line(first.config, Runner(first.store))
    split = line.split
    assert split.at_s is not None
    likes = split.train.edges[0]
    leak = likes.frame.head(1).with_columns(pl.lit(split.at_s, dtype=pl.Int64).alias("time_s"))
    leaky = Tables(split.train.nodes, (Edges(likes.config, pl.concat([likes.frame, leak])), *split.train.edges[1:]))
    build_graph(split.train, as_of_s=split.at_s)
    with pytest.raises(DataError, match=rf"likes.time must be before {split.at_s} .*; split the tables first"):
        build_graph(leaky, as_of_s=split.at_s)


def test_the_served_version_answers(first: Finished) -> None:
    retriever = Retriever.open(first.config.store)
    assert retriever.version == "v0001"
    users = retriever.bundle.ids["user"].series
    for user in users.head(20):
        found = retriever.recommend(user, 20)
        assert len(found) == 20
        row = retriever.bundle.ids["user"].row(user)
        rows = retriever.bundle.ids["flit"].rows(found.ids)
        assert not np.isin(rows, retriever.bundle.excluded(row)).any()
        assert found.explain(0)["id"] == found.ids[0]
    assert retriever.similar(retriever.bundle.ids["flit"].series[0], 5).height == 5


def test_searching_without_a_transformer_says_what_is_needed(first: Finished) -> None:
    with pytest.raises(ConfigError, match=r"search needs .* from features.text.encoder 'transformer' \(got 'tfidf'\)"):
        Retriever.open(first.config.store).search("birds at the feeder")


def test_the_evaluation_lists_us_the_baselines_and_the_oracle(first: Finished) -> None:
    folder = first.store.artifact("latest", "evaluation").path
    text = (folder / "evaluation.json").read_text()
    for name in ("graphrec", "popular", "oracle"):
        assert json.dumps(name) in text


def test_facts_and_reports_lie_beside_the_artifacts(first: Finished) -> None:
    tables = first.store.artifact("latest", "tables")
    assert tables.facts["nodes"] == {"user": 200, "flit": 600, "advertiser": 12}
    assert tables.facts["quarantined"] == 0
    report = json.loads((first.store.artifact("latest", "graph").path / "health.json").read_text())
    assert report["nodes"]["user"]["count"] == 200
    log = json.loads((first.store.artifact("latest", "model").path / "training_log.json").read_text())
    assert [entry["epoch"] for entry in log] == [1.0, 2.0]


def test_as_of_cuts_everything_at_or_after_it(first: Finished, tmp_path: Path) -> None:
    line = Line(first.config, Runner(first.store))
    newest = line.as_of_s
    assert newest is not None
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(newest - 10 * 86_400))
    early = Line(quick_config(Path(first.config.data), tmp_path / "s", f"as_of={at}"), Runner(Store(tmp_path / "s")))
    assert early.as_of_s == newest - 10 * 86_400
    assert actions_of(early.known)["time_s"].max() < early.as_of_s  # type: ignore[operator]
    assert early.split.at_s == early.as_of_s - 7 * 86_400


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_as_of_without_a_zone_is_utc_wherever_it_is_read(
    first: Finished, tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        config = quick_config(Path(first.config.data), tmp_path, "as_of=2026-03-01T00:00:00")
        assert Line(config, Runner(Store(config.store))).as_of_s == 1_772_323_200
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_explanation_tells_content_from_graph(first: Finished) -> None:
    """A flit without an edge stands where its content puts it; on the whole the graph has moved those with edges."""
    retriever = Retriever.open(first.store.root)
    graph = InteractionGraph.open(first.store.artifact(first.version, "graph").path)
    found, degree = retriever.bundle.content_cosine, graph.degrees("flit")
    assert found is not None
    np.testing.assert_allclose(found[degree == 0], 1.0, atol=1e-4)
    assert found[degree > 0].mean() < 0.99
    told = retriever.recommend("bird_0003", 3).explain(0)
    assert told["content"] == pytest.approx(float(found[retriever.bundle.ids["flit"].row(told["id"])]))


@pytest.mark.slow
def test_near_duplicates_stay_in_histories_and_out_of_lists(first: Finished, tmp_path: Path) -> None:
    changed = again(first, tmp_path, "index.near_duplicates=0.8")
    assert {"index", "bundle", "evaluation", "tuning"} <= set(redone(changed))
    artifact = changed.store.artifact(changed.version, "bundle")
    bundle = Bundle.open(artifact.path)
    assert bundle.standing is not None
    copies = np.flatnonzero(bundle.standing != np.arange(len(bundle.standing)))
    assert artifact.facts["near_duplicates"] == len(copies) > 0
    assert not bundle.allowed[copies].any()
    assert np.isin(copies, bundle.history.rows).any()
    retriever = Retriever(bundle)
    for user in bundle.ids["user"].series.to_list()[:50]:
        assert not np.isin(bundle.ids["flit"].rows(retriever.recommend(user, 30).ids), copies).any()
