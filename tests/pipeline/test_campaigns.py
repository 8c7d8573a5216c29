import polars as pl
import pytest

from graphrec.errors import ConfigError
from graphrec.interests import InterestConfig
from graphrec.pipeline.campaigns import campaigns_of
from graphrec.retrieval.ads import EVER
from graphrec.retrieval.config import AdConfig
from graphrec.tables.clean import Edges, Tables
from tests.graph.conftest import DAY, edges, nodes
from tests.pipeline.test_assembly import tables_with_views

INTERESTS = InterestConfig(merge_cosine=0.4)


def promoted() -> Tables:
    """One shop promotes flit 1 from day 2 on, the other flit 0 until day 5."""
    promotes = edges("promotes", [(0, 1), (1, 0)], source="shop", role="context")
    dates = pl.DataFrame({"start_s": [2 * DAY, None], "end_s": [None, 5 * DAY]}, schema_overrides={"end_s": pl.Int64})
    tables = tables_with_views()
    dated = Edges(promotes.config, pl.concat([promotes.frame, dates], how="horizontal"))
    return Tables({**tables.nodes, "shop": nodes("s", 2)}, (*tables.edges, dated))


def test_campaigns_by_hand() -> None:
    found = campaigns_of(promoted(), AdConfig(relation="promotes"), INTERESTS)
    assert found is not None
    assert (found.flit.tolist(), found.advertiser.tolist()) == ([0, 1], [1, 0])
    assert (found.start_s.tolist(), found.end_s.tolist()) == ([-EVER, 2 * DAY], [5 * DAY, EVER])
    assert found.running(DAY).tolist() == [True, False]
    assert found.running(5 * DAY).tolist() == [False, True]
    assert found.running(None).tolist() == [True, True]
    assert (found.rules.node_type, found.rules.min_similarity) == ("shop", 0.4)


def test_no_ads_unless_the_config_names_them() -> None:
    assert campaigns_of(promoted(), None, INTERESTS) is None


def test_a_floor_of_ones_own_stands() -> None:
    found = campaigns_of(promoted(), AdConfig(relation="promotes", min_similarity=0.9), INTERESTS)
    assert found is not None
    assert found.rules.min_similarity == 0.9


@pytest.mark.parametrize("relation", ["likes", "sells"])
def test_a_relation_that_promotes_nothing_is_refused(relation: str) -> None:
    with pytest.raises(ConfigError, match=rf"retrieval.ads.relation must lead to flit .* \(got '{relation}', have pro"):
        campaigns_of(promoted(), AdConfig(relation=relation), INTERESTS)
