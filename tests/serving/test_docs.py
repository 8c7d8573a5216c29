"""What docs/serving.md shows works, on a store of its own."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.serving.routes import ROUTES
from graphrec.serving.tokens import Tokens
from graphrec.tables.config import InputConfig
from tests.serving.world import Running, serving

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "serving.md").read_text()
NAMES = {"bird_0042": "u1", "flit_00117": "f7", "bird_0666": "u6"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.S)


def lines(start: str) -> list[str]:
    """Return the shell lines of the page that begin with a word, without their comments."""
    shown = [line for block in blocks("sh") for line in block.splitlines()]
    return [line.partition("  #")[0].strip() for line in shown if line.startswith(start)]


@pytest.fixture(scope="module")
def running(planted_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service without tokens, as the page starts it."""
    with serving(planted_store, tmp_path_factory.mktemp("docs"), tokens=None) as running:
        yield running


def here(text: str, running: Running) -> str:
    """Return a snippet about the server and the ids of this test."""
    for name, own in NAMES.items():
        text = text.replace(name, own)
    return text.replace("http://127.0.0.1:8000", running.url)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("line", lines("curl "))
def test_questions_are_answered(line: str, running: Running) -> None:
    done = subprocess.run([*shlex.split(here(line, running)), "-f"], capture_output=True, text=True, check=True)
    assert '"version":"v0001"' in done.stdout


def test_python_snippets_run(running: Running) -> None:
    (block,) = blocks("python")
    exec(compile(here(block, running), "serving.md", "exec"), {"print": lambda *_: None})


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_the_tokens_it_makes_are_tokens(tmp_path: Path) -> None:
    (line,) = lines("printf ")
    subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)
    assert [scope for _, scope in Tokens.load(str(tmp_path / "tokens")).held] == ["read", "write", "admin"]


@pytest.mark.parametrize("line", lines("graphrec serve"))
def test_the_service_starts_with_these_options(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Up to the server itself, which other tests run."""
    import graphrec.serving.run

    started: list[object] = []
    monkeypatch.setattr(graphrec.serving.run, "run", started.append)
    done = CliRunner().invoke(app, shlex.split(line)[1:])
    assert done.exit_code == 0, done.output
    assert len(started) == 1


def test_drained_tables_are_read_by_the_config_shown(running: Running, tmp_path: Path) -> None:
    running.post("/v1/events", events=[{"event_id": "1", "user": "u2", "flit": "f7", "kind": "like"}])
    (line,) = lines("graphrec drain")
    state = ["--state", str(running.config.state_path)]
    done = CliRunner().invoke(app, [*shlex.split(line.replace("demo/data", str(tmp_path)))[1:], *state])
    assert done.exit_code == 0, done.output
    (block,) = (one for one in blocks("yaml") if one.startswith("edges:"))
    nodes = {
        "user": {"table": "users.parquet", "id": "user_id"},
        "flit": {"table": "flits.parquet", "id": "flit_id"},
    }
    told = InputConfig.parse({"nodes": nodes, **yaml.safe_load(block)}).edges[1]
    assert len(list(tmp_path.glob(told.table))) == 1


def test_the_serve_config_is_made_by_the_line_shown(tmp_path: Path) -> None:
    (line,) = lines("sed ")
    subprocess.run(["bash", "-c", line.replace("deploy/", f"{ROOT}/deploy/")], cwd=tmp_path, check=True)
    (application,) = yaml.safe_load((tmp_path / "serve.yaml").read_text())["applications"]
    places = {"store": "demo/store", "state": "state.sqlite", "tokens": "tokens"}
    assert application["args"] == {name: str(tmp_path / place) for name, place in places.items()}


def test_every_route_is_listed() -> None:
    for spec in ROUTES:
        assert f"`{spec.method} {spec.shown.replace('{user}', '{id}')}`" in TEXT
