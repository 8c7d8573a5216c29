from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.errors import MissingWeightsError
from graphrec.features import (
    FeatureConfig,
    Features,
    TextEncoder,
    encode_features,
    encode_images,
    resolve_config,
    weight_keys,
)
from graphrec.features import image as image_module
from graphrec.features import text as text_module
from graphrec.features.encode import fit_mask, node_texts
from graphrec.tables.clean import Tables
from graphrec.tables.config import NodeConfig
from graphrec.tables.image_store import Images
from tests.features.conftest import EXACT, Draw

NODES = {
    "user": NodeConfig(table="u", id="user_id", numeric=("age",), categorical=("country",)),
    "flit": NodeConfig(
        table="f",
        id="flit_id",
        text=("title", "text"),
        image="image",
        created_at="created_at",
        categorical=("language",),
        numeric=("length",),
    ),
    "advertiser": NodeConfig(table="a", id="advertiser_id", text=("name",)),
    "tag": NodeConfig(table="t", id="tag_id"),
}
EXACT_TEXT = {"text": EXACT.model_dump()}
TFIDF = {"text": {"encoder": "tfidf", "dim": 4}}


@pytest.fixture
def tables(draw: Draw) -> Tables:
    images, digests = Images.of([draw("disc", "red"), None, draw("disc", "navy"), None, draw("disc", "green")])
    flits = {
        "id": ["f1", "f2", "f3", "f4"],
        "title": ["Birds", None, "  ", "Birds"],
        "text": ["red feeder", "red birds feeder", None, "feeder birds"],
        "image": digests[:4].to_list(),
        "language": ["en", "de", None, "en"],
        "length": [1.0, 2.0, 3.0, None],
        "created_s": [10, 20, 30, 40],
    }
    nodes = {
        "user": pl.DataFrame({"id": ["a", "b"], "age": [1.0, None], "country": ["IT", "DE"]}),
        "flit": pl.DataFrame(flits),
        "advertiser": pl.DataFrame({"id": ["v"], "name": ["red birds feeder"]}),
        "tag": pl.DataFrame({"id": ["t1", "t2"]}),
    }
    return Tables(nodes, (), images)


def same(one: Features, other: Features, node_type: str, rows: int) -> bool:
    left, right = one.nodes[node_type].blocks, other.nodes[node_type].blocks
    return left.keys() == right.keys() and all(np.array_equal(left[name][:rows], right[name][:rows]) for name in left)


def test_blocks_and_masks_of_every_type(tables: Tables, minilm: TextEncoder, tmp_path: Path) -> None:
    config = FeatureConfig.parse(EXACT_TEXT)
    features = encode_features(tables, NODES, config, fit_until_s=None, cache=None, threads=1)
    assert features.config == resolve_config(config, NODES)
    assert {name: node.widths for name, node in features.nodes.items()} == {
        "user": {"columns": 5},
        "flit": {"text": 384, "image": 416, "columns": 5},
        "advertiser": {"text": 384},
        "tag": {},
    }
    flit = features.nodes["flit"]
    np.testing.assert_array_equal(flit.present["text"], [True, True, False, True])
    np.testing.assert_array_equal(flit.present["image"], [True, False, True, False])
    np.testing.assert_array_equal(flit.present["columns"], [True] * 4)
    np.testing.assert_allclose(flit.blocks["text"][:1], minilm.encode(["Birds\n\nred feeder"]), atol=1e-5)
    np.testing.assert_allclose(flit.blocks["text"][1], features.nodes["advertiser"].blocks["text"][0], atol=1e-6)
    features.save(tmp_path)
    assert same(Features.open(tmp_path), features, "flit", 4)


def test_nothing_after_the_split_reaches_earlier_nodes(tables: Tables, draw: Draw) -> None:
    """The planted leak: two late flits with new words, a new category and an absurd number."""
    late = {
        "id": ["f5", "f6"],
        "title": ["quasar", "quasar"],
        "text": ["red quasar birds", "quasar nebula"],
        "image": [Images.of([draw("disc", "green")])[1][0], None],
        "language": ["xx", "xx"],
        "length": [1e6, -1e6],
        "created_s": [50, 51],
    }
    flits = pl.concat([tables.nodes["flit"], pl.DataFrame(late, schema=tables.nodes["flit"].schema)])
    leaky = Tables({**tables.nodes, "flit": flits}, (), tables.images)
    config = FeatureConfig.parse(TFIDF)
    clean = encode_features(tables, NODES, config, fit_until_s=50, cache=None, threads=1)
    guarded = encode_features(leaky, NODES, config, fit_until_s=50, cache=None, threads=1)
    caught = encode_features(leaky, NODES, config, fit_until_s=None, cache=None, threads=1)
    for node_type in NODES:
        assert same(clean, guarded, node_type, len(tables.nodes[node_type]))
    assert guarded.nodes["flit"].labels == clean.nodes["flit"].labels
    assert "language=xx" in caught.nodes["flit"].labels
    assert not same(clean, caught, "flit", 4)
    assert not same(clean, caught, "advertiser", 1)


