import json
from pathlib import Path

import pytest

from graphrec.cli.demo import config_file, simulate_once
from graphrec.errors import ConfigError
from graphrec.simulate import SimulationConfig
from tests.cli.conftest import FAST, Invoke, overrides


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo"


def demo_args(folder: Path) -> list[str]:
    return ["demo", "--folder", str(folder), "--size", "small", *overrides(*FAST)]


def test_the_demo_goes_from_nothing_to_reasons_and_again_finds_all(folder: Path, invoke: Invoke) -> None:
    first = invoke(*demo_args(folder))
    assert first.exit_code == 0, first.output
    for part in ("graph health", "validation recall", "all: everything held out", "interests of bird_", "because"):
        assert part in first.stdout
    assert f"graphrec recommend a_stranger --store {folder / 'store'}" in first.stdout
    assert "graphrec search" not in first.stdout  # tfidf cannot read new texts
    again = invoke(*demo_args(folder), "--json")
    found = json.loads(again.stdout)
    assert found["version"] == "v0001"
    assert {name for name, seconds in found["seconds"].items() if seconds} == {"in all"}
    assert f"interests of {found['user']}" in first.stdout
    assert len(found["candidates"]) == 5
    assert {one["name"].split(".")[0] for one in found["figures"]} == {"graphrec", "popular", "oracle"}


def test_a_folder_with_another_network_is_left_alone(folder: Path, invoke: Invoke) -> None:
    done = invoke(*demo_args(folder), "--seed", 5)
    assert done.exit_code == 2
    assert "take another --folder" in done.stderr


def test_dry_run_writes_nothing(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("demo", "--folder", tmp_path / "demo", "--dry-run")
    assert done.exit_code == 0
    assert "would simulate 2,000 users" in done.stderr
    plan = json.loads(invoke("demo", "--folder", tmp_path / "demo", "--dry-run", "--json", "--size", "small").stdout)
    assert plan["simulate"]["users"] == 200
    assert list(tmp_path.iterdir()) == []


def test_a_simulation_cut_short_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "data.unfinished").mkdir()
    (tmp_path / "data.unfinished" / "rubbish").touch()
    network = SimulationConfig.preset("small", image_share=0.0)
    assert simulate_once(network, tmp_path / "data") is True
    assert not (tmp_path / "data" / "rubbish").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert simulate_once(network, tmp_path / "data") is False


def test_the_packaged_config_is_found() -> None:
    assert config_file().name == "flutter.yaml"
    with pytest.raises(ConfigError, match="install graphrec again"):
        config_file("nothing.yaml")
