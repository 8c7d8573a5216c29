"""More sources on a small network: every way is measured, and the page tells of it."""

from pathlib import Path

import pytest

from benchmarks.common import Result
from benchmarks.quality.parts import sources_section
from benchmarks.sources import SHIPPED, WAYS, measure
from graphrec.simulate import SimulationConfig, simulate
from tests.pipeline.conftest import quick_config


@pytest.mark.slow
def test_every_source_is_measured_beside_what_ships(tmp_path: Path) -> None:
    simulate(SimulationConfig.preset("small", seed=3), tmp_path / "data")
    result = Result("sources", [3])
    measure(result, "seed3", quick_config(tmp_path / "data", tmp_path / "store"))
    found = {one["name"]: one["value"] for one in result.figures}
    for way in WAYS:
        assert 0 < found[f"seed3.{way}.recall@50.all.low"] <= found[f"seed3.{way}.recall@50.all"] < 1
    for way in set(WAYS) - {SHIPPED}:
        assert found[f"seed3.{way}.gain.all"] == pytest.approx(
            found[f"seed3.{way}.recall@50.all"] - found[f"seed3.{SHIPPED}.recall@50.all"], abs=1e-6
        )
    assert 0 < found["seed3.users.few"] < found["seed3.users.all"]
    text = sources_section("sources", {"figures": result.figures})
    assert all(f"| {way} adds |" in text for way in set(WAYS) - {SHIPPED})
