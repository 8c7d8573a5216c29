from graphrec.graph.split import tables_before
from graphrec.pipeline.kinds import kinds_of, links_since
from graphrec.tables.clean import Tables
from graphrec.tables.config import NodeConfig
from tests.graph.conftest import DAY, edges, nodes
from tests.pipeline.test_assembly import tables_with_views


def test_kinds_are_what_users_are_linked_to() -> None:
    """User 0 follows 1 twice over and blocks 2; 2 follows 1; a view of a shop is exposure and says nothing."""
    follows = edges("follows", [(0, 1), (2, 1)], times=[DAY, 2 * DAY], target="user", role="context")
    blocks = edges("blocks", [(0, 2)], times=[3 * DAY], target="user", role="negative")
    seen = edges("sees", [(0, 0)], target="shop", role="exposure")
    tables = tables_with_views()
    linked = Tables({**tables.nodes, "shop": nodes("s", 1)}, (*tables.edges, follows, blocks, seen))
    named = {"user": NodeConfig(table="u", id="id"), "flit": NodeConfig(table="f", id="id")}
    found = kinds_of(linked, named, named, as_of_s=7 * DAY, prior_weights={"user": 0.3})
    assert set(found) == {"user"}
    assert [found["user"].known.of(user).rows.tolist() for user in range(3)] == [[0, 1, 2], [1], [1, 2]]
    assert found["user"].prior.argmax() == 1
    assert found["user"].prior[0] == found["user"].prior[2]
    assert found["user"].prior_weight == 0.3
    assert found["user"].names.to_list() == [None] * 3


def test_links_of_a_window_are_those_not_known_before() -> None:
    follows = edges("follows", [(0, 1), (0, 2), (2, 1)], times=[DAY, 5 * DAY, 6 * DAY], target="user", role="context")
    tables = tables_with_views()
    linked = Tables(tables.nodes, (*tables.edges, follows))
    named = {"user": NodeConfig(table="u", id="id"), "flit": NodeConfig(table="f", id="id")}
    before = tables_before(linked, 4 * DAY)
    kinds = kinds_of(before, named, named, as_of_s=4 * DAY, prior_weights={})
    held = links_since(linked, 4 * DAY, kinds)
    assert {user: rows.tolist() for user, rows in held["user"].items()} == {0: [2], 2: [1]}
    assert links_since(linked, None, kinds) == {}


def test_a_type_without_vectors_is_no_kind() -> None:
    follows = edges("follows", [(0, 1)], times=[DAY], target="user", role="context")
    tables = tables_with_views()
    named = {"user": NodeConfig(table="u", id="id"), "flit": NodeConfig(table="f", id="id")}
    linked = Tables(tables.nodes, (*tables.edges, follows))
    assert kinds_of(linked, named, ["flit"], as_of_s=7 * DAY, prior_weights={}) == {}
