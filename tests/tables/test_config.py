"""What the declared schema refuses."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from graphrec.errors import ConfigError
from graphrec.tables.config import InputConfig, Join, NodeConfig

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("name", ["flutter", "movielens"])
def test_shipped_configs_parse(name: str) -> None:
    values = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    config = InputConfig.parse({key: values[key] for key in ("nodes", "edges", "quality")})
    assert {edge.role for edge in config.edges} >= {"action"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"numeric": ["age"], "categorical": ["age"]}, r"one role \(got \['age'\]"),
        ({"show": ["author_row"]}, r"got \['author_row'\]"),
        ({"numeric": ["id"]}, r"got \['id'\]"),
    ],
)
def test_columns_have_one_role_and_free_names(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        NodeConfig.parse({"table": "users.parquet", "id": "user_id", **values})


def test_join_takes_on_as_yaml_reads_it() -> None:
    assert Join.parse(yaml.safe_load("{table: a.csv, on: {x: y}}")).on == {"x": "y"}


@pytest.mark.parametrize("name", ["", "a/b", "a.b", "..\\up"])
def test_node_types_name_files(name: str) -> None:
    with pytest.raises(ConfigError, match=r"InputConfig\.nodes: must name node types without a slash or a dot"):
        InputConfig.parse({"nodes": {name: {"table": "users.csv", "id": "id"}}, "edges": []})
