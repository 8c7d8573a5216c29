"""Id vectors fitted anew to a graph, in the space of the trained encoder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from graphrec.embed import embed
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import build_neighbourhoods
from graphrec.graph.split import action_triplets, split_at
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.pinsage import PinSage
from graphrec.regression import ContentMap
from graphrec.tables.clean import Tables
from graphrec.training.content import Content
from graphrec.training.ids import CONTENT_COUNTS, IdFit
from graphrec.training.loop import train
from graphrec.training.past import PastCourse
from graphrec.training.pinsage import Material
from graphrec.training.snapshots import PastGraph, Snapshot, build_snapshot
from graphrec.training.start import restart
from graphrec.vectors import Embeddings
from tests.graph.conftest import DAY
from tests.training.test_start import STARTED
from tests.training.world import DAYS, MODEL, NEIGHBOURS, TRAINING, World

SHORT = TRAINING.model_copy(update={"batch_size": 100, "learning_rate": 2e-3, "epochs": 10})


@pytest.fixture(scope="module")
def model(world: World, past: Snapshot) -> PinSage:
    return train(PastCourse(Material(world.content, [], past, []), STARTED, SHORT)).model


@pytest.fixture(scope="module")
def id_fit(world: World) -> IdFit:
    return IdFit(action_triplets(world.tables), SHORT)


def embedded(id_fit: IdFit, model: PinSage, content: Content, tables: Tables, end_s: int) -> Embeddings:
    graph = build_graph(tables, as_of_s=end_s)
    return id_fit.embedded(model, content, graph, build_neighbourhoods(graph, NEIGHBOURS))


def test_models_started_by_an_svd_of_the_past_are_fitted_anew() -> None:
    windows = {"positives": {"next_action": 1.0}, "popularity_bias": False}
    changes: list[dict[str, object]] = [{}, {"svd_start": False}, windows]
    models = [PinSageConfig.model_validate(STARTED.model_dump() | one) for one in changes]
    assert [IdFit.wanted_by(one) for one in models] == [True, False, False]


def test_the_trained_model_stays_and_only_ids_and_popularity_are_fitted(
    world: World, past: Snapshot, model: PinSage, id_fit: IdFit
) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fitted = id_fit.fitted(model, world.content, past).state_dict()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
        if not name.startswith(("ids.", "bias.")):
            assert torch.equal(fitted[name], tensor), name
    assert not torch.equal(fitted["ids.user.weight"], before["ids.user.weight"])


def test_nodes_stand_in_the_space_of_training(world: World, past: Snapshot, model: PinSage, id_fit: IdFit) -> None:
    trained = embed(model, world.content, past.neighbourhoods, past.log_degree).vectors
    again = id_fit.fitted(model, world.content, past)
    fitted = embed(again, world.content, past.neighbourhoods, past.log_degree).vectors
    for node_type in ("user", "flit"):
        assert np.einsum("ij,ij->i", trained[node_type], fitted[node_type]).mean() > 0.9


@torch.no_grad()
def test_an_untrained_start_is_turned_back_onto_itself(world: World, past: Snapshot) -> None:
    model = PastCourse(Material(world.content, [], past, []), STARTED, SHORT).new_model()
    turned = PastCourse(Material(world.content, [], past, []), STARTED, SHORT).new_model()
    rng = np.random.default_rng(0)
    rotation = torch.from_numpy(np.linalg.qr(rng.normal(size=(16, 16)))[0].astype(np.float32))
    for node_type in ("user", "flit"):  # the same model in other directions
        ids, weight, bias = (
            turned.get_parameter(f"{name}.{node_type}.{part}")
            for name, part in (("ids", "weight"), ("project", "weight"), ("project", "bias"))
        )
        ids.data, weight.data, bias.data = ids @ rotation, rotation.T @ weight, bias @ rotation
    restart(turned, world.content, past, SHORT.seed)
    for node_type in ("user", "flit"):
        own, other = (one.get_parameter(f"ids.{node_type}.weight") for one in (model, turned))
        torch.testing.assert_close(other, own @ rotation, atol=1e-4, rtol=0)
    torch.testing.assert_close(turned.bias["flit"], model.bias["flit"])


def test_a_flit_first_met_after_training_joins_its_community(world: World, past: Snapshot, id_fit: IdFit) -> None:
    early = build_snapshot(world.tables, split_at(world.tables, 12 * DAY, DAYS * DAY), NEIGHBOURS, MODEL)
    model = train(PastCourse(Material(world.content, [], early, []), STARTED, SHORT)).model
    unmet, met = (np.bincount(one.acted.indices, minlength=40) == 0 for one in (early, past))
    late = np.flatnonzero(unmet & ~met)
    assert len(late) > 3
    trained, fitted = (
        embed(one, world.content, past.neighbourhoods, past.log_degree).vectors
        for one in (model, id_fit.fitted(model, world.content, past))
    )
    own = world.user_side[None, :] == world.flit_side[late][:, None]
    before, after = (one["flit"][late] @ one["user"].T for one in (trained, fitted))
    assert after[own].mean() - after[~own].mean() > before[own].mean() - before[~own].mean() + 0.1


def test_flits_follow_a_regression_the_more_the_fewer_actions_they_have(
    world: World, model: PinSage, id_fit: IdFit
) -> None:
    early = split_at(world.tables, 12 * DAY, DAYS * DAY).train
    found = embedded(id_fit, model, world.content, early, 12 * DAY)
    graph = build_graph(early, as_of_s=12 * DAY)
    past = PastGraph.of(graph, build_neighbourhoods(graph, NEIGHBOURS), id_fit.actions)
    plain = embed(id_fit.fitted(model, world.content, past), world.content, past.neighbourhoods, past.log_degree)
    np.testing.assert_array_equal(found.vectors["user"], plain.vectors["user"])
    features = world.content.gather("flit", np.arange(40, dtype=np.int32), np.zeros(40, dtype=np.float32)).numpy()
    actions = np.bincount(past.acted.indices, minlength=40)
    acted = actions > 0
    assert {0, 1, 2} <= set(actions.tolist())
    told = ContentMap.fit(features[acted], plain.vectors["flit"][acted]).apply(features)
    for row, number in enumerate(actions.tolist()):
        mixed = number * plain.vectors["flit"][row] + CONTENT_COUNTS * told[row]
        np.testing.assert_allclose(found.vectors["flit"][row], mixed / np.linalg.norm(mixed), atol=1e-5)
    unmet = np.flatnonzero(~acted)
    follows = found.content["flit"].apply(features[unmet])
    unit = follows / np.linalg.norm(follows, axis=1, keepdims=True)
    np.testing.assert_allclose(found.vectors["flit"][unmet], unit, atol=1e-6)
    log = np.log(plain.lengths["flit"])[:, None]
    expected = np.exp(ContentMap.fit(features[acted], log[acted]).apply(features)[:, 0])
    np.testing.assert_allclose(found.lengths["flit"], np.where(acted, plain.lengths["flit"], expected), rtol=1e-5)


def test_a_fit_opens_as_it_was_saved_and_repeats_itself(
    world: World, model: PinSage, id_fit: IdFit, tmp_path: Path
) -> None:
    id_fit.save(tmp_path)
    opened = IdFit.open(tmp_path)
    assert (list(opened.actions), opened.config) == (list(id_fit.actions), id_fit.config)
    once, again = (embedded(one, model, world.content, world.tables, world.end_s) for one in (id_fit, opened))
    for node_type, vectors in once.vectors.items():
        np.testing.assert_array_equal(vectors, again.vectors[node_type])
