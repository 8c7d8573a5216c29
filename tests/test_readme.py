"""The README's snippets run, and its figures are those of the result files."""

import re
import shlex
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from benchmarks import readme
from graphrec.cli.app import app
from graphrec.pipeline import run
from graphrec.simulate import SimulationConfig, simulate

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with the demo's layout: demo/data, demo/store, configs/flutter.yaml."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "configs").mkdir()
    (folder / "configs" / "flutter.yaml").write_text((ROOT / "configs" / "flutter.yaml").read_text())
    simulate(SimulationConfig.preset("small", seed=3), folder / "demo" / "data")
    write_csvs(folder / "demo" / "data", folder / "my" / "tables")
    quick = [
        "features.text.precision=float32",
        "training.epochs=1",
        "training.windows=1",
        "neighbourhoods.num_walks=50",
    ]
    baselines = "evaluation.baselines=[popular]"
    places = [f"data={folder / 'demo' / 'data'}", f"store={folder / 'demo' / 'store'}"]
    run(folder / "configs" / "flutter.yaml", [*quick, baselines, "projection.method=pca", *places])
    return folder


def write_csvs(data: Path, out: Path) -> None:
    """Write somebody's own tables."""
    out.mkdir(parents=True)
    flits = pl.read_parquet(data / "flits.parquet").select("flit_id", "text", "created_at")
    flits.rename({"flit_id": "sku", "text": "description"}).write_csv(out / "articles.csv")
    events = pl.read_parquet(data / "events.parquet")
    events.rename({"user_id": "customer", "flit_id": "sku", "event": "what"}).write_csv(out / "log.csv")


def blocks(language: str) -> list[str]:
    """Return the README's fenced blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.S)


def commands() -> list[str]:
    """Return every graphrec command of the README: lines of shell blocks, and those quoted in prose."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("graphrec ")]
    every = [*lines, *re.findall(r"`(graphrec [^`]+)`", TEXT)]
    return [one for one in every if not one.startswith("graphrec serve ")]  # it does not end; tests/serving runs it


def test_python_snippets_run(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    assert blocks("python")
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {"print": lambda *_: None})


@pytest.mark.parametrize("command", commands())
def test_commands_run(command: str, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"make ([a-z-]+)", TEXT))
    assert {"demo", "test"} <= named
    assert all(re.search(rf"^{target}:", makefile, flags=re.M) for target in named)


def test_figures_are_those_of_the_result_files() -> None:
    assert readme.rendered(TEXT) == TEXT


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
