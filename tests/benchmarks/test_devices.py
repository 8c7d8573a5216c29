"""Seconds on every device, small."""

from pathlib import Path

import pytest

from benchmarks import devices
from benchmarks.common import Result
from benchmarks.quality.speed import devices_section
from graphrec.simulate import SimulationConfig, simulate
from tests.second_device import ELSEWHERE


@pytest.mark.slow
def test_every_preset_is_timed_on_every_device(tmp_path: Path) -> None:
    simulate(SimulationConfig.preset("small", seed=3), tmp_path / "data")
    result = Result("devices", 0)
    for device in ("cpu", ELSEWHERE):
        devices.measure(result, device, tmp_path / "data", tmp_path / device)
    found = {one["name"]: one["value"] for one in result.figures}
    for preset in devices.PRESETS:
        for device in ("cpu", ELSEWHERE):
            assert found[f"{preset}.{device}.epoch_s"] > 0
            assert found[f"{preset}.{device}.embedding_s"] > 0
    page = devices_section("devices", {"figures": result.figures, "machine": {"gpu": None}})
    assert page.count("| pinsage by the past |") == 1
    assert "No GPU was at hand" in page
