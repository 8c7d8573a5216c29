from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from graphrec.embed import embed_isolated
from graphrec.errors import DataError
from graphrec.features import FeatureConfig, Features
from graphrec.features.table import NodeFeatures
from graphrec.graph.build import build_graph
from graphrec.graph.pasts import action_pairs
from graphrec.graph.split import Split, split_at
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.lookup import Fitted, Lookup, LookupConfig
from graphrec.regression import ContentMap
from graphrec.training.checkpoint import load_model, save_model
from graphrec.training.content import Content
from graphrec.training.lightgcn import train_lightgcn
from graphrec.training.lookup import fit, refit, train_lookup
from graphrec.training.snapshots import log_degrees
from graphrec.training.twhin import train_twhin
from tests.graph.conftest import DAY, edges
from tests.training.test_twhin import FOLLOWS, LIKES, graph_of
from tests.training.world import DAYS, World, communities, content_of

LIGHTGCN = LightGCNConfig(dim=8, num_layers=1, epochs=4)
FACTORIZATION = LightGCNConfig.parse({"preset": "matrix_factorization", "dim": 8, "epochs": 4})
TWHIN = TwhinConfig(dim=8, negatives=32, batch_size=64, epochs=10, regularization=0.05)
PRESETS = [LIGHTGCN, FACTORIZATION, TWHIN]
NAMES = ["lightgcn", "matrix_factorization", "twhin"]


@pytest.fixture(scope="module")
def world() -> World:
    """Two communities, and ten flits that nobody has met; a flit's text tells its side."""
    world = communities(num_flits=60)
    rng = np.random.default_rng(0)
    blocks = {}
    for node_type, side in (("user", world.user_side), ("flit", world.flit_side)):
        text = (2.0 * side[:, None] - 1 + 0.3 * rng.normal(size=(len(side), 6))).astype(np.float32)
        blocks[node_type] = NodeFeatures({"text": text}, {"text": np.ones(len(side), dtype=np.bool_)})
    likes = world.tables.edges[0]
    known = likes.frame.filter(likes.frame["target_row"] < 50)
    tables = type(world.tables)(world.tables.nodes, (type(likes)(likes.config, known),))
    return World(tables, Features(blocks, FeatureConfig()), world.user_side, world.flit_side)


@pytest.fixture(scope="module")
def split(world: World) -> Split:
    return split_at(world.tables, (DAYS - 7) * DAY, DAYS * DAY)


@pytest.fixture(scope="module")
def content(world: World, split: Split) -> Content:
    return content_of(world.features, log_degrees(build_graph(split.train, as_of_s=split.at_s)), "text")


@pytest.mark.parametrize("config", PRESETS, ids=NAMES)
def test_flits_nobody_has_met_land_where_their_content_says(
    config: LookupConfig, world: World, split: Split, content: Content
) -> None:
    trained = train_lookup(split, content, [LIKES], config)
    vectors = refit(trained.model, content, build_graph(world.tables, as_of_s=world.end_s)).vectors["flit"]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    cosine = vectors[50:] @ vectors[:50].T
    same = world.flit_side[50:, None] == world.flit_side[None, :50]
    assert cosine[same].mean() > cosine[~same].mean() + 0.5


@pytest.mark.parametrize("config", PRESETS, ids=NAMES)
def test_lengths_are_those_of_what_was_trained(
    config: LookupConfig, world: World, split: Split, content: Content
) -> None:
    graph = build_graph(split.train, as_of_s=split.at_s)
    fitted = fit(graph, [LIKES], config)
    assert config.lengths == ("flit" in fitted.lengths)
    if isinstance(config, TwhinConfig):
        raw = train_twhin(graph, config).vectors["flit"].numpy()
        rebuilt = fitted.vectors["flit"] * fitted.lengths["flit"][:, None]
        np.testing.assert_allclose(rebuilt, raw * fitted.known["flit"][:, None], atol=1e-6)
    elif config.lengths:
        pairs = action_pairs(graph, [LIKES])
        met = np.flatnonzero(fitted.known["flit"])
        bias = train_lightgcn(pairs, config).bias.detach().numpy()
        np.testing.assert_allclose(np.log(fitted.lengths["flit"][met]), config.temperature * bias[met], atol=1e-5)


def test_flits_nobody_has_met_have_the_usual_length(world: World, split: Split, content: Content) -> None:
    model = train_lookup(split, content, [LIKES], TWHIN).model
    lengths = refit(model, content, build_graph(split.train, as_of_s=split.at_s)).lengths["flit"]
    known = model.fitted.known["flit"]
    assert (lengths > 0).all()
    np.testing.assert_array_equal(lengths[~known], np.median(lengths[known]))


@pytest.mark.parametrize("config", PRESETS, ids=NAMES)
def test_a_node_without_edges_is_embedded_as_one_outside_the_graph(
    config: LookupConfig, world: World, split: Split, content: Content
) -> None:
    model = train_lookup(split, content, [LIKES], config).model
    vectors = refit(model, content, build_graph(split.train, as_of_s=split.at_s)).vectors["flit"]
    unmet = np.flatnonzero(~model.fitted.known["flit"]).astype(np.int32)
    assert set(range(50, 60)) <= set(unmet.tolist())
    alone = content.gather("flit", unmet, np.zeros(60, dtype=np.float32))
    np.testing.assert_allclose(vectors[unmet], embed_isolated(model, "flit", alone), atol=1e-6)


def test_the_epochs_that_validate_best_are_fitted(split: Split, content: Content) -> None:
    told: list[dict[str, float]] = []
    trained = train_lookup(split, content, [LIKES], TWHIN, on_epoch=told.append)
    assert told == trained.log
    assert [entry["epoch"] for entry in trained.log] == list(range(1, 11))
    recalls = [entry["validation_recall"] for entry in trained.log]
    assert trained.model.config.epochs == 10 - int(np.argmax(recalls[::-1]))  # the latest among equals


