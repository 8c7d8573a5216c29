"""Metamorphic tests of layer-wise inference: what must move with the nodes, and what must not move at all."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from graphrec import embed as module
from graphrec.arrays import FloatMatrix, RowVector
from graphrec.embed import embed, embed_isolated
from graphrec.features import Features
from graphrec.features.table import NodeFeatures
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import Neighbourhoods, build_neighbourhoods
from graphrec.tables.clean import Tables
from graphrec.training.content import Content, input_of
from graphrec.training.snapshots import log_degrees
from graphrec.vectors import Embeddings
from tests.graph.conftest import edges, nodes
from tests.training.world import MODEL, NEIGHBOURS, World, communities, content_of, features_of, model_for

SIZES = {"user": 12, "flit": 20}


@pytest.fixture(scope="module")
def world() -> World:
    return communities(num_users=12, num_flits=20, actions=5)


@pytest.fixture(scope="module")
def hoods(world: World) -> Neighbourhoods:
    return build_neighbourhoods(build_graph(world.tables, as_of_s=world.end_s), NEIGHBOURS)


def degrees(world: World) -> dict[str, npt.NDArray[np.float32]]:
    return log_degrees(build_graph(world.tables, as_of_s=world.end_s))


def test_chunks_change_nothing(world: World, hoods: Neighbourhoods, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_for(world.content)
    whole = embed(model, world.content, hoods, degrees(world)).vectors
    monkeypatch.setattr(module, "CHUNK", 3)
    for node_type, part in embed(model, world.content, hoods, degrees(world)).vectors.items():
        np.testing.assert_allclose(part, whole[node_type], atol=1e-6)


def _permuted(
    features: Features, hoods: Neighbourhoods, order: dict[str, RowVector]
) -> tuple[Features, Neighbourhoods]:
    """Put row ``order[t][i]`` of every type at place i, in content and neighbourhoods alike."""
    place = {t: np.argsort(rows).astype(np.int32) for t, rows in order.items()}
    moved = {
        t: NodeFeatures(
            {name: block[order[t]] for name, block in node.blocks.items()},
            {name: there[order[t]] for name, there in node.present.items()},
        )
        for t, node in features.nodes.items()
    }
    rows = {
        (s, t): np.where(one[order[s]] >= 0, place[t][np.maximum(one[order[s]], 0)], -1)
        for (s, t), one in hoods.rows.items()
    }
    return Features(moved, features.config), Neighbourhoods(rows, {p: w[order[p[0]]] for p, w in hoods.weights.items()})


def test_permuting_rows_permutes_embeddings(world: World, hoods: Neighbourhoods) -> None:
    rng = np.random.default_rng(0)
    order = {t: rng.permutation(n).astype(np.int32) for t, n in SIZES.items()}
    features, moved = _permuted(world.features, hoods, order)
    degree = degrees(world)
    model = model_for(world.content)
    before = embed(model, world.content, hoods, degree).vectors
    content = Content(features, world.content.layout)
    after = embed(model, content, moved, {t: degree[t][rows] for t, rows in order.items()}).vectors
    for node_type, rows in order.items():
        np.testing.assert_allclose(after[node_type], before[node_type][rows], atol=1e-5)


def _isolated_world() -> tuple[Tables, Features]:
    """User 2 and flit 3 have no edge at all."""
    tables = Tables({"user": nodes("u", 3), "flit": nodes("f", 4)}, (edges("likes", [(0, 0), (1, 1), (1, 2)]),))
    return tables, features_of({"user": 3, "flit": 4}, seed=5)


@pytest.mark.parametrize("changes", [{}, {"pooling": "max"}, {"pooling": "mean"}, {"num_layers": 0}])
@pytest.mark.parametrize(("node_type", "row"), [("user", 2), ("flit", 3)])
def test_isolated_nodes_are_embedded_from_content_alone(node_type: str, row: int, changes: dict[str, object]) -> None:
    tables, features = _isolated_world()
    graph = build_graph(tables, as_of_s=None)
    content = content_of(features, log_degrees(graph))
    model = model_for(content, MODEL.model_copy(update=changes))
    inside = embed(model, content, build_neighbourhoods(graph, NEIGHBOURS), log_degrees(graph)).vectors
    node = features.nodes[node_type]
    given: dict[str, FloatMatrix] = {
        name: np.asarray(block[row : row + 1]) for name, block in node.blocks.items() if node.present[name][row]
    }
    outside = embed_isolated(model, node_type, input_of(content.layout[node_type], given, 1))
    np.testing.assert_allclose(outside[0], inside[node_type][row], atol=1e-5)


def test_an_unrelated_component_changes_nothing() -> None:
    small, features = _isolated_world()
    larger = Tables(
        {"user": nodes("u", 5), "flit": nodes("f", 7)},
        (edges("likes", [(0, 0), (1, 1), (1, 2), (3, 4), (4, 4), (3, 5)]),),
    )
    more = features_of({"user": 2, "flit": 3}, seed=9)
    grown = {
        t: NodeFeatures(
            {name: np.concatenate([block, more.nodes[t].blocks[name]]) for name, block in node.blocks.items()},
            {name: np.concatenate([there, more.nodes[t].present[name]]) for name, there in node.present.items()},
        )
        for t, node in features.nodes.items()
    }
    layout = content_of(features, log_degrees(build_graph(small, as_of_s=None))).layout
    before = _embedded(small, Content(features, layout))
    after = _embedded(larger, Content(Features(grown, features.config), layout))
    # A node's walks are drawn by its global row, which moves: two likes of equal weight are met alike, not equally.
    assert (np.einsum("ij,ij->i", before["user"], after["user"][:3]) > 0.999).all()
    np.testing.assert_allclose(after["user"][[0, 2]], before["user"][[0, 2]], atol=1e-5)
    np.testing.assert_allclose(after["flit"][[0, 3]], before["flit"][[0, 3]], atol=1e-5)


def _embedded(tables: Tables, content: Content) -> dict[str, FloatMatrix]:
    graph = build_graph(tables, as_of_s=None)
    walks = NEIGHBOURS.model_copy(update={"num_walks": 5000})
    return dict(embed(model_for(content), content, build_neighbourhoods(graph, walks), log_degrees(graph)).vectors)


def test_embedding_is_deterministic_and_finite(world: World, hoods: Neighbourhoods) -> None:
    model = model_for(world.content, MODEL)
    one, other = (embed(model, world.content, hoods, degrees(world)).vectors for _ in range(2))
    for node_type, matrix in one.items():
        assert matrix.dtype == np.float32
        assert matrix.tobytes() == other[node_type].tobytes()
        np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, rtol=1e-5)


def test_embedding_leaves_no_gradient_behind(world: World, hoods: Neighbourhoods) -> None:
    model = model_for(world.content)
    embed(model, world.content, hoods, degrees(world))
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.is_grad_enabled()


def test_saved_embeddings_open_equal_and_read_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = {t: rng.normal(size=(n, 4)).astype(np.float32) for t, n in SIZES.items()}
    lengths = {"flit": rng.random(SIZES["flit"]).astype(np.float32)}
    Embeddings(vectors, lengths).save(tmp_path)
    opened = Embeddings.open(tmp_path)
    assert list(opened.lengths) == ["flit"]
    np.testing.assert_array_equal(opened.lengths["flit"], lengths["flit"])
    assert list(opened.vectors) == ["user", "flit"]
    np.testing.assert_array_equal(opened.vectors["flit"], vectors["flit"])
    assert not opened.vectors["flit"].flags.writeable
