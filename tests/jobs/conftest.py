"""One cluster, one small network and one local run for the whole folder."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphrec.config import load_config
from graphrec.pipeline import Runner, run
from graphrec.simulate import SimulationConfig, simulate
from graphrec.store import Store, Version
from tests.jobs.cluster import QUICK, REPOSITORY, RunningCluster, cluster


@pytest.fixture(scope="package")
def running() -> Iterator[RunningCluster]:
    with tempfile.TemporaryDirectory(prefix="r") as scratch, cluster(Path(scratch)) as one:  # socket paths are short
        yield one


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    simulate(SimulationConfig.preset("small", seed=3, image_share=0.1), folder)
    return folder


@pytest.fixture(scope="session")
def local(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Version]:
    """The same line on this machine alone."""
    store = tmp_path_factory.mktemp("local")
    config = load_config(REPOSITORY / "configs" / "flutter.yaml", [f"data={data}", f"store={store}", *QUICK])
    opened = Store(store)
    return opened, run(config, runner=Runner(opened))
