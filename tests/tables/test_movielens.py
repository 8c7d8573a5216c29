"""The shipped MovieLens config on the real files, where they are."""

import os
from pathlib import Path

import polars as pl
import pytest
import yaml

from graphrec.tables.config import InputConfig
from graphrec.tables.load import load_tables

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("GRAPHREC_DATA", ROOT.parent / "shared" / "data"))


@pytest.mark.skipif(not (DATA / "ncf-ml-1m").is_dir(), reason="MovieLens 1M is not there; set GRAPHREC_DATA")
def test_movielens_loads_without_a_bad_row() -> None:
    values = yaml.safe_load((ROOT / "configs" / "movielens.yaml").read_text())
    loaded = load_tables(InputConfig.parse({key: values[key] for key in ("nodes", "edges", "quality")}), DATA)
    train = pl.read_parquet(DATA / "ncf-ml-1m" / "train.parquet")
    assert loaded.quarantine.height == 0
    assert {name: frame.height for name, frame in loaded.tables.nodes.items()} == {"user": 6040, "flit": 3706}
    assert loaded.tables.edges[0].frame.height == train.filter(pl.col("rating") >= 4).height
    assert loaded.tables.edges[1].config.split == "test"
    assert loaded.tables.nodes["flit"]["title"].null_count() == 0
