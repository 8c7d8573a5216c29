import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import CONFIG, FAST, Invoke, World, overrides

Asked = Callable[..., Any]


def test_a_run_publishes_and_says_what_to_do_next(world: World) -> None:
    assert world.ran.exit_code == 0, world.ran.output
    assert world.ran.stdout == f"version v0001 in {world.store}\n"
    assert "graphrec evaluate --store" in world.ran.stderr
    for stage in ("tables", "model", "evaluation", "bundle"):
        assert f" {stage}  " in world.ran.stderr


def test_a_second_run_finds_everything(world: World, asked: Asked) -> None:
    found = asked(*world.run_args, "--quiet")
    assert found["version"] == "v0001"
    assert found["stages"]
    assert all(one["found"] for one in found["stages"])


def test_dry_run_prints_the_resolved_config_and_writes_nothing(world: World, invoke: Invoke, asked: Asked) -> None:
    other = world.store.with_name("never")
    args = [*world.run_args, "--set", f"store={other}", "--dry-run"]
    plan = asked(*args)
    assert plan["config"]["training"]["epochs"] == 1
    assert plan["config"]["training"]["patience"] == 4
    rows = {path.rsplit("/", 1)[1]: size["rows"] for path, size in plan["files"].items()}
    assert rows["users.parquet"] == 200
    assert rows["flits.parquet"] == 600
    shown = invoke(*args)
    assert "num_walks: 20" in shown.stdout
    assert "nothing was written" in shown.stderr
    assert not other.exists()


def test_quiet_says_no_stage(world: World, invoke: Invoke) -> None:
    assert "evaluation  " not in invoke(*world.run_args, "--quiet").stderr


def test_health_counts_what_was_simulated(world: World, invoke: Invoke, asked: Asked) -> None:
    report = asked("health", "--store", world.store)
    assert {name: one["count"] for name, one in report["nodes"].items()} == {"user": 200, "flit": 600, "advertiser": 12}
    shown = invoke("health", "--store", world.store)
    assert "isolated share" in shown.stdout
    assert "user likes flit" in shown.stdout


def test_online_compares_folded_with_clustered_interests(world: World, invoke: Invoke, asked: Asked) -> None:
    found = asked("online", "--store", world.store)
    assert found["users"] > 20
    assert 0 < found["stale_agreement"] <= found["agreement"] <= 1
    shown = invoke("online", "--store", world.store)
    assert "folded online" in shown.stdout
    refused = invoke("online", "--store", world.store, "--before", "latest")
    assert refused.exit_code == 2
    assert "must be dated, the older first" in refused.stderr


def test_evaluate_shows_every_method(world: World, invoke: Invoke, asked: Asked) -> None:
    shown = invoke("evaluate", "--store", world.store, "--slice", "warm")
    assert "warm: flits with a training action" in shown.stdout
    for method in ("graphrec", "popular", "oracle"):
        assert method in shown.stdout
    found = asked("evaluate", "--store", world.store)
    assert found["reference"] == "graphrec"
    assert {one["method"] for one in found["figures"]} == {"graphrec", "popular", "oracle"}


def test_an_unknown_slice_names_the_known_ones(world: World, invoke: Invoke) -> None:
    done = invoke("evaluate", "--store", world.store, "--slice", "icy")
    assert done.exit_code == 2
    assert "'cold'" in done.stderr


def test_versions_lists_names_and_aliases(world: World, invoke: Invoke, asked: Asked) -> None:
    (one,) = asked("versions", "--store", world.store)
    assert (one["version"], one["aliases"]) == ("v0001", ["latest"])
    assert one["stages"]["bundle"][:12] in invoke("versions", "--store", world.store).stdout


def test_versions_of_no_store_are_none(asked: Asked, tmp_path: object) -> None:
    assert asked("versions", "--store", tmp_path) == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("trainin.epochs=1", "did you mean 'training'?"),
        ("training.epoch=1", "did you mean 'epochs'?"),
        ("training.epochs=0", "RunConfig.training.epochs must be greater than or equal to 1 (got 0)"),
        ("training.epochs", "--set must read name=value"),
        ("data=nowhere", "table must be a file below"),
    ],
)
def test_a_bad_setting_is_one_line_and_exit_code_2(invoke: Invoke, setting: str, message: str) -> None:
    done = invoke("run", CONFIG, "--dry-run", *overrides(*FAST, setting))
    assert done.exit_code == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback_too(invoke: Invoke) -> None:
    done = invoke("run", "missing.yaml", "--debug")
    assert done.exit_code == 2
    assert "Traceback" in done.stderr
    assert "error: config must be a readable file" in done.stderr


def test_the_resolved_config_runs_again(world: World, asked: Asked, invoke: Invoke, tmp_path: object) -> None:
    plan = asked(*world.run_args, "--dry-run")
    path = world.store.with_name("resolved.yaml")
    path.write_text(json.dumps(plan["config"]))
    assert asked("run", path, "--quiet")["version"] == "v0001"


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("run", ()),
        ("tune", overrides("search.space={retrieval.candidates: [400]}")),
        ("finetune-text", ("--out", "new")),
    ],
)
def test_a_command_computes_where_its_config_says(
    command: str, more: tuple[str, ...], world: World, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    done = invoke(command, *world.run_args[1:], *more, *overrides("runtime.device=cuda"))
    assert done.exit_code == 2
    assert "runtime.device must be one that torch sees (got 'cuda'" in done.stderr
