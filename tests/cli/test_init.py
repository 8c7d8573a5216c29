import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from graphrec.config import load_config
from tests.cli.conftest import Invoke
from tests.tables.propose.folders import network

Asked = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return network(tmp_path / "net")


def test_a_config_is_written_that_validates(folder: Path, invoke: Invoke, asked: Asked, tmp_path: Path) -> None:
    out = tmp_path / "new" / "mine.yaml"
    done = invoke("init", folder, "--out", out)
    assert done.exit_code == 0, done.output
    assert "next: graphrec validate" in done.stderr
    assert "likes" in done.stdout
    assert asked("validate", out)["usable"] is True
    assert "# " in out.read_text()


def test_the_folder_is_named_relative_to_the_config_where_it_lies_near(folder: Path, invoke: Invoke) -> None:
    near, far = folder.parent / "near.yaml", folder.parent / "elsewhere" / "far.yaml"
    for out in (near, far):
        assert invoke("init", folder, "--out", out).exit_code == 0
        assert Path(load_config(out).data) == folder.resolve()
    assert yaml.safe_load(near.read_text())["data"] == "./net"
    assert yaml.safe_load(far.read_text())["data"] == str(folder.resolve())


def test_json_says_what_was_guessed_and_why(folder: Path, asked: Asked, tmp_path: Path) -> None:
    answer = asked("init", folder, "--out", tmp_path / "mine.yaml")
    assert answer["settings"]["nodes"]["flit"]["image"] == "photo"
    assert answer["columns"]["log.parquet"]["kind"] == "event"
    assert {"setting", "value", "why"} <= set(answer["guesses"][0])
    assert isinstance(answer["unsure"], list)


def test_an_existing_file_is_kept_without_force(folder: Path, invoke: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    out.write_text("precious")
    done = invoke("init", folder, "--out", out)
    assert done.exit_code == 2
    assert "--force" in done.stderr
    assert out.read_text() == "precious"
    assert invoke("init", folder, "--out", out, "--force").exit_code == 0
    assert "nodes:" in out.read_text()


def test_dry_run_prints_and_writes_nothing(folder: Path, invoke: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    done = invoke("init", folder, "--out", out, "--dry-run")
    assert yaml.safe_load(done.stdout)["nodes"]["user"]["table"] == "people.parquet"
    answer = json.loads(invoke("init", folder, "--out", out, "--dry-run", "--json").stdout)
    assert answer["config"] is None
    assert not out.exists()


def test_hopeless_folders_give_one_line_and_exit_2(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "single").mkdir()
    pl.DataFrame({"user_id": [1, 2]}).write_csv(tmp_path / "single" / "users.csv")
    for folder in (tmp_path / "empty", tmp_path / "single", tmp_path / "nowhere", Path("s3://bucket/x")):
        done = invoke("init", folder, "--out", tmp_path / "mine.yaml")
        assert done.exit_code == 2
        assert done.stderr.strip().startswith("error:")
        assert "Traceback" not in done.output
        assert not (tmp_path / "mine.yaml").exists()
