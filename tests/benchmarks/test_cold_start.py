"""Flits with few actions: every method on a small network, only the group's flits ranked."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cold_start import BY_PAST, REFERENCE, World, _methods, chosen, measure
from benchmarks.common import Result
from benchmarks.quality.cold import cold_section, margins
from graphrec.simulate import SimulationConfig, simulate
from tests.pipeline.conftest import quick_config


@pytest.mark.slow
def test_every_method_ranks_the_group_alone(tiny_bert: Path, tmp_path: Path) -> None:
    simulate(SimulationConfig.preset("small", seed=3, image_share=0.1), tmp_path / "data")
    encoder = f"features.text={{encoder: transformer, model: {tiny_bert}, max_tokens: 16, precision: float32}}"
    settings = (encoder, "finetune={epochs: 1, layers: 1}")
    other = quick_config(
        tmp_path / "data", tmp_path / "store", *settings, *BY_PAST["pinsage_past"], "training.epochs=2"
    )
    world = World(quick_config(tmp_path / "data", tmp_path / "store", *settings), (0, 1), {"pinsage_past": other})
    some = world.line.split.available & (world.past.history.actions_per_flit(len(world.past.available)) == 0)
    users = np.arange(20, dtype=np.int32)
    scorers = chosen(world)
    assert [len(scorers[name]) for name in ("pinsage", "pinsage_past", "pinsage_tuned", REFERENCE)] == [2, 2, 2, 1]
    for name, method in ((name, one) for name, each in _methods(world, scorers, some).items() for one in each):
        rows = method.recommend(users, 10)
        assert some[rows[rows >= 0]].all(), name
        assert (rows >= 0).any(), name
    result = Result("cold_start", 0)
    measure(result, "small", world)
    found = {one["name"] for one in result.figures}
    assert {f"small.{REFERENCE}.recall@50.items_0", "small.pinsage.margin.items_0.low"} <= found
    text = cold_section("cold_start", {"figures": result.figures})
    assert "| graphrec |" in text
    assert "| tuning the encoder adds to pinsage |" in text


def test_what_pinsage_adds_is_told_of_each_network_and_of_all_together() -> None:
    known: dict[str, float] = {}
    for part, ours, low in (("seed1", 0.4, 0.07), ("seed2", 0.5, 0.16), ("draw0", 0.3, -0.01)):
        known |= {f"{part}.pinsage.recall@50.items_0": ours, f"{part}.content_knn.recall@50.items_0": 0.3}
        known |= {f"{part}.pinsage.margin.items_0.low": low}
    text = margins(known, ["draw0", "seed1", "seed2"])
    assert "| draw0 | +0.0000 [-0.0100] |  |  |" in text
    assert "| seed1 | +0.1000 [+0.0700] ▲ |  |  |" in text
    # the mean of .1 and .2; half the root of .03 squared and .04 squared below it
    assert "| the networks together | +0.1500 [+0.1250] ▲ |  |  |" in text
    known |= {"seed1.pinsage_past.recall@50.items_0": 0.45, "seed1.pinsage_past.margin.items_0.low": 0.1}
    text = margins(known, ["draw0", "seed1", "seed2"])
    assert "| seed1, learnt from the past | +0.1500 [+0.1000] ▲ |  |  |" in text
    assert "draw0, learnt from the past" not in text
