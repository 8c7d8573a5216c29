import numpy as np
import pytest

from graphrec.errors import ConfigError
from graphrec.graph.split import tables_before
from graphrec.pipeline.assembly import hidden_of, history_of, kinds_of, links_since, prior_of
from graphrec.tables.clean import Tables
from graphrec.tables.config import NodeConfig
from tests.graph.conftest import DAY, edges, nodes


def tables_with_views() -> Tables:
    """Two flits, one liked once, the other viewed three times; one hidden."""
    likes = edges("likes", [(0, 0)], times=[5 * DAY])
    views = edges("views", [(0, 1), (1, 1), (2, 1)], times=[5 * DAY] * 3, role="context")
    hides = edges("hides", [(2, 0)], times=[6 * DAY], role="negative")
    undated = edges("saves", [(1, 0)], role="context")
    return Tables({"user": nodes("u", 3), "flit": nodes("f", 2, [0, 0])}, (likes, views, hides, undated))


def test_prior_counts_actions_unless_told_otherwise() -> None:
    tables = tables_with_views()
    liked = prior_of(tables, None, as_of_s=7 * DAY, half_life_days=7)
    viewed = prior_of(tables, ("likes", "views"), as_of_s=7 * DAY, half_life_days=7)
    assert liked[0] > liked[1]
    assert viewed[1] > viewed[0]


def test_prior_of_an_unknown_relation_raises() -> None:
    with pytest.raises(ConfigError, match=r"prior_relations must lead from user to flit \(got \['follows'\]"):
        prior_of(tables_with_views(), ("follows",), as_of_s=7 * DAY, half_life_days=7)


def test_prior_of_relations_partly_dated_raises() -> None:
    with pytest.raises(ConfigError, match="all dated or all undated"):
        prior_of(tables_with_views(), ("likes", "saves"), as_of_s=7 * DAY, half_life_days=7)


def test_history_holds_actions_and_hidden_holds_hides() -> None:
    tables = tables_with_views()
    assert history_of(tables).of(0).rows.tolist() == [0]
    assert np.diff(history_of(tables).indptr).tolist() == [1, 0, 0]
    assert hidden_of(tables).of(2).rows.tolist() == [0]


def test_kinds_are_what_users_are_linked_to() -> None:
    """User 0 follows 1 twice over and blocks 2; 2 follows 1; a view of a shop is exposure and says nothing."""
    follows = edges("follows", [(0, 1), (2, 1)], times=[DAY, 2 * DAY], target="user", role="context")
    blocks = edges("blocks", [(0, 2)], times=[3 * DAY], target="user", role="negative")
    seen = edges("sees", [(0, 0)], target="shop", role="exposure")
    tables = tables_with_views()
    linked = Tables({**tables.nodes, "shop": nodes("s", 1)}, (*tables.edges, follows, blocks, seen))
    named = {"user": NodeConfig(table="u", id="id"), "flit": NodeConfig(table="f", id="id")}
    found = kinds_of(linked, named, as_of_s=7 * DAY, prior_weights={"user": 0.3})
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
    kinds = kinds_of(before, named, as_of_s=4 * DAY, prior_weights={})
    held = links_since(linked, 4 * DAY, kinds)
    assert {user: rows.tolist() for user, rows in held["user"].items()} == {0: [2], 2: [1]}
    assert links_since(linked, None, kinds) == {}
