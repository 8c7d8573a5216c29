"""From tables to a tuned text encoder: what it learns from, and that it plugs in."""

from pathlib import Path

import numpy as np
import pytest

from graphrec.config import RunConfig
from graphrec.errors import ConfigError
from graphrec.features.topics import MIN_TEXTS
from graphrec.graph.split import actions_of
from graphrec.pipeline import Runner
from graphrec.pipeline.finetune import engaged_texts, finetune
from graphrec.pipeline.line import Line
from graphrec.store import Store
from tests.pipeline.conftest import Finished, quick_config


def configured(first: Finished, tiny_bert: Path, *changes: str) -> RunConfig:
    encoder = f"features.text={{encoder: transformer, model: {tiny_bert}, max_tokens: 16, precision: float32}}"
    own = ("finetune={epochs: 1, batch_size: 64, language_column: language}", encoder)
    return quick_config(Path(first.config.data), Path(first.config.store), *own, *changes)


def runner(first: Finished) -> Runner:
    return Runner(Store(first.config.store))


def test_it_learns_from_the_training_side_of_the_split_alone(first: Finished, tiny_bert: Path) -> None:
    config = configured(first, tiny_bert, "finetune.topic_column=language")
    split = Line(config, runner(first)).split
    vectors = np.random.default_rng(0).normal(size=(split.train.nodes["flit"].height, 4)).astype(np.float32)
    engaged = engaged_texts(split, config, vectors)
    counts = np.bincount(actions_of(split.train)["flit_row"], minlength=split.train.nodes["flit"].height)
    assert len(engaged.texts) == (counts >= 1).sum() < len(counts)
    assert engaged.held.mean() == pytest.approx(0.1, abs=0.01)
    assert {0, 1} <= set(engaged.language.tolist())
    assert engaged.topics.sum(axis=0).tolist() == [n for n in np.bincount(engaged.language) if n >= MIN_TEXTS]
    assert not any("#" in one for one in engaged.bare)
    np.testing.assert_array_equal(engaged.vectors, vectors[counts >= 1])


def test_the_tuned_encoder_plugs_in(first: Finished, tiny_bert: Path, tmp_path: Path) -> None:
    out = tmp_path / "models" / "tuned"
    log = finetune(configured(first, tiny_bert), out, runner=runner(first))
    assert [entry["epoch"] for entry in log] == [0, 1]
    plugged = configured(first, tiny_bert, f"features.text.model={out}", f"store={tmp_path / 'store'}")
    features = Line(plugged, Runner(Store(plugged.store))).features
    assert features.facts
    assert not (tmp_path / "models" / "tuned.draft").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("features.text={encoder: tfidf, dim: 8}",), "features.text.encoder must be 'transformer' to be fine-tuned"),
        (
            ("finetune.topic_column=subject",),
            r"finetune.topic_column must be a column that the flits declare \(got 'sub",
        ),
        (("nodes.flit.text=[]",), r"nodes.flit.text must name columns for a text encoder to be tuned on"),
    ],
)
def test_what_cannot_be_tuned_is_refused(
    changes: tuple[str, ...], message: str, first: Finished, tiny_bert: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        finetune(configured(first, tiny_bert, *changes), tmp_path / "out", runner=runner(first))
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(first: Finished, tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="out must be a new folder"):
        finetune(configured(first, tiny_bert), tmp_path, runner=runner(first))
