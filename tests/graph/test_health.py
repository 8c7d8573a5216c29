import numpy as np
import polars as pl
import pytest

from graphrec.graph.build import build_graph
from graphrec.graph.health import health
from graphrec.tables.clean import Tables
from graphrec.tables.config import NodeConfig
from tests.graph.conftest import DAY, edges, nodes

PLAIN = {"user": NodeConfig(table="u", id="id"), "flit": NodeConfig(table="f", id="id")}


def test_health_by_hand(tables: Tables) -> None:
    report = health(build_graph(tables, as_of_s=10 * DAY), tables, PLAIN)
    # Edges: u0-f0 u0-f1 u1-f1 u1-f2 u2-f2 and u2 follows u0; a hide is no edge.
    # Degrees: users 3, 2, 2; flits 1, 2, 2, 0.
    user, flit = report["nodes"]["user"], report["nodes"]["flit"]
    assert (user["count"], flit["count"]) == (3, 4)
    assert (user["isolated_share"], flit["isolated_share"]) == (0.0, 0.25)
    assert (user["cold_share"], flit["cold_share"]) == (0.0, 0.25)
    assert user["hub_edge_share"] == pytest.approx(3 / 7, abs=1e-4)
    assert flit["hub_edge_share"] == pytest.approx(2 / 5, abs=1e-4)
    assert [user[f"degree_p{p}"] for p in (50, 100)] == [2.0, 3.0]
    assert flit["degree_p50"] == 1.5
    assert report["relations"] == {
        "user likes flit": {"edges": 5, "oldest_s": DAY, "newest_s": 9 * DAY},
        "user follows user": {"edges": 1, "oldest_s": DAY, "newest_s": DAY},
    }
    assert report["span_days"] == 8.0


def test_a_node_may_be_cold_though_it_is_not_isolated() -> None:
    likes, views = edges("likes", [(0, 0)]), edges("views", [(1, 1)], role="context")
    tables = Tables({"user": nodes("u", 2), "flit": nodes("f", 2)}, (likes, views))
    report = health(build_graph(tables, as_of_s=None), tables, PLAIN)["nodes"]
    assert (report["flit"]["isolated_share"], report["flit"]["cold_share"]) == (0.0, 0.5)


def test_undated_relations_have_no_span() -> None:
    tables = Tables({"user": nodes("u", 1), "flit": nodes("f", 1)}, (edges("likes", [(0, 0)]),))
    report = health(build_graph(tables, as_of_s=None), tables, PLAIN)
    assert report["span_days"] is None
    assert report["relations"]["user likes flit"] == {"edges": 1, "oldest_s": None, "newest_s": None}


def test_a_type_that_nobody_acts_on_has_no_cold_share_and_no_nodes_are_fine() -> None:
    likes = edges("likes", [(0, 0)])
    promotes = edges("promotes", [(0, 0)], source="advertiser", role="context")
    tables = Tables(
        {"user": nodes("u", 1), "flit": nodes("f", 1), "advertiser": nodes("a", 1), "club": nodes("c", 0)},
        (likes, promotes),
    )
    configs = {**PLAIN, "advertiser": PLAIN["user"], "club": PLAIN["user"]}
    report = health(build_graph(tables, as_of_s=None), tables, configs)["nodes"]
    assert "cold_share" not in report["advertiser"]
    assert report["club"]["count"] == 0
    assert report["club"]["degree_p100"] == report["club"]["hub_edge_share"] == report["club"]["isolated_share"] == 0.0


def test_missing_content_and_equal_texts_are_counted() -> None:
    flits = nodes("f", 5).with_columns(
        pl.Series("title", ["a", "a", None, None, "b"]),
        pl.Series("body", ["x", "x", None, None, None]),
        pl.Series("stars", [1.0, None, None, None, 2.0]),
    )
    tables = Tables({"user": nodes("u", 1), "flit": flits}, (edges("likes", [(0, 0)]),))
    config = NodeConfig(table="f", id="id", text=("title", "body"), numeric=("stars",))
    report = health(build_graph(tables, as_of_s=None), tables, {**PLAIN, "flit": config})["nodes"]["flit"]
    assert report["missing"] == {"title": 0.4, "body": 0.6, "stars": 0.6}
    assert report["duplicate_text_share"] == 0.4  # two flits without text are not two of one text


def test_hubs_are_the_best_connected_hundredth() -> None:
    degrees = np.full(200, 1)
    degrees[:2] = 100
    pairs = [(user, flit) for flit, degree in enumerate(degrees) for user in range(degree)]
    tables = Tables({"user": nodes("u", 100), "flit": nodes("f", 200)}, (edges("likes", pairs),))
    report = health(build_graph(tables, as_of_s=None), tables, PLAIN)["nodes"]["flit"]
    assert report["hub_edge_share"] == pytest.approx(200 / 398, abs=1e-4)
