"""What optional sources go by, from hand-made tables and from a run."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.config import RunConfig, load_config
from graphrec.errors import ConfigError
from graphrec.pipeline.drawn import sources_of
from graphrec.retrieval.retriever import Retriever
from graphrec.tables.clean import Tables
from tests.graph.conftest import DAY, edges
from tests.pipeline.conftest import FLUTTER, finished, quick_config
from tests.pipeline.test_assembly import tables_with_views

VECTORS = np.eye(8, dtype=np.float32)[np.arange(8) % 3]


def config_of(*sources: str) -> RunConfig:
    return load_config(FLUTTER, [f"retrieval.sources={{{', '.join(sources)}}}"])


def linked() -> Tables:
    """User 0 follows 1 twice over and blocks 2; user 1 wrote flits 1 and 0, in this order; user 2 follows 0."""
    follows = edges("follows", [(0, 1), (0, 1), (2, 0)], times=[DAY, DAY, 2 * DAY], target="user", role="context")
    blocks = edges("blocks", [(0, 2)], times=[3 * DAY], target="user", role="negative")
    tables = tables_with_views()
    flits = tables.nodes["flit"]
    rows = pl.Series("author_row", [1, 1], dtype=pl.Int32)
    created = pl.Series("created_s", [9 * DAY, 3 * DAY], dtype=pl.Int64)
    return Tables({**tables.nodes, "flit": flits.with_columns(rows, created)}, (*tables.edges, follows, blocks))


def test_nothing_is_gathered_for_sources_that_are_off() -> None:
    assert sources_of(linked(), config_of(), VECTORS) == {}
    assert sources_of(linked(), config_of("walks: 9"), VECTORS) == {}


def test_follows_leave_blocks_out_and_know_who_wrote_what() -> None:
    found = sources_of(linked(), config_of("follows: 9"), VECTORS)
    assert [found["follows"].of(user).rows.tolist() for user in range(3)] == [[1], [], [0]]
    assert [found["written"].of(user).rows.tolist() for user in range(3)] == [[], [1, 0], []]


def test_follows_without_authors_or_edges() -> None:
    tables = linked()
    plain = Tables({**tables.nodes, "flit": tables.nodes["flit"].drop("author_row")}, tables.edges)
    assert sources_of(plain, config_of("follows: 9"), VECTORS)["written"].num_actions == 0
    with pytest.raises(ConfigError, match=r"follows must go by edges from user to user .*declare them, or set it to 0"):
        sources_of(tables_with_views(), config_of("follows: 9"), VECTORS)


def test_clusters_part_the_flits() -> None:
    vectors = np.repeat(np.eye(4, dtype=np.float32), 100, axis=0)
    cluster = sources_of(linked(), config_of("mixture: 9"), vectors)["cluster"]
    assert cluster.dtype == np.int32
    assert [len(np.unique(cluster[start : start + 100])) for start in range(0, 400, 100)] == [1] * 4


@pytest.mark.slow
def test_a_run_with_all_sources_answers_with_them(network: Path, tmp_path: Path) -> None:
    done = finished(quick_config(network, tmp_path, "retrieval.sources={walks: 30, follows: 30, mixture: 30}"))
    retriever = Retriever.open(tmp_path)
    assert retriever.bundle.settings.sources == {"walks": 30, "follows": 30, "mixture": 30}
    users = retriever.bundle.ids["user"].series.to_list()[:40]
    steps = [set(retriever.recommend(user, 20).trace()["step"]) for user in users]
    assert sum({"source walks", "source follows", "source mixture"} <= one for one in steps) > 20
    assert done.version.stages
