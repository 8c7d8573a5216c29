"""Every command that opens a store or tables takes a URI, and says in one line what is wrong with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CONFIG, FAST, Invoke, World, overrides
from tests.object_storage import Bucket, bucket, cloud, s3_server, upload_folder

__all__ = ["bucket", "cloud", "s3_server"]


@pytest.fixture
def at(bucket: Bucket, world: World) -> str:
    """Return the URI of a copy of the world's store."""
    upload_folder(world.store, bucket.objects())
    return bucket.uri()


def test_commands_answer_from_a_uri_as_from_a_folder(at: str, world: World, asked: Callable[..., Any]) -> None:
    for command in (
        ["versions"], ["health"], ["evaluate"], ["recommend", "bird_0001"], ["interests", "bird_0001"],
        ["similar", "flit_00117"],
    ):  # fmt: skip
        assert asked(*command, "--store", at) == asked(*command, "--store", world.store)


def test_tables_at_a_uri_are_validated_and_planned(
    bucket: Bucket, world: World, asked: Callable[..., Any], invoke: Invoke
) -> None:
    upload_folder(world.data, bucket.objects("tables"))
    uri = bucket.uri("tables")
    found = asked("validate", CONFIG, *overrides(f"data={uri}"))
    assert found == asked("validate", CONFIG, *overrides(f"data={world.data}"))
    plan = asked("run", CONFIG, "--dry-run", *overrides(*FAST, f"data={uri}", f"store={bucket.uri()}"))
    assert plan["config"]["store"] == bucket.uri()
    assert plan["files"][f"{uri}/users.parquet"]["bytes"] == (world.data / "users.parquet").stat().st_size
    told = invoke("run", CONFIG, "--dry-run", *overrides(f"data={uri}", f"store={bucket.uri()}"))
    assert f"publish into {bucket.uri()}; nothing was written" in told.stderr
    assert bucket.names() == []


def test_a_run_that_was_done_is_found_at_the_uri(at: str, world: World, invoke: Invoke) -> None:
    done = invoke("run", CONFIG, *overrides(*FAST, f"data={world.data}", f"store={at}"))
    assert done.exit_code == 0, done.output
    assert done.stdout == f"version v0001 in {at}\n"
    assert f"next: graphrec evaluate --store {at}" in done.stderr


def test_what_is_wrong_is_one_line(at: str, bucket: Bucket, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = invoke("versions", "--store", "s3://nowhere/store")
    assert missing.exit_code == 2
    assert missing.stderr.startswith("error: store must name a bucket that exists (got s3://nowhere/store")
    empty = invoke("recommend", "bird_0001", "--store", bucket.uri("empty"))
    assert empty.exit_code == 1
    assert f"(got none in {bucket.uri('empty')}); run graphrec run CONFIG first" in empty.stderr
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for command in (["versions", "--store", at], ["validate", str(CONFIG), *overrides(f"data={at}")]):
        down = invoke(*command)
        assert down.exit_code in (1, 2)
        assert len(down.stderr.splitlines()) == 1
        assert "must answer (got HTTP error: error sending request from http://127.0.0.1:9" in down.stderr


@pytest.mark.parametrize("command", [["simulate", "s3://b/data"], ["demo", "--folder", "s3://b/demo"]])
def test_what_is_simulated_goes_to_a_folder(command: list[str], invoke: Invoke, tmp_path: Path) -> None:
    refused = invoke(*command, "--dry-run")
    assert refused.exit_code == 2
    assert "must be a folder (got s3:/b/" in refused.stderr
    assert json.dumps(refused.stdout) == '""'
