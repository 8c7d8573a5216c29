"""What a morning may know: every kind of leak, planted by hand, is found."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from benchmarks.past import Past, new_pairs
from graphrec.errors import DataError
from graphrec.graph.build import build_graph
from graphrec.graph.split import split_at, tables_before
from graphrec.pipeline.assembly import history_of
from graphrec.tables.clean import Edges, Tables
from graphrec.tables.config import EdgeConfig

MORNING = 10
LIKES = EdgeConfig(
    source="user", relation="likes", target="flit", table="e.parquet", time={"column": "at"}, role="action"
)
PROMOTES = EdgeConfig(
    source="advertiser", relation="promotes", target="flit", table="p.parquet",
    start={"column": "start"}, end={"column": "end"},
)  # fmt: skip


def world(likes: list[tuple[int, int, int]], created: list[int | None], start_s: int = 1) -> Tables:
    """Return two users, one advertiser with a campaign for flit 0, and likes as (user, flit, time)."""
    schema = {"source_row": pl.Int32, "target_row": pl.Int32, "time_s": pl.Int64}
    liked = pl.DataFrame(likes, schema=schema, orient="row").with_columns(weight=pl.lit(1.0, pl.Float32))
    campaign = {"source_row": [0], "target_row": [0], "start_s": [start_s], "end_s": [99], "weight": [1.0]}
    rows = {"source_row": pl.Int32, "target_row": pl.Int32, "weight": pl.Float32}
    promoted = pl.DataFrame(campaign).cast(rows)  # type: ignore[arg-type]
    nodes = {
        "user": pl.DataFrame({"id": [0, 1]}),
        "advertiser": pl.DataFrame({"id": [0]}),
        "flit": pl.DataFrame({"id": list(range(len(created))), "created_s": pl.Series(created, dtype=pl.Int64)}),
    }
    return Tables(nodes=nodes, edges=(Edges(LIKES, liked), Edges(PROMOTES, promoted)))


CLEAN = world([(0, 0, 5), (1, 1, 9)], [0, None, 10])
PAST = Past.of(CLEAN, MORNING)


def test_a_flit_is_there_from_the_second_after_it_came_to_be() -> None:
    assert PAST.published.tolist() == [True, True, False]
    assert Past.of(CLEAN, MORNING + 1).published.all()
    undated = replace(CLEAN, nodes={**CLEAN.nodes, "flit": pl.DataFrame({"id": [0, 1, 2]})})
    assert Past.of(undated, MORNING).published.all()


def test_a_clean_past_passes() -> None:
    PAST.check_edges(CLEAN)
    PAST.check_counts(build_graph(CLEAN, as_of_s=MORNING), history_of(CLEAN))
    PAST.check_index(np.array([True, True, False]))
    PAST.check_queries("mine", np.zeros((2, 3), np.float32))


def test_a_newer_edge_is_found() -> None:
    with pytest.raises(DataError, match=r"likes.time_s must be before 10 \(got 1 newer edges\); the past leaks"):
        PAST.check_edges(world([(0, 0, 5), (1, 1, 10)], [0, 0, 10]))


def test_a_campaign_that_has_not_begun_is_found() -> None:
    with pytest.raises(DataError, match=r"promotes.start_s must be before 10"):
        PAST.check_edges(world([(0, 0, 5)], [0, 0, 10], start_s=10))


def test_a_newer_count_is_found() -> None:
    late = world([(0, 0, 5), (1, 1, 12)], [0, 0, 10])
    with pytest.raises(DataError, match=r"graph.likes must count edges before 10 \(got 1 newer\)"):
        PAST.check_counts(build_graph(late, as_of_s=20), history_of(CLEAN))
    with pytest.raises(DataError, match="must be before the split instant 10"):
        PAST.check_counts(build_graph(CLEAN, as_of_s=MORNING), history_of(late))


def test_a_newer_feature_is_found() -> None:
    early = world([(0, 0, 5), (1, 2, 9)], [0, 0, 10])  # an action on a flit before it came to be: walks would reach it
    with pytest.raises(DataError, match=r"graph.rev_likes must leave out flits from after 10 \(got 1 with edges\)"):
        PAST.check_counts(build_graph(early, as_of_s=MORNING), history_of(CLEAN))
    vectors = PAST.known(np.ones((3, 2), np.float32))
    assert np.isfinite(vectors).all(axis=1).tolist() == [True, True, False]
    with pytest.raises(DataError, match="decayed average must read known flits alone"):
        PAST.check_queries("decayed average", vectors.mean(axis=0, keepdims=True))
    with pytest.raises(DataError, match="vectors must be finite"):
        PAST.known(np.full((3, 2), np.nan, np.float32))


def test_a_newer_index_row_is_found() -> None:
    with pytest.raises(DataError, match=r"index rows must be flits from before 10 \(got 1 newer flits\)"):
        PAST.check_index(np.ones(3, np.bool_))


def test_new_pairs_count_flits_that_nobody_had_met() -> None:
    tables = world([(0, 0, 5), (0, 0, 11), (0, 1, 12), (1, 2, 13), (1, 2, 14), (1, 1, 30)], [0, 0, 13])
    split = split_at(tables, MORNING, 20)
    assert new_pairs(tables_before(tables, 20), split) == 2
    assert split.test.rows() == [(0, 1)]
