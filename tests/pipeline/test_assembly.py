import numpy as np
import polars as pl
import pytest

from graphrec.errors import ConfigError
from graphrec.pipeline.assembly import hidden_of, history_of
from graphrec.pipeline.popularity import prior_of, segments_of
from graphrec.retrieval.config import RetrievalConfig
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


def test_segments_count_what_users_of_each_act_on() -> None:
    tables = tables_with_views()
    users = tables.nodes["user"].with_columns(pl.Series("country", ["de", None, "fr"]))
    placed = Tables({**tables.nodes, "user": users}, tables.edges)
    config = RetrievalConfig(segment="country", prior_relations=("likes", "views"))
    found = segments_of(placed, config, as_of_s=7 * DAY, half_life_days=7)
    assert found is not None
    assert (found.column, found.values, found.of_user.tolist()) == ("country", ("de", "fr"), [0, -1, 1])
    assert [found.rows[found.indptr[one] : found.indptr[one + 1]].tolist() for one in (0, 1)] == [[0, 1], [1]]
    assert found.share.sum() == pytest.approx(1)
    assert found.own[0] == pytest.approx(0.5 ** (2 / 7))
    assert segments_of(placed, RetrievalConfig(), as_of_s=7 * DAY, half_life_days=7) is None
    with pytest.raises(ConfigError, match=r"must be a declared column of user \(got 'town', have country\)"):
        segments_of(placed, RetrievalConfig(segment="town"), as_of_s=7 * DAY, half_life_days=7)
