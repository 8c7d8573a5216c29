from pathlib import Path

import pytest

from graphrec.simulate import SimulationConfig, SimulationSummary, simulate


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    return simulate(SimulationConfig.preset("small", seed=3), tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def default(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    config = SimulationConfig.preset("default", seed=0, image_share=0.0)
    return simulate(config, tmp_path_factory.mktemp("default"))


@pytest.fixture(scope="session")
def folder(small: SimulationSummary) -> Path:
    return small.folder
