"""Data-parallel training through Ray Train: every worker draws the same batches and takes its share of the pairs."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed

from graphrec.engine.local import FILE
from graphrec.store.failpoint import failpoint

MAX_FAILURES = 5
"""How often the workers are started again after one of them died."""


class RayTeam:
    """The workers of one Ray Train run, as the training loop sees them."""

    def __init__(self) -> None:
        from ray import train
        from ray.train.torch import get_device

        self._train: Any = train
        self.device = str(get_device())
        context = train.get_context()
        self.rank = int(context.get_world_rank())
        self.size = int(context.get_world_size())
        self._nodes = self._gather_nodes()

    def average(self, gradients: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over the workers: one message for all of them."""
        flat = torch.cat([one.reshape(-1) for one in gradients])
        distributed.all_reduce(flat)
        flat /= self.size
        start = 0
        for one in gradients:
            one.copy_(flat[start : start + one.numel()].view_as(one))
            start += one.numel()

    def resume(self) -> Path | None:
        """Return the newest checkpoint that was reported under this run's name."""
        checkpoint = self._train.get_checkpoint()
        if checkpoint is None:
            return None
        with checkpoint.as_directory() as folder:  # gone after the block where storage is remote
            copy = Path(tempfile.mkdtemp()) / FILE
            copy.write_bytes((Path(folder) / FILE).read_bytes())
        return copy

    def report(self, entry: Mapping[str, float], save: Callable[[Path], None]) -> None:
        """Keep the first worker's checkpoint and tell of progress."""
        metrics = {**entry, "nodes": self._nodes}
        if self.rank == 0:
            show_gauges("training", entry)
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = None
            if self.rank == 0:
                save(Path(folder) / FILE)
                checkpoint = self._train.Checkpoint.from_directory(folder)
            self._train.report(metrics, checkpoint=checkpoint)
        if self.rank == 0:
            failpoint("training.reported")

    def _gather_nodes(self) -> list[str]:
        """Return the node that each worker runs on."""
        import ray

        nodes: list[str] = [""] * self.size
        distributed.all_gather_object(nodes, ray.get_runtime_context().get_node_id())
        return nodes


def fit(
    loop: Callable[..., None], shared: list[Any], workers: int, folder: Path, *, on_gpu: bool = False
) -> tuple[Path, list[str]]:
    """Run ``loop(team, *shared)`` on ``workers`` workers.

    Args:
        loop: The training loop.
        shared: References to its arguments in the object store.
        workers: Number of one-CPU workers.
        folder: Where checkpoints are kept, within reach of every worker: the same folder goes on from the newest.
        on_gpu: Whether each takes a GPU, too.

    Returns:
        The newest checkpoint file, and the node of each worker.
    """
    from ray import train
    from ray.train.torch import TorchTrainer

    config = train.RunConfig(
        name=folder.name,
        storage_path=str(folder.parent.absolute()),
        failure_config=train.FailureConfig(max_failures=MAX_FAILURES),
        checkpoint_config=train.CheckpointConfig(num_to_keep=1),
    )
    needs = {"CPU": 1, "GPU": 1} if on_gpu else {"CPU": 1}
    trainer: Any = TorchTrainer(
        _train_worker,
        train_loop_config={"loop": loop, "shared": shared},
        scaling_config=train.ScalingConfig(num_workers=workers, use_gpu=on_gpu, resources_per_worker=needs),
        run_config=config,
    )
    result = trainer.fit()
    return Path(result.checkpoint.path) / FILE, list(result.metrics["nodes"])


def show_gauges(prefix: str, figures: Mapping[str, float]) -> None:
    """Show figures in Ray's dashboard, as ``ray_graphrec_<prefix>_<name>``."""
    from ray.util.metrics import Gauge

    for name, value in figures.items():
        Gauge(f"graphrec_{prefix}_{name}", f"{prefix}: {name}").set(value)


def _train_worker(config: dict[str, Any]) -> None:
    """Run the loop in one worker process."""
    import ray

    from graphrec.engine.ray import one_thread

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    one_thread()
    config["loop"](RayTeam(), *ray.get(config["shared"]))
