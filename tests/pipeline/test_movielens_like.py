"""Other people's data: undated likes, a given test split, flits held out whole."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.config import load_config
from graphrec.graph.split import actions_of
from graphrec.pipeline import Runner
from graphrec.pipeline.line import Line
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Store
from tests.pipeline.conftest import QUICK, Finished, finished

CONFIG = """
data: ./data
store: ./store
nodes:
  user: {table: users.parquet, id: user, numeric: [age], categorical: [gender]}
  flit: {table: movies.parquet, id: item, text: [title, genres]}
edges:
  - {source: user, relation: likes, target: flit, table: train.parquet, where: "rating >= 4", role: action}
  - {source: user, relation: likes, target: flit, table: test.parquet, where: "rating >= 4", role: action, split: test}
evaluation:
  split: {kind: given, held_out_items: 0.1}
"""
GENRES = ("western", "musical", "noir")
NUM_USERS, NUM_MOVIES = 90, 120


def write_tables(folder: Path) -> None:
    """Write ratings of three genres; users like movies of their own genre. Ids are integers."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    users = {
        "user": range(NUM_USERS),
        "age": rng.integers(10, 80, NUM_USERS),
        "gender": rng.choice(["f", "m"], NUM_USERS),
    }
    pl.DataFrame(users).write_parquet(folder / "users.parquet")
    genres = [GENRES[item % 3] for item in range(NUM_MOVIES)]
    titles = [f"{genre} number {item}" for item, genre in enumerate(genres)]
    pl.DataFrame({"item": range(NUM_MOVIES), "title": titles, "genres": genres}).write_parquet(
        folder / "movies.parquet"
    )
    rated = [
        (user, int(item), int(rng.integers(3, 6)))
        for user in range(NUM_USERS)
        for item in rng.permutation(np.arange(user % 3, NUM_MOVIES, 3))[:18]
    ]
    ratings = pl.DataFrame(rated, schema=["user", "item", "rating"], orient="row")
    test = pl.Series(np.arange(len(rated)) % 6 == 5)
    ratings.filter(~test).write_parquet(folder / "train.parquet")
    ratings.filter(test).write_parquet(folder / "test.parquet")


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("movies")
    write_tables(folder / "data")
    (folder / "movies.yaml").write_text(CONFIG)
    changes = [
        *QUICK,
        "training={epochs: 2, windows: 2, batch_size: 512}",
        "evaluation.baselines=[popular, last_action]",
    ]
    return finished(load_config(folder / "movies.yaml", changes))


def test_undated_tables_with_a_given_split_run_end_to_end(movies: Finished) -> None:
    assert movies.version.name == "v0001"
    evaluation = movies.store.artifact("latest", "evaluation")
    assert evaluation.facts["users"] > 70
    assert evaluation.facts["cold_share"] > 0.05
    assert '"oracle"' not in json.dumps(movies.version.metrics)


def test_held_out_items_and_test_rows_stay_out_of_training(movies: Finished) -> None:
    line = Line(movies.config, Runner(movies.store))
    split = line.split
    trained = set(actions_of(split.train).select("user_row", "flit_row").rows())
    tested = set(split.test.rows())
    assert not trained & tested
    cold = {flit for _, flit in tested} - {flit for _, flit in trained}
    assert len(cold) == 12
    held_out = Bundle.open(movies.store.artifact("latest", "holdout_bundle").path)
    assert not np.isin(held_out.history.rows, list(cold)).any()
    assert held_out.settings.as_of_s is None


def test_the_served_bundle_never_learns_the_given_test_rows(movies: Finished) -> None:
    line = Line(movies.config, Runner(movies.store))
    served = Bundle.open(movies.store.artifact("latest", "bundle").path)
    assert served.history.num_actions == actions_of(line.known).height
    assert served.history.time_s is None


def test_undated_versions_answer_by_integer_ids(movies: Finished) -> None:
    retriever = Retriever.open(Path(movies.config.store))
    own = 0
    for user in range(0, 60):
        found = retriever.recommend(user, 10)
        assert found.reason == "interests"
        own += sum(int(item) % 3 == user % 3 for item in found.ids)
    assert own / 600 > 0.6  # a third would be chance
    assert retriever.recommend(10_000, 5).reason == "recent popularity: user 10000 is unknown"
    assert retriever.recommend_from([0, 3, 6], 5).reason == "interests"


def test_a_rerun_finds_everything(movies: Finished) -> None:
    again = finished(movies.config)
    assert all(one.found for one in again.history)
    assert [one.name for one in Store(movies.config.store).versions()] == ["v0001"]
