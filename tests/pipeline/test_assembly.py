import numpy as np
import pytest

from graphrec.errors import ConfigError
from graphrec.pipeline.assembly import hidden_of, history_of, prior_of
from graphrec.tables.clean import Tables
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
