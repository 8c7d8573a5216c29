from pathlib import Path
from typing import Any

import yaml

from tests.cli.conftest import Invoke, World

SPACE = ("--set", "search.space={retrieval.candidates: [400]}")
"""What the world was made with: its one trial is found, not run."""


def test_the_best_config_is_written_and_named(world: World, invoke: Invoke, tmp_path: Path) -> None:
    args = ["tune", *world.run_args[1:], *SPACE, "--out", tmp_path / "tuned"]
    done = invoke(*args)
    assert done.exit_code == 0, done.output
    assert "validation recall@50" in done.stdout
    assert f"next: graphrec run {tmp_path / 'tuned' / 'best.yaml'}" in done.stderr
    best = yaml.safe_load((tmp_path / "tuned" / "best.yaml").read_text())
    assert best["retrieval"]["candidates"] == 400
    assert best["store"] == str(world.store)
    again = invoke("run", tmp_path / "tuned" / "best.yaml", "--dry-run")
    assert again.exit_code == 0, again.output


def test_dry_run_lists_the_trials(world: World, invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("tune", *world.run_args[1:], *SPACE, "--out", tmp_path / "tuned", "--dry-run")
    plan: dict[str, Any] = yaml.safe_load(done.stdout)
    assert plan == {"trials": [{"retrieval.candidates": 400}], "epochs": [1]}
    assert "nothing was written" in done.stderr
    assert not (tmp_path / "tuned").exists()


def test_an_empty_space_is_one_line(world: World, invoke: Invoke) -> None:
    done = invoke("tune", *world.run_args[1:])
    assert done.exit_code == 2
    assert "search.space must name settings and their values (got none)" in done.stderr
