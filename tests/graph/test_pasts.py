"""What users did, read from a graph."""

import pytest

from graphrec.errors import DataError
from graphrec.graph.pasts import action_pairs
from tests.training.test_twhin import LIKES, graph_of


def test_every_action_relation_counts_once_a_pair() -> None:
    shares = ("user", "shares", "flit")
    graph = graph_of({"user": 2, "flit": 3}, {LIKES: [(0, 0), (1, 1)], shares: [(0, 0), (0, 2)]})
    assert action_pairs(graph, [LIKES, shares]).toarray().tolist() == [[1, 0, 1], [0, 1, 0]]
    with pytest.raises(DataError, match="graph must hold an action"):
        action_pairs(graph_of({"user": 2, "flit": 3}, {LIKES: []}), [LIKES])
