"""Public logs, where they are: what is proposed loads and validates."""

import os
from pathlib import Path

import pytest

from graphrec.simulate import SimulationConfig, simulate
from tests.tables.propose.folders import checked

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("GRAPHREC_DATA", ROOT.parent / "shared" / "data"))
FOLDERS = {
    "deskdrop-interactions": {"views", "likes", "bookmarks", "comments", "follows"},
    "hetrec-lastfm-2k": {"acts", "friends", "tags"},
    "ml-latest-small-2016": {"likes", "tags"},
    "gowalla": {"acts"},
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_public_log_is_mapped(name: str, tmp_path: Path) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"{name} is not there; set GRAPHREC_DATA")
    _, config = checked(DATA / name, tmp_path)
    assert {edge.relation for edge in config.edges} == FOLDERS[name]
    assert {"user", "flit"} == set(config.nodes)


def test_movielens_is_put_together_from_two_folders(tmp_path: Path) -> None:
    for name in ("ncf-ml-1m", "ml-1m-content"):
        if not (DATA / name).is_dir():
            pytest.skip(f"{name} is not there; set GRAPHREC_DATA")
        (tmp_path / "both").mkdir(exist_ok=True)
        (tmp_path / "both" / name).symlink_to(DATA / name)
    _, config = checked(tmp_path / "both", tmp_path)
    assert config.nodes["user"].derive == {"user": "user_id - 1"}
    assert config.nodes["flit"].id == "item"
    assert config.nodes["flit"].image == "jpeg"
    assert {"title", "plot"} <= set(config.nodes["flit"].text)
    assert [edge.split for edge in config.edges] == ["auto", "test"]


def test_the_simulated_network_is_mapped_as_its_config_has_it(tmp_path: Path) -> None:
    simulate(SimulationConfig.preset("small", seed=1), tmp_path / "net")
    _, config = checked(tmp_path / "net", tmp_path)
    assert list(config.nodes) == ["user", "flit", "advertiser"]
    assert config.nodes["flit"].author == "author_id"
    assert config.nodes["flit"].image == "image"
    roles = {edge.relation: edge.role for edge in config.edges}
    assert roles["likes"] == roles["shares"] == roles["replies"] == "action"
    assert (roles["hides"], roles["impressions"], roles["views"]) == ("negative", "exposure", "context")
    assert {"follows", "writes", "promotes", "responds"} <= set(roles)
