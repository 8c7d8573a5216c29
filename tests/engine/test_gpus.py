"""GPUs of a cluster, as far as Ray's bookkeeping goes: it hands out as many as it is told there are."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import polars as pl
import ray

from graphrec.engine import RuntimeConfig
from graphrec.engine.ray import RayEngine

ray.init(num_cpus=2, num_gpus=1, configure_logging=False, include_dashboard=False)
engine = RayEngine(RuntimeConfig.parse({"engine": "ray"}))


def make():
    held = len(ray.get_gpu_ids())
    return lambda rows: rows.with_columns(gpus=pl.lit(held))


for on_device in (True, False):
    batches = engine.map_batches(make, pl.DataFrame({"x": range(10)}), name="work", batch_size=4, on_device=on_device)
    found = pl.concat(list(batches))
    print(found["x"].to_list() == list(range(10)), found["gpus"].unique().to_list())
"""


@pytest.mark.slow
def test_workers_that_compute_tensors_hold_a_gpu_and_others_none() -> None:
    pytest.importorskip("ray")
    environment = {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["True [1]", "True [0]"]
