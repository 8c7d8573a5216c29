from typing import Any

import pytest

from graphrec.errors import ConfigError
from graphrec.index import IndexConfig


def test_defaults_are_those_of_the_design() -> None:
    config = IndexConfig()
    assert (config.max_links, config.ef_construction, config.ef_search) == (32, 200, 200)
    assert (config.space, config.deterministic, config.min_recall) == ("cosine", True, 0.95)


@pytest.mark.parametrize(
    "values", [{"max_links": 1}, {"ef_search": 0}, {"min_recall": 1.5}, {"space": "l2"}, {"seed": -1}, {"max_linkz": 3}]
)
def test_broken_rules_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="IndexConfig"):
        IndexConfig.parse(values)
