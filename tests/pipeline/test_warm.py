"""A warm start from an earlier version: what is taken, what is refused."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.config import RunConfig, load_config
from graphrec.errors import ConfigError, DataError
from graphrec.ids import IdMap
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.lookup import Lookup
from graphrec.pipeline import Runner
from graphrec.pipeline.line import Line
from graphrec.pipeline.warm import Earlier, earlier_of, start_of
from graphrec.store import Store
from graphrec.training.checkpoint import load_model
from tests.pipeline.conftest import FLUTTER

MODEL = "dim: 8, epochs: 2, relations: {likes: 1.0, follows: 1.0}"
RELATIONS = [("user", "likes", "flit"), ("user", "follows", "user")]
CONFIG = TwhinConfig(dim=8, relations={"likes": 1.0, "follows": 1.0})


def configured(network: Path, store: Path, model: str) -> RunConfig:
    rest = ("training={}", "neighbourhoods={}", "runtime.workers=1")
    plain = ("features.text={encoder: none}", "features.image={encoder: none}")
    return load_config(FLUTTER, [f"data={network}", f"store={store}", f"model={{{model}}}", *rest, *plain])


@pytest.fixture(scope="module")
def first(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """The stages up to the model of a run from noise, published as the version ``first``."""
    config = configured(network, tmp_path_factory.mktemp("store"), f"preset: twhin, {MODEL}")
    line = Line(config, Runner(Store(config.store)))
    line.runner.store.save_version("first", {"tables": line.tables, "model": line.model}, {})
    return line


@pytest.fixture(scope="module")
def earlier(first: Line) -> Earlier:
    return Earlier("first", first.model, first.tables)


@pytest.fixture(scope="module")
def at_s(earlier: Earlier) -> int:
    model = load_model(earlier.model.path)
    assert isinstance(model, Lookup)
    assert model.until_s is not None
    return model.until_s


def test_a_run_starts_where_a_version_ended(first: Line, network: Path) -> None:
    warm = f"preset: twhin, {MODEL}, learning_rate: 0.001, warm_start: {{version: first}}"
    config = configured(network, Path(first.config.store), warm)
    line = Line(config, Runner(Store(config.store)))
    before, after = (load_model(one.model.path) for one in (first, line))
    assert isinstance(before, Lookup)
    assert isinstance(after, Lookup)
    assert line.model.facts["warm_start"]["user"] == int(before.fitted.known["user"].sum())
    known = before.fitted.known["user"] & after.fitted.known["user"]
    cosine = np.einsum("ij,ij->i", before.fitted.vectors["user"], after.fitted.vectors["user"])[known]
    assert cosine.mean() > 0.98
    again = Line(config, Runner(Store(config.store)))
    assert again.model.digest == line.model.digest
    assert again.runner.history[-1].found


def test_another_stores_version_may_be_named(first: Line, network: Path, tmp_path: Path) -> None:
    told = f"{{version: first, store: {first.config.store}}}"
    config = configured(network, tmp_path, f"preset: twhin, {MODEL}, warm_start: {told}")
    found = earlier_of(config.model, Store(tmp_path))
    assert found is not None
    assert (found.version, found.model.digest) == ("first", first.model.digest)


def test_a_store_is_relative_to_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = FLUTTER.read_text().replace("neighbourhoods: {num_walks: 1000, restart_prob: 0.5, size: 30}\n", "")
    start, end = text.index("\nmodel:"), text.index("\ninterests:")
    path = tmp_path / "run.yaml"
    path.write_text(f"{text[:start]}\nmodel: {{preset: twhin, warm_start: {{store: before}}}}\n{text[end:]}")
    monkeypatch.chdir("/")
    for overrides, where in (([], tmp_path / "before"), (["model.warm_start.store=old"], Path("/old"))):
        model = load_config(path, overrides).model
        assert isinstance(model, TwhinConfig)
        assert model.warm_start is not None
        assert model.warm_start.store == str(where)


def test_nodes_are_found_by_their_ids(first: Line, earlier: Earlier, at_s: int) -> None:
    ids = dict(first.known.ids)
    other = ids["user"].series.to_list()[:1:-1]
    ids["user"] = IdMap(["nobody", *other])
    start = start_of(earlier, ids, CONFIG, RELATIONS, at_s=at_s)
    model = load_model(earlier.model.path)
    assert isinstance(model, Lookup)
    assert not start.known["user"][0]
    np.testing.assert_array_equal(start.vectors["user"][1:], model.fitted.vectors["user"][:1:-1])
    np.testing.assert_array_equal(start.lengths["user"][1:], model.fitted.lengths["user"][:1:-1])


def test_what_does_not_fit_is_refused(first: Line, earlier: Earlier, at_s: int) -> None:
    ids = first.known.ids

    def refused(kind: type[Exception], message: str, **changes: object) -> None:
        given = {"config": CONFIG, "relations": RELATIONS, "at_s": at_s, "ids": ids, **changes}
        with pytest.raises(kind, match=message):
            start_of(earlier, **given)  # type: ignore[arg-type]

    wider = CONFIG.model_copy(update={"dim": 16})
    refused(
        ConfigError, r"model.warm_start.version must name a version of model.dim 16 \(got first, of 8\)", config=wider
    )
    more = [*RELATIONS[:1], ("user", "shares", "flit")]
    refused(ConfigError, "which lacks user-shares-flit and has beside them user-follows-user", relations=more)
    refused(ConfigError, "which lacks none and has beside them user-follows-user", relations=RELATIONS[:1])
    refused(DataError, "must be left out where actions are undated", at_s=None)
    refused(DataError, "knows nothing of this run's validation window, which begins at", at_s=at_s - 1)
    numbers = {**ids, "user": IdMap(pl.Series("id", [1, 2]))}
    refused(ConfigError, r"whose user ids are Int64 \(got first, with String\)", ids=numbers)


def test_a_version_of_another_preset_is_refused(first: Line, network: Path, at_s: int) -> None:
    config = configured(network, Path(first.config.store), "preset: lightgcn, dim: 8, epochs: 1")
    line = Line(config, Runner(Store(config.store)))
    other = Earlier("second", line.model, line.tables)
    with pytest.raises(ConfigError, match=r"must name a version of preset twhin \(got second, of lightgcn\)"):
        start_of(other, first.known.ids, CONFIG, RELATIONS, at_s=at_s)


def test_a_version_that_is_not_there_is_refused(first: Line) -> None:
    store = Store(first.config.store)
    told = CONFIG.model_validate({"warm_start": {"version": "v0009"}})
    with pytest.raises(ConfigError, match=r"model.warm_start.version must name a version to start from \(got 'v0009'"):
        earlier_of(told, store)
    assert earlier_of(CONFIG, store) is None
