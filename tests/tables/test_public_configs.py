"""The shipped configs of other people's data on the real files, where they are."""

import os
from pathlib import Path

import polars as pl
import pytest

from graphrec.config import load_config
from graphrec.tables.load import LoadedTables, load_tables

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("GRAPHREC_DATA", ROOT.parent / "shared" / "data"))


def loaded(name: str, folder: str) -> LoadedTables:
    if not (DATA / folder).is_dir():
        pytest.skip(f"{folder} is not there; set GRAPHREC_DATA")
    config = load_config(ROOT / "configs" / f"{name}.yaml", [f"data={DATA}"])
    return load_tables(config.input, DATA)


def test_deskdrop_loads_without_a_bad_row() -> None:
    found = loaded("deskdrop", "deskdrop-interactions")
    log = pl.read_parquet(DATA / "deskdrop-interactions" / "interactions.parquet")
    assert found.quarantine.height == 0
    for node_type, column in (("user", "personId"), ("flit", "contentId")):
        first = log.group_by(column).agg(pl.col("timestamp").min()).sort(column)
        assert found.tables.nodes[node_type].rows() == first.rows()
    kept = log.unique(["eventType", "personId", "contentId", "timestamp"]).height
    assert sum(edges.frame.height for edges in found.tables.edges) == kept


def test_lastfm_loads_and_weighs_listens_by_their_logarithm() -> None:
    found = loaded("lastfm", "hetrec-lastfm-2k")
    listens = pl.read_parquet(DATA / "hetrec-lastfm-2k" / "user_artists.parquet")
    weights = found.tables.edges[0].frame["weight"]
    assert weights.sum() == pytest.approx(listens["weight"].log1p().sum(), rel=1e-4)
    assert set(found.quarantine["rule"]) == {"unknown node"}  # tagged artists that no table holds
    words = [text.split(", ") for text in found.tables.nodes["flit"]["tagValue"] if text is not None]
    assert sum("rock" in one for one in words) > 1000
    assert len({word for one in words for word in one}) < 400  # those that ten people use


def test_lastfm_tags_load_by_their_months() -> None:
    found = loaded("lastfm_tags", "hetrec-lastfm-2k")
    assert set(found.quarantine["rule"]) == {"time too early", "unknown node"}  # dates before the site was there
    log = pl.read_parquet(DATA / "hetrec-lastfm-2k" / "user_taggedartists.parquet")
    log = log.filter(pl.col("date").dt.year() >= 1970)
    tags, carries = (edges.frame for edges in found.tables.edges)
    assert tags.height == log.unique(["userID", "artistID", "date"]).height
    assert carries.height == log.unique(["artistID", "tagID", "date"]).height
    first = log.group_by("artistID").agg(pl.col("date").min().dt.epoch("s")).sort("artistID")
    assert found.tables.nodes["flit"].rows() == first.rows()
