import numpy as np

from graphrec.arrays import FloatMatrix
from graphrec.training.content import Content, input_of, layout_from_dict, layout_to_dict
from tests.training.world import features_of

FEATURES = features_of({"user": 6, "flit": 5}, width=4)
CONTENT = Content(FEATURES, ("text", "columns"))


def test_gathered_input_holds_scaled_blocks_presence_and_degree() -> None:
    degree = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0], np.float32)
    rows = np.array([4, 1], np.int32)
    user = FEATURES.nodes["user"]
    found = CONTENT.gather("user", rows, degree).numpy()
    assert found.dtype == np.float32
    assert found.shape == (2, CONTENT.widths["user"])
    for place, row in enumerate(rows):
        by_hand = [
            *(user.blocks["text"][row] * 2.0),  # sqrt(4): a unit row of width 4
            user.present["text"][row],
            *user.blocks["columns"][row],
            user.present["columns"][row],
            degree[row],
        ]
        np.testing.assert_allclose(found[place], np.array(by_hand, np.float32), rtol=1e-6)


def test_the_order_of_blocks_is_the_one_asked_for() -> None:
    assert [block.name for block in Content(FEATURES, ("columns", "text")).layout["user"]] == ["columns", "text"]
    assert Content(FEATURES, ("columns",)).widths == {"user": 1 + 5, "flit": 1}


def test_a_type_without_blocks_has_its_degree_alone() -> None:
    found = Content(FEATURES, ()).gather("flit", np.array([2], np.int32), np.arange(5, dtype=np.float32))
    assert found.tolist() == [[2.0]]


def test_input_of_equals_gather_where_the_node_has_no_edge() -> None:
    nothing = np.zeros(6, np.float32)
    for row in range(6):
        user = FEATURES.nodes["user"]
        given: dict[str, FloatMatrix] = {
            name: user.blocks[name][row : row + 1] for name in user.blocks if user.present[name][row]
        }
        inside = CONTENT.gather("user", np.array([row], np.int32), nothing)
        outside = input_of(CONTENT.layout["user"], given, 1)
        assert outside.dtype == inside.dtype
        np.testing.assert_array_equal(outside.numpy(), inside.numpy())


def test_layouts_survive_json() -> None:
    assert layout_from_dict(layout_to_dict(CONTENT.layout)) == CONTENT.layout
