"""One small simulated network, and one finished run over it, for the whole folder."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from graphrec.config import RunConfig, load_config
from graphrec.pipeline import Runner, StageDone, run
from graphrec.simulate import SimulationConfig, simulate
from graphrec.store import Store, Version

FLUTTER = Path(__file__).parents[2] / "configs" / "flutter.yaml"
QUICK = (
    "features.text={encoder: tfidf, dim: 16}",
    "neighbourhoods={num_walks: 20, size: 6}",
    "model.hidden_dim=16",
    "model.dim=16",
    "model.negatives=64",
    "training={epochs: 2, windows: 2, batch_size: 1024}",
    "evaluation.baselines=[popular]",
    "projection.method=pca",
    "runtime.workers=1",
)
"""A run of a few seconds."""


@dataclass(frozen=True)
class Finished:
    """A run that is done."""

    config: RunConfig
    version: Version
    history: list[StageDone]

    @property
    def store(self) -> Store:
        return Store(self.config.store)


def quick_config(data: Path, store: Path, *changes: str) -> RunConfig:
    """Return the config of a quick run over simulated tables."""
    return load_config(FLUTTER, [f"data={data}", f"store={store}", *QUICK, *changes])


def finished(config: RunConfig) -> Finished:
    """Run a config, noting every stage."""
    runner = Runner(Store(config.store))
    version = run(config, runner=runner)
    return Finished(config, version, runner.history)


def redone(one: Finished) -> list[str]:
    """Return the stages that were not found."""
    return [stage.stage for stage in one.history if not stage.found]


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    simulate(SimulationConfig.preset("small", seed=3, image_share=0.1), folder)
    return folder


@pytest.fixture(scope="session")
def first(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return finished(quick_config(network, tmp_path_factory.mktemp("store")))