def test_a_warm_start_goes_on_from_earlier_vectors_in_every_fit(split: Split, content: Content, tmp_path: Path) -> None:
    first = train_lookup(split, content, [LIKES], TWHIN).model
    brief = TWHIN.model_copy(update={"epochs": 1, "learning_rate": 1e-3, "seed": 5})
    cold, warm = (train_lookup(split, content, [LIKES], brief, start=start).model for start in (None, first.fitted))
    known = first.fitted.known["user"]

    def agreement(model: Lookup) -> float:
        one, other = (each.fitted.vectors["user"][known] for each in (model, first))
        return float(np.einsum("ij,ij->i", one, other).mean())

    assert agreement(warm) > 0.99 > 0.5 > agreement(cold)
    graph = build_graph(split.train, as_of_s=split.at_s)
    again = refit(warm, content, graph).vectors["user"]
    np.testing.assert_allclose(again[known], warm.fitted.vectors["user"][known], atol=1e-4)
    save_model(warm, tmp_path)
    opened = load_model(tmp_path)
    assert isinstance(opened, Lookup)
    assert opened.until_s == split.at_s
    np.testing.assert_array_equal(refit(opened, content, graph).vectors["user"], again)


def test_a_refit_of_the_same_graph_gives_the_same_vectors(split: Split, content: Content) -> None:
    model = train_lookup(split, content, [LIKES], TWHIN).model
    again = refit(model, content, build_graph(split.train, as_of_s=split.at_s)).vectors["user"]
    known = model.fitted.known["user"]
    np.testing.assert_allclose(again[known], model.fitted.vectors["user"][known], atol=1e-4)


def test_a_turned_fit_is_turned_back_and_keeps_its_cosines() -> None:
    rng = np.random.default_rng(0)
    own = rng.normal(size=(20, 4)).astype(np.float32)
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0].astype(np.float32)
    known = np.arange(20) < 15
    model = Lookup(TWHIN, (), Fitted({"flit": own}, {"flit": known}), {})
    turned = model.turned(Fitted({"flit": own @ rotation}, {"flit": np.ones(20, dtype=np.bool_)}))
    np.testing.assert_allclose(turned.vectors["flit"], own, atol=1e-5)
    moved = own + 0.3 * rng.normal(size=own.shape).astype(np.float32)
    other = model.turned(Fitted({"flit": moved}, {"flit": known})).vectors["flit"]
    np.testing.assert_allclose(other @ other.T, moved @ moved.T, atol=1e-4)


@pytest.mark.parametrize("config", PRESETS, ids=NAMES)
def test_a_model_opens_as_it_was_saved(config: LookupConfig, split: Split, content: Content, tmp_path: Path) -> None:
    model = train_lookup(split, content, [LIKES], config).model
    save_model(model, tmp_path)
    opened = load_model(tmp_path)
    assert isinstance(opened, Lookup)
    assert (opened.config, opened.actions) == (model.config, (LIKES,))
    features = content.gather("flit", np.arange(5, dtype=np.int32), np.zeros(60, dtype=np.float32))
    assert torch.equal(opened.isolated("flit", features), model.isolated("flit", features))
    np.testing.assert_array_equal(opened.fitted.known["user"], model.fitted.known["user"])


def test_nodes_without_an_edge_to_learn_from_are_not_known() -> None:
    graph = graph_of({"user": 4, "flit": 5, "brand": 3}, {LIKES: [(0, 0), (1, 1), (2, 0)], FOLLOWS: [(0, 3)]})
    twhin = fit(graph, [LIKES], TWHIN)
    assert twhin.known["user"].tolist() == [True] * 4
    assert not twhin.vectors["brand"].any()
    light = fit(graph, [LIKES], LIGHTGCN)
    assert light.known["user"].tolist() == [True, True, True, False]
    assert not light.vectors["flit"][2:].any()


def test_a_flit_that_was_only_written_goes_by_content() -> None:
    writes = ("user", "writes", "flit")
    graph = graph_of({"user": 2, "flit": 4}, {LIKES: [(0, 0), (1, 1)], writes: [(0, 2), (1, 0)]})
    assert fit(graph, [LIKES], TWHIN).known["flit"].tolist() == [True, True, False, False]


def test_types_that_nothing_is_learnt_of_get_no_vectors(world: World, split: Split, content: Content) -> None:
    model = train_lookup(split, content, [LIKES], LIGHTGCN).model
    graph = build_graph(split.train, as_of_s=split.at_s)
    wider = type(graph)({**graph.num_nodes, "brand": 3}, graph.relations, graph.as_of_s)
    assert sorted(refit(model, content, wider).vectors) == ["flit", "user"]


def test_relations_that_lead_to_no_flits_are_refused(world: World, split: Split, content: Content) -> None:
    follows = edges("follows", [(0, 1), (2, 3)], target="user", times=[DAY, 2 * DAY], role="context")
    social = replace(split, train=replace(split.train, edges=(*split.train.edges, follows)))
    with pytest.raises(DataError, match=r"model must learn the vectors of two flits or more \(got 0\)"):
        train_lookup(social, content, [LIKES], TWHIN.model_copy(update={"relations": {"follows": 1.0}}))


def test_a_content_map_of_constant_content_gives_the_mean() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    found = ContentMap.fit(np.ones((2, 1), dtype=np.float32), vectors).apply(np.ones((1, 1), dtype=np.float32))
    np.testing.assert_allclose(found, [[0.5, 0.5]], atol=1e-6)
