"""Content and id vectors on a small network: every way is measured, and the page tells of it."""

from pathlib import Path

import pytest

from benchmarks.common import Result
from benchmarks.quality.parts import TOGETHER, together_section
from benchmarks.together import BARE, REFERENCE, measure, methods
from graphrec.simulate import SimulationConfig, simulate
from tests.pipeline.conftest import quick_config


@pytest.mark.slow
def test_every_way_is_measured_on_known_and_on_new_flits(tmp_path: Path) -> None:
    simulate(SimulationConfig.preset("small", seed=3), tmp_path / "data")
    result = Result("together", 0)
    short = {
        method: (*changes, "model.epochs=2" if changes[1:] == BARE else "training.epochs=2")
        for method, changes in methods("seed3").items()
    }
    measure(result, "seed3", lambda changes: quick_config(tmp_path / "data", tmp_path / "store", *changes), short)
    found = {one["name"]: one["value"] for one in result.figures}
    for method in TOGETHER:
        for group in ("met", "new"):
            key = f"seed3.{group}.{method}"
            assert 0 <= found[f"{key}.low"] <= found[key] <= 1
            if method != REFERENCE:
                assert found[f"{key}.over"] == pytest.approx(found[key] - found[f"seed3.{group}.{REFERENCE}"], abs=1e-6)
    assert found[f"seed3.met.{REFERENCE}"] > found["seed3.met.popular"]
    text = together_section("together", {"figures": result.figures})
    assert all(f"| {told} |" in text for told in TOGETHER.values())


def test_what_is_apart_from_both_together_is_marked() -> None:
    known = {"net.met.users": 3.0, "net.new.users": 2.0}
    for method, over in (("lightgcn", (0.05, 0.01, 0.09)), ("ids", (-0.2, -0.3, -0.1)), ("windows", (0.0, -0.1, 0.1))):
        known |= {f"net.met.{method}{end}": 0.5 for end in ("", ".low", ".high")}
        known |= {f"net.met.{method}.over{end}": one for end, one in zip(("", ".low", ".high"), over, strict=True)}
    text = together_section("together", {"figures": [{"name": one, "value": value} for one, value in known.items()]})
    cell = "0.5000 [0.5000, 0.5000]"
    assert f"| id vectors alone: LightGCN | {cell} ▲ |  |  |" in text
    assert f"| PinSage by the past: id vectors alone | {cell} ▼ |  |  |" in text
    assert f"| PinSage by windows | {cell} |  |  |" in text
