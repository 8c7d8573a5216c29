"""Searching settings: what is drawn, how rungs halve, and that the best config runs as it was tried."""

from pathlib import Path

import polars as pl
import pytest

from graphrec.config import RunConfig, load_config
from graphrec.errors import ConfigError
from graphrec.evaluation.config import SearchConfig
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.pipeline import Runner
from graphrec.pipeline.line import Line
from graphrec.pipeline.search import METRIC, draw, epochs_name, epochs_of_rungs, search
from graphrec.pipeline.search_job import main
from graphrec.store import Store
from tests.pipeline.conftest import FLUTTER, QUICK

SPACE = "search.space={retrieval.candidates: [40, 400], model.temperature: [0.2, 5.0]}"
KNOWN = ("training={epochs: 2, windows: 1, batch_size: 1024}", "interests.merge_cosine=0.7")


def configured(*changes: str) -> RunConfig:
    return load_config(FLUTTER, ["data=/nowhere", "store=/nowhere", *changes])


def test_all_combinations_are_tried_where_they_are_few() -> None:
    assert draw(configured(SPACE)) == [
        {"retrieval.candidates": 40, "model.temperature": 0.2},
        {"retrieval.candidates": 40, "model.temperature": 5.0},
        {"retrieval.candidates": 400, "model.temperature": 0.2},
        {"retrieval.candidates": 400, "model.temperature": 5.0},
    ]


def test_of_many_so_many_are_drawn_none_twice_and_again_the_same() -> None:
    many = "search.space={model.dim: [8, 16, 32, 64], model.hidden_dim: [16, 32, 64], training.seed: [0, 1, 2]}"
    drawn = draw(configured(many, "search.trials=7"))
    assert len({tuple(one.values()) for one in drawn}) == len(drawn) == 7
    assert drawn == draw(configured(many, "search.trials=7"))
    assert drawn != draw(configured(many, "search.trials=7", "search.seed=1"))


@pytest.mark.parametrize(
    ("rungs", "trials", "epochs"), [(1, 4, [8]), (3, 9, [2, 4, 8]), (4, 2, [4, 8]), (6, 64, [1, 1, 1, 2, 4, 8])]
)
def test_each_rung_trains_twice_as_long(rungs: int, trials: int, epochs: list[int]) -> None:
    assert epochs_of_rungs(configured(f"search.rungs={rungs}", "training.epochs=8"), trials) == epochs


def test_presets_of_vectors_per_node_climb_by_epochs_of_their_own() -> None:
    config = configured("model={preset: twhin, epochs: 8}", "training={}", "neighbourhoods={}")
    assert epochs_of_rungs(config.model_copy(update={"search": SearchConfig(rungs=3)}), 9) == [2, 4, 8]
    assert epochs_name(config) == "model.epochs"
    towers = configured("model={preset: two_tower}", "training={epochs: 8}", "neighbourhoods={}", "search.rungs=3")
    assert (epochs_name(towers), epochs_of_rungs(towers, 4)) == ("training.epochs", [2, 4, 8])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ((), "search.space must name settings and their values"),
        (("search.space={evaluation.k: [[10]]}",), "search.space must leave 'evaluation.k' alone"),
        (("search.space={training.window_days: [7, 14]}",), "search.space must leave 'training.window_days' alone"),
        (("search.space={training.epochs: [7]}", "search.rungs=2"), "search.rungs must be 1 where"),
        (("search.space={model.dim: []}",), "must give model.dim at least one value"),
        (("search.space={model.dim: [8, -1]}",), "model.dim must be greater"),
        (("search.space={model.width: [8]}",), "width"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused_before_work(changes: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("'", "['\"]")):
        search(FLUTTER, ["data=/nowhere", "store=/nowhere", *changes])


@pytest.fixture(scope="module")
def searched(network: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Run the job over two rungs; return what it wrote and its store."""
    out, store = tmp_path_factory.mktemp("tuned"), tmp_path_factory.mktemp("store")
    settings = [f"data={network}", f"store={store}", *QUICK, *KNOWN, SPACE, "search.rungs=2", "runtime.engine=local"]
    overrides = [part for one in settings for part in ("--set", one)]
    assert main("", ["--config", str(FLUTTER), *overrides, "--out", str(out)]) == 0
    return out, store


def test_the_better_half_goes_on(searched: tuple[Path, Path]) -> None:
    trials = pl.read_csv(searched[0] / "trials.csv")
    assert trials["rung"].to_list() == [2, 2, 1, 1, 1, 1]
    assert trials["epochs"].to_list() == [2, 2, 1, 1, 1, 1]
    for rung in (1, 2):
        assert trials.filter(rung=rung)[METRIC].is_sorted(descending=True)
    settings = ("retrieval.candidates", "model.temperature")
    assert set(trials.filter(rung=2).select(settings).iter_rows()) == set(
        trials.filter(rung=1).head(2).select(settings).iter_rows()
    )


def test_the_best_config_runs_as_it_was_tried(searched: tuple[Path, Path], network: Path) -> None:
    out, store = searched
    best = pl.read_csv(out / "trials.csv").row(0, named=True)
    config = load_config(out / "best.yaml")
    assert (config.data, config.store) == (str(network), str(store))
    assert isinstance(config.model, PinSageConfig)
    assert config.model.temperature == best["model.temperature"]
    assert config.retrieval.candidates == best["retrieval.candidates"]
    runner = Runner(Store(config.store))
    assert Line(config, runner).tuning.facts[METRIC] == pytest.approx(best[METRIC])
    assert all(done.found for done in runner.history)


def test_a_relative_folder_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ("--set", "data=/nowhere", "--set", "store=/nowhere", "--set", SPACE)
    assert main("", ["--config", str(FLUTTER), *settings, "--out", "tuned"]) == 2
    assert "out must be an absolute path (got 'tuned')" in capsys.readouterr().err