def test_split_instant_itself_is_after_and_undated_nodes_are_before() -> None:
    dated = pl.DataFrame({"created_s": [9, 10, 11, None]}, schema={"created_s": pl.Int64})
    np.testing.assert_array_equal(fit_mask(dated, 10), [True, False, False, True])
    assert fit_mask(dated, None).all()
    assert fit_mask(pl.DataFrame({"id": ["a", "b"]}), 10).all()


def test_encoders_can_be_left_out(tables: Tables) -> None:
    config = FeatureConfig.parse({"text": {"encoder": "none"}, "image": {"encoder": "none"}})
    features = encode_features(tables, NODES, config, fit_until_s=None, cache=None, threads=1)
    assert [list(node.blocks) for node in features.nodes.values()] == [["columns"], ["columns"], [], []]


def test_weights_are_asked_for_only_where_a_node_has_text(tables: Tables) -> None:
    config = FeatureConfig.parse({"text": {"model": "/no/such/model"}})
    features = encode_features(tables, {"user": NODES["user"]}, config, fit_until_s=None, cache=None, threads=1)
    assert features.config.text.encoder == "none"
    assert features.config.image.encoder == "none"
    with pytest.raises(MissingWeightsError):
        resolve_config(config, NODES)


def test_cache_serves_the_second_run(
    tables: Tables, tiny_bert: Path, tiny_vit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = resolve_config(both(tiny_bert, tiny_vit), NODES)
    first = encode_features(tables, NODES, config, fit_until_s=None, cache=tmp_path, threads=1)

    def refuse(*_: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(text_module, "Transformer", refuse)
    monkeypatch.setattr(image_module, "VisionModel", refuse)
    second = encode_features(tables, NODES, config, fit_until_s=None, cache=tmp_path, threads=1)
    assert same(first, second, "flit", 4)


def both(tiny_bert: Path, tiny_vit: Path, **image: object) -> FeatureConfig:
    """Return settings with two pretrained models."""
    text = {"model": str(tiny_bert), "max_tokens": 8, "precision": "float32"}
    seen = {"encoder": "transformer", "model": str(tiny_vit), "precision": "float32", **image}
    return FeatureConfig.parse({"text": text, "image": seen})


def test_images_through_a_model(tables: Tables, tiny_bert: Path, tiny_vit: Path, draw: Draw) -> None:
    config = both(tiny_bert, tiny_vit)
    flit = encode_features(tables, NODES, config, fit_until_s=None, cache=None, threads=1).nodes["flit"]
    by_itself = encode_images([draw("disc", "red"), None, draw("disc", "navy"), None], config.image)
    np.testing.assert_allclose(flit.blocks["image"], by_itself, atol=1e-6)
    np.testing.assert_array_equal(flit.present["image"], [True, False, True, False])


def test_keys_name_the_weights_in_use(tables: Tables, tiny_bert: Path, tiny_vit: Path) -> None:
    config = both(tiny_bert, tiny_vit)
    assert set(weight_keys(config)) == {"weights", "image_weights"}
    assert set(weight_keys(resolve_config(config, {"advertiser": NODES["advertiser"]}))) == {"weights"}
    assert weight_keys(resolve_config(config, {"user": NODES["user"]})) == {}
    other = weight_keys(both(tiny_bert, tiny_vit, pooling="mean"))
    assert other["weights"] == weight_keys(config)["weights"]
    assert other["image_weights"] != weight_keys(config)["image_weights"]


def test_missing_vision_weights_are_told_before_work(tiny_bert: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"ImageConfig.model must name weights.*encoder: handcrafted"):
        resolve_config(both(tiny_bert, Path("/no/such/model"), precision="auto"), NODES)


def test_blocks_are_those_declared_and_switched_on() -> None:
    config = FeatureConfig()
    assert config.blocks(NODES) == ("text", "image", "columns")
    assert config.blocks({"user": NODES["user"]}) == ("columns",)
    assert FeatureConfig.parse({"text": {"encoder": "none"}}).blocks(NODES) == ("image", "columns")
    assert FeatureConfig.parse({"image": {"encoder": "none"}}).blocks(NODES) == ("text", "columns")


def test_progress_names_its_stage(tables: Tables, tiny_bert: Path) -> None:
    seen = []
    config = FeatureConfig.parse({"text": {"model": str(tiny_bert), "max_tokens": 8, "precision": "float32"}})
    encode_features(
        tables, NODES, config, fit_until_s=None, cache=None, threads=1, on_progress=lambda *report: seen.append(report)
    )
    assert seen[-2:] == [("texts", 3, 3), ("images", 2, 2)]


def test_columns_of_text_are_joined_without_the_blank_ones() -> None:
    frame = pl.DataFrame({"a": ["x ", None, " ", "x"], "b": ["y", "y", None, ""]})
    assert node_texts(frame, ("a", "b")) == ["x\n\ny", "y", "", "x"]


def test_no_rows(tables: Tables, tmp_path: Path) -> None:
    empty = Tables({name: frame.head(0) for name, frame in tables.nodes.items()}, ())
    for text in (EXACT_TEXT, TFIDF):
        features = encode_features(empty, NODES, FeatureConfig.parse(text), fit_until_s=None, cache=None, threads=1)
        features.save(tmp_path)
        assert Features.open(tmp_path).nodes["flit"].blocks["image"].shape == (0, 416)
