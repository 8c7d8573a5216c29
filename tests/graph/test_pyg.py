import numpy as np
import pytest
import torch

from graphrec.features import Features
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.pyg import to_pyg
from graphrec.tables.clean import Tables
from tests.graph.conftest import DAY
from tests.training.world import features_of

# PyG calls what torch has just deprecated, once, when it is first imported.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")


@pytest.fixture
def graph(tables: Tables) -> InteractionGraph:
    return build_graph(tables, as_of_s=10 * DAY)


@pytest.fixture
def features() -> Features:
    return features_of({"user": 3, "flit": 4}, width=5)


def test_the_data_is_valid_and_has_features(graph: InteractionGraph, features: Features) -> None:
    data = to_pyg(graph, features)
    assert data.validate(raise_on_error=True)
    assert set(data.edge_types) == set(graph.relations)
    assert {t: tuple(data[t].x.shape) for t in data.node_types} == {"user": (3, 10), "flit": (4, 5)}
    np.testing.assert_array_equal(data["flit"].x.numpy(), features.nodes["flit"].blocks["text"])
    assert data["user"].x.dtype == torch.float32


def test_edges_weights_and_times_are_the_graphs(graph: InteractionGraph) -> None:
    likes = to_pyg(graph)["user", "likes", "flit"]
    assert likes.edge_index.tolist() == [[0, 0, 1, 1, 2], [0, 1, 1, 2, 2]]
    assert likes.edge_index.dtype == torch.int64
    assert likes.time.tolist() == [DAY, 2 * DAY, 3 * DAY, 8 * DAY, 9 * DAY]
    relation = graph.relations[("user", "likes", "flit")]
    np.testing.assert_array_equal(likes.edge_weight.numpy(), relation.weight)


def test_reverse_relations_are_the_edges_turned_round(graph: InteractionGraph) -> None:
    data = to_pyg(graph)
    there = set(map(tuple, data["user", "likes", "flit"].edge_index.T.tolist()))
    back = set(map(tuple, data["flit", "rev_likes", "user"].edge_index.flip(0).T.tolist()))
    assert there == back


def test_without_features_nodes_are_counted(graph: InteractionGraph) -> None:
    data = to_pyg(graph)
    assert {t: data[t].num_nodes for t in data.node_types} == {"user": 3, "flit": 4}
    assert data.validate(raise_on_error=True)


def test_the_data_can_be_written_to(graph: InteractionGraph, features: Features) -> None:
    data = to_pyg(graph, features)
    data["flit"].x[0] = 7.0
    assert not (features.nodes["flit"].blocks["text"][0] == 7.0).any()
