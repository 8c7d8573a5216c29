import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from graphrec.cli.app import app
from graphrec.simulate import SimulationConfig, simulate

CONFIG = Path(__file__).parents[2] / "configs" / "flutter.yaml"
FAST = (
    "features.text.encoder=tfidf", "training.epochs=1", "training.windows=2", "neighbourhoods.num_walks=20",
    "neighbourhoods.size=10", "model.hidden_dim=16", "model.dim=16", "evaluation.baselines=[popular]",
    "projection.method=pca", "runtime.workers=1",
)  # fmt: skip
Invoke = Callable[..., Result]


def overrides(*settings: str) -> list[str]:
    """Return the settings as options."""
    return [part for one in settings for part in ("--set", one)]


def run_args(data: Path, store: Path) -> list[str]:
    """Return the command that made the world."""
    return ["run", str(CONFIG), *overrides(*FAST, f"data={data}", f"store={store}")]


@dataclass(frozen=True)
class World:
    """A small network and a store with one version of it."""

    data: Path
    store: Path
    ran: Result

    @property
    def run_args(self) -> list[str]:
        return run_args(self.data, self.store)


@pytest.fixture(autouse=True)
def _no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are as wide as in a file, whatever the terminal that tests were started from."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def invoke() -> Invoke:
    def run(*args: object) -> Result:
        return CliRunner().invoke(app, [str(one) for one in args])

    return run


@pytest.fixture
def asked(invoke: Invoke) -> Callable[..., Any]:
    """Return what a command answers as JSON, with nothing else on stdout."""

    def ask(*args: object) -> Any:
        done = invoke(*args, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    data, store = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("run") / "store"
    simulate(SimulationConfig.preset("small", seed=1, image_share=0.0), data)
    return World(data, store, CliRunner().invoke(app, run_args(data, store)))
