"""A Ray cluster of three machines, as far as Ray can tell: a head without CPUs and two workers of one CPU each."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import free_port

REPOSITORY = Path(__file__).parents[2]
QUICK = (
    "neighbourhoods={num_walks: 20, size: 6}",
    "model.hidden_dim=16",
    "model.dim=16",
    "model.negatives=64",
    "training={epochs: 3, windows: 2, batch_size: 512}",
    "evaluation.baselines=[popular]",
    "projection.method=pca",
)
"""A run of seconds, once workers are up."""


@dataclass(frozen=True)
class Finished:
    """A job that ended.

    Attributes:
        ok: Whether it succeeded.
        log: What it wrote.
    """

    ok: bool
    log: str

    @property
    def digests(self) -> dict[str, str]:
        """Stage to the first letters of its digest."""
        return dict(re.findall(r"^(\w+) [0-9a-f]{12} ([0-9a-f]{12})$", self.log, flags=re.M))

    def nodes_of(self, work: str) -> int:
        """Return on how many machines the tasks of one kind of work ran, at most."""
        return max(int(one) for one in re.findall(rf"  {work}: \d+ tasks on (\d+) nodes", self.log))


@dataclass(frozen=True)
class RunningCluster:
    """Where jobs are submitted.

    Attributes:
        address: Of the jobs' server.
        environment: Of whoever talks to it.
    """

    address: str
    environment: Mapping[str, str]

    def submit(self, job: str, settings: Sequence[str], env_vars: Mapping[str, str] | None = None) -> Finished:
        """Submit ``jobs/<job>.py`` with the command users type, and wait for its end."""
        options = [part for one in settings for part in ("--set", one)]
        entry = ["python", f"jobs/{job}.py", "--config", "configs/flutter.yaml", *options]
        return self.run(entry, env_vars)

    def run(self, entry: Sequence[str], env_vars: Mapping[str, str] | None = None) -> Finished:
        """Submit any command, and wait for its end."""
        runtime_env = json.dumps({"env_vars": {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2", **(env_vars or {})}})
        done = subprocess.run(
            [
                Path(sys.executable).with_name("ray"), "job", "submit", "--address", self.address,
                "--working-dir", ".", "--runtime-env-json", runtime_env, "--", *entry,
            ],
            cwd=REPOSITORY, env=dict(self.environment), capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        return Finished(done.returncode == 0, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr))


@contextmanager
def cluster(scratch: Path) -> Iterator[RunningCluster]:
    """Start a cluster, and stop it at the end of the block.

    Every machine has a temporary folder of its own: sharing one, they would unpack a job's files over each other.
    """
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{before['PATH']}"  # jobs run `python`
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    memory: dict[str, Any] = {"object_store_memory": 200 * 2**20}
    port = free_port()
    running: Any = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": True, "dashboard_port": port, **memory},
    )
    try:
        for number in range(2):
            running.add_node(num_cpus=1, temp_dir=str(scratch / f"m{number}"), **memory)
        yield RunningCluster(f"http://127.0.0.1:{port}", dict(os.environ))
    finally:
        running.shutdown()
        os.environ.clear()
        os.environ |= before
