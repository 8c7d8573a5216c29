import json

import numpy as np
import pytest

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.training.content import Content, fit_layout, input_of, layout_from_dict, layout_to_dict
from tests.training.world import content_of, features_of

FEATURES = features_of({"user": 6, "flit": 5}, width=4)
DEGREE: dict[str, FloatVector] = {
    "user": np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0], np.float32),
    "flit": np.arange(5, dtype=np.float32),
}
CONTENT = content_of(FEATURES, DEGREE)


def standardised(name: str, node_type: str, row: int) -> list[float]:
    """Centre and scale one row of a block by hand, over the rows that have it."""
    node = FEATURES.nodes[node_type]
    known = node.blocks[name][node.present[name]].astype(np.float64)
    scale = np.sqrt(((known - known.mean(axis=0)) ** 2).mean())
    value = (node.blocks[name][row] - known.mean(axis=0)) / scale
    return [*(value * node.present[name][row]), float(node.present[name][row])]


def test_gathered_input_holds_standardised_blocks_presence_and_degree() -> None:
    rows = np.array([4, 1], np.int32)
    found = CONTENT.gather("user", rows, DEGREE["user"]).numpy()
    assert found.dtype == np.float32
    assert found.shape == (2, CONTENT.widths["user"])
    degree = (DEGREE["user"] - DEGREE["user"].mean()) / DEGREE["user"].std()
    for place, row in enumerate(rows):
        by_hand = [*standardised("text", "user", row), *standardised("columns", "user", row), degree[row]]
        np.testing.assert_allclose(found[place], by_hand, rtol=1e-4, atol=1e-6)


def test_the_layout_is_fitted_on_the_rows_given_alone() -> None:
    known = np.array([0, 1, 3], np.int32)
    rows = {"user": known, "flit": np.zeros(0, np.int32)}
    layout = fit_layout(FEATURES, ("columns",), rows, DEGREE)
    assert layout["user"][-1].shift == pytest.approx((float(DEGREE["user"][known].mean()),))
    assert layout["flit"][-1].shift == (0.0,)
    assert layout["flit"][-1].scale == 1.0


def test_the_order_of_blocks_is_the_one_asked_for() -> None:
    swapped = content_of(FEATURES, DEGREE, "columns", "text").layout["user"]
    assert [block.name for block in swapped] == ["columns", "text", "log_degree"]
    assert CONTENT.widths == {"user": 5 + 5 + 1, "flit": 5 + 1}
    assert content_of(FEATURES, DEGREE, "columns").widths == {"user": 5 + 1, "flit": 1}


def test_a_constant_block_is_centred_and_not_blown_up() -> None:
    same = {"user": np.full(6, 2.0, np.float32), "flit": DEGREE["flit"]}
    found = content_of(FEATURES, same, "columns").gather("user", np.arange(6, dtype=np.int32), same["user"])
    assert found[:, -1].tolist() == [0.0] * 6


@pytest.mark.parametrize("node_type", ["user", "flit"])
def test_input_of_equals_gather_where_the_node_has_no_edge(node_type: str) -> None:
    node, nothing = FEATURES.nodes[node_type], np.zeros(6, np.float32)
    for row in range(5):
        given: dict[str, FloatMatrix] = {
            name: node.blocks[name][row : row + 1] for name in node.blocks if node.present[name][row]
        }
        inside = CONTENT.gather(node_type, np.array([row], np.int32), nothing)
        outside = input_of(CONTENT.layout[node_type], given, 1)
        assert outside.dtype == inside.dtype
        np.testing.assert_array_equal(outside.numpy(), inside.numpy())


def test_layouts_survive_json() -> None:
    back = layout_from_dict(json.loads(json.dumps(layout_to_dict(CONTENT.layout))))
    assert back == CONTENT.layout
    again = Content(FEATURES, back).gather("user", np.array([2], np.int32), DEGREE["user"])
    np.testing.assert_array_equal(again, CONTENT.gather("user", np.array([2], np.int32), DEGREE["user"]))
