"""Images in files and through a vision model, and content switched off, along the stages."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from graphrec.cli.app import app
from graphrec.config import load_config
from graphrec.errors import ConfigError
from graphrec.features import Features
from graphrec.pipeline import Runner
from graphrec.pipeline.line import Line
from graphrec.simulate import SimulationConfig, simulate
from graphrec.store import Store
from graphrec.vectors import Embeddings
from tests.features.conftest import encoded, noise, tiny_vit
from tests.pipeline.conftest import FLUTTER, quick_config

__all__ = ["tiny_vit"]


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network, its images in files."""
    folder = tmp_path_factory.mktemp("pictured")
    simulate(SimulationConfig.preset("small", seed=3, image_share=0.2), folder)
    flits = pl.read_parquet(folder / "flits.parquet")
    (folder / "images").mkdir()
    names = []
    for id_, image in flits.select("flit_id", "image").iter_rows():
        names.append(None if image is None else f"images/{id_}.png")
        if image is not None:
            (folder / str(names[-1])).write_bytes(image)
    flits.write_parquet(folder / "bytes.parquet")
    flits.with_columns(image=pl.Series(names, dtype=pl.String)).write_parquet(folder / "flits.parquet")
    return folder


def line(data: Path, store: Path, *changes: str) -> Line:
    return Line(quick_config(data, store, *changes), Runner(Store(store)))


def named(folder: Path) -> list[Path]:
    return sorted((folder / "images").iterdir())


def validated(data: Path, *changes: str) -> Result:
    sets = [part for change in (f"data={data}", *changes) for part in ("--set", change)]
    return CliRunner().invoke(app, ["validate", str(FLUTTER), "--json", *sets])


def test_files_through_validation_and_the_features_stage(pictured: Path, tmp_path: Path, tiny_vit: Path) -> None:
    answer = validated(pictured)
    report = {one["name"]: one for one in json.loads(answer.stdout)["tables"]}["nodes.flit"]
    assert (answer.exit_code, report["rows_without_image"], report["fault"]) == (0, 0, None)

    vit = f"features.image={{encoder: transformer, model: {tiny_vit}, precision: float32}}"
    files = line(pictured, tmp_path, vit)
    bytes_ = line(pictured, tmp_path, vit, "nodes.flit.table=bytes.parquet")
    found, expected = (Features.open(one.features.path).nodes["flit"] for one in (files, bytes_))
    assert found.widths["image"] == 16
    assert int(found.present["image"].sum()) == len(named(pictured))
    for name, block in found.blocks.items():
        np.testing.assert_array_equal(block, expected.blocks[name])
    for one in ("images/00000.parquet", "nodes_flit.parquet"):
        assert (files.tables.path / one).read_bytes() == (bytes_.tables.path / one).read_bytes()


def test_a_changed_file_is_read_again_and_only_that_is_encoded(pictured: Path, tmp_path: Path) -> None:
    store, target = tmp_path / "store", named(pictured)[0]
    before = line(pictured, store)
    assert before.features
    again = line(pictured, store)
    assert again.features
    assert all(stage.found for stage in again.runner.history)
    content = target.read_bytes()
    try:
        target.write_bytes(encoded(noise()))
        after = line(pictured, store)
        assert after.features
    finally:
        target.write_bytes(content)
    assert not any(stage.found for stage in after.runner.history)
    one, other = (Features.open(stage.features.path).nodes["flit"].blocks["image"] for stage in (before, after))
    assert int((np.asarray(one) != np.asarray(other)).any(axis=1).sum()) == 1


def test_broken_files_are_told_and_the_flit_stays(pictured: Path, tmp_path: Path) -> None:
    target = named(pictured)[1]
    content = target.read_bytes()
    try:
        target.write_bytes(content[:50])
        report = {one["name"]: one for one in json.loads(validated(pictured).stdout)["tables"]}["nodes.flit"]
        stage = line(pictured, tmp_path)
        quarantine = pl.read_parquet(stage.tables.path / "quarantine.parquet")
    finally:
        target.write_bytes(content)
    assert (report["rows_without_image"], report["rules"]) == (1, {"undecodable image": 1})
    [entry] = quarantine.to_dicts()
    assert (entry["file"], entry["rule"], entry["value"]) == (
        "flits.parquet",
        "undecodable image",
        f"images/{target.name}",
    )
    assert int(Features.open(stage.features.path).nodes["flit"].present["image"].sum()) == len(named(pictured)) - 1


def test_urls_stop_the_run_with_the_remedy(pictured: Path) -> None:
    derived = "nodes.flit.derive={url: \"'https://birds.example/' || image\"}"
    answer = validated(pictured, derived, "nodes.flit.image=url")
    faults = {one["name"]: one["fault"] for one in json.loads(answer.stdout)["tables"]}
    assert answer.exit_code == 2
    assert "download the images first" in faults["nodes.flit"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            ["model.blocks=[image]", "features.image.encoder=none"],
            r"must name content .*got 'image', have text, columns",
        ),
        (["model.blocks=[text, image]", "nodes.flit.image=null"], r"got 'image', have text, columns.*or leave it out"),
        (["model.blocks=[text]", "features.text.encoder=none"], r"got 'text', have image, columns"),
        (
            ["nodes.flit.image=null", "features.image.encoder=transformer"],
            r"must be 'none' where no node type declares",
        ),
    ],
)
def test_blocks_that_are_not_there_are_refused(changes: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"RunConfig\..*{message}"):
        load_config(FLUTTER, changes)


def test_content_may_be_switched_off_in_both_places() -> None:
    for changes in (
        ["model.blocks=[]"],
        ["model.blocks=[text]"],
        ["model.blocks=[text]", "features.image.encoder=none"],
    ):
        assert "blocks" in load_config(FLUTTER, changes).model.model_fields_set
    assert load_config(FLUTTER, ["features.image.encoder=none"]).settings()["model"]["blocks"] is None


@pytest.mark.slow
def test_a_trained_model_of_text_alone_does_not_see_images(pictured: Path, tmp_path: Path) -> None:
    contents = {path: path.read_bytes() for path in named(pictured)}
    text, both = "model.blocks=[text]", "model.blocks=[text, image]"
    before = {blocks: line(pictured, tmp_path, blocks).served.embeddings for blocks in (text, both)}
    try:
        for seed, path in enumerate(contents):
            path.write_bytes(encoded(noise(seed=seed)))
        after = {blocks: line(pictured, tmp_path, blocks).served.embeddings for blocks in (text, both)}
    finally:
        for path, content in contents.items():
            path.write_bytes(content)
    for blocks, equal in ((text, True), (both, False)):
        one, other = (Embeddings.open(found[blocks].path).vectors for found in (before, after))
        assert {np.array_equal(one[t], other[t]) for t in one} == {equal}
