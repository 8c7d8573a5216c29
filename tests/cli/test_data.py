from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from tests.cli.conftest import CONFIG, Invoke, World

Asked = Callable[..., Any]


def test_simulate_writes_tables_and_counts_them(asked: Asked, tmp_path: Path) -> None:
    answer = asked("simulate", tmp_path / "net", "--size", "small", "--seed", 3)
    assert answer["rows"]["users"] == pl.read_parquet(tmp_path / "net" / "users.parquet").height == 200
    assert answer["shape"][0]["log"] == "simulated"


def test_simulate_shows_the_next_command(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("simulate", tmp_path / "net", "--size", "small")
    assert done.exit_code == 0
    assert "MovieLens" in done.stdout
    assert f"--set data={tmp_path / 'net'}" in done.stderr


def test_simulate_dry_run_writes_nothing(asked: Asked, invoke: Invoke, tmp_path: Path) -> None:
    assert asked("simulate", tmp_path / "net", "--dry-run")["about"]["users"] == 2_000
    assert "would write 2,000 users" in invoke("simulate", tmp_path / "net", "--dry-run").stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_size_is_bad_usage(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("simulate", tmp_path, "--size", "huge").exit_code == 2


def test_good_tables_validate(world: World, asked: Asked, invoke: Invoke) -> None:
    answer = asked("validate", CONFIG, "--set", f"data={world.data}")
    assert answer["usable"] is True
    assert {one["rows_quarantined"] for one in answer["tables"]} == {0}
    assert "nodes.flit" in invoke("validate", CONFIG, "--set", f"data={world.data}").stdout


def test_a_broken_table_is_named_and_exits_2(world: World, invoke: Invoke, tmp_path: Path) -> None:
    for path in world.data.glob("*.parquet"):
        (tmp_path / path.name).symlink_to(path)
    follows = pl.read_parquet(world.data / "follows.parquet").with_columns(followed_id=pl.lit("bird_nowhere"))
    (tmp_path / "follows.parquet").unlink()
    follows.write_parquet(tmp_path / "follows.parquet")
    done = invoke("validate", CONFIG, "--set", f"data={tmp_path}")
    assert done.exit_code == 2
    assert "follows" in done.stdout
    assert "100.00%" in done.stdout
