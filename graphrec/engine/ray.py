"""The engine of a Ray cluster: tasks over partitions, Ray Data over rows, Ray Train over gradients.

The only door to Ray's core, Data and Train. Shared values are put into the object store once: every task of a machine
maps the same copy. Tasks and actors that die with their process are started again by Ray; what a task computes derives
from its part alone, so that a second try gives the same bytes.
"""

import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from graphrec.engine.config import RuntimeConfig
from graphrec.engine.device import find_device
from graphrec.engine.engine import OnDone, Worker, spans
from graphrec.engine.local import LocalEngine
from graphrec.errors import ConfigError, EngineError, GraphrecError
from graphrec.store.failpoint import failpoint

logger = logging.getLogger(__name__)

Part = TypeVar("Part")
Result = TypeVar("Result")
MAX_RETRIES = 5
"""How often a task or a training is started again after its process died."""
NODE = "__node__"


class RayEngine:
    """Runs the three verbs on a cluster.

    Args:
        config: Number of workers and partitions.

    Attributes:
        workers: One-CPU actors and training workers.
        counts: Name of the work to node id to tasks done there.
        device: ``cpu``: tasks have CPUs alone.
        worker_device: ``cuda`` where the cluster has GPUs for training workers and encoders.

    Raises:
        ConfigError: If GPUs are asked for that the cluster does not have.
    """

    device = "cpu"

    def __init__(self, config: RuntimeConfig) -> None:
        self.workers = config.workers
        self._gpus = _gpus_for(config)
        self.worker_device = "cuda" if self._gpus else "cpu"
        self.counts: dict[str, Counter[str]] = {}
        self._config = config
        self._gauges: dict[str, Any] = {}

    @classmethod
    def connect(cls, config: RuntimeConfig) -> "RayEngine":
        """Join the cluster that ``config`` names, or the one this job runs on.

        Raises:
            EngineError: If ray is not installed, or the cluster does not answer.
        """
        try:
            import ray
        except ModuleNotFoundError as error:
            raise EngineError(
                "runtime.engine must find ray installed (got none); pip install 'graphrec[ray]'"
            ) from error
        if not ray.is_initialized():
            address = config.address or os.environ.get("RAY_ADDRESS")
            _reachable(address)
            try:
                ray.init(address=address, configure_logging=False, include_dashboard=False if address is None else None)
            except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
                raise _unreachable(address, error) from error
        return cls(config)

    def observe(self, metric: str, value: float, **tags: str) -> None:
        """Show a figure in Ray's dashboard and its Prometheus endpoint, as ``ray_graphrec_<metric>``."""
        from ray.util.metrics import Gauge

        if metric not in self._gauges:
            self._gauges[metric] = Gauge(f"graphrec_{metric}", metric.replace("_", " "), tag_keys=tuple(tags))
        self._gauges[metric].set(value, tags)

    def share(self, value: Any) -> Any:
        """Put ``value`` into the object store, once per machine that reads it."""
        import ray

        return value if isinstance(value, ray.ObjectRef) else ray.put(value)

    def parts(self, num_rows: int, size: int) -> list[tuple[int, int]]:
        """Return spans for every worker to have some; ``runtime.partitions`` where it is given."""
        share = -(-num_rows // (2 * self.workers))
        return spans(num_rows, max(1, min(size, share)), self._config.partitions)

    def map_parts(
        self, task: Callable[..., Result], parts: Sequence[Part], *shared: Any, name: str, on_done: OnDone | None = None
    ) -> list[Result]:
        """Run one task per part; see :meth:`graphrec.engine.Engine.map_parts`."""
        import ray

        refs = [self.share(one) for one in shared]
        remote = ray.remote(num_cpus=1, max_retries=MAX_RETRIES)(_run_part).options(name=name)
        with _told():
            number_of = {remote.remote(name, task, part, *refs): number for number, part in enumerate(parts)}
            results: dict[int, Result] = {}
            pending = list(number_of)
            while pending:
                done, pending = ray.wait(pending, num_returns=1)
                node, results[number_of[done[0]]] = ray.get(done[0])
                self._count(name, node)
                if on_done is not None:
                    on_done(len(results), len(parts))
        return [results[number] for number in range(len(parts))]

    def map_batches(
        self,
        make: Callable[..., Worker],
        rows: pl.DataFrame,
        *shared: Any,
        name: str,
        batch_size: int,
        on_device: bool = False,
    ) -> Iterator[pl.DataFrame]:
        """Stream batches through a pool of actors; see :meth:`graphrec.engine.Engine.map_batches`."""
        import ray

        if not len(rows):
            return
        data: Any = ray.data
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = True
        on_gpu = on_device and self._gpus > 0
        workers = min(self.workers, self._gpus) if on_gpu else self.workers
        size = max(1, min(batch_size, -(-len(rows) // (2 * workers))))
        blocks = [one.to_arrow() for one in rows.iter_slices(size)]
        pool = data.ActorPoolStrategy(size=min(workers, len(blocks)))
        dataset = data.from_arrow(blocks).map_batches(
            _BatchWorker, fn_constructor_args=(name, make, [self.share(one) for one in shared]),
            batch_size=size if on_gpu else None,  # a block either way: Ray asks for it where there is a GPU
            batch_format="pyarrow", compute=pool, **({"num_gpus": 1} if on_gpu else {"num_cpus": 1}),
        )  # fmt: skip
        with _told():
            for batch in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
                frame = pl.DataFrame(pl.from_arrow(batch))
                self._count(name, frame[NODE][0])
                yield frame.drop(NODE)

    def train(
        self,
        loop: Callable[..., None],
        *shared: Any,
        folder: Path,
        on_report: Callable[[dict[str, float]], None],
    ) -> Path:
        """Train data-parallel with Ray Train; see :meth:`graphrec.engine.Engine.train`."""
        if not self._config.training_workers:
            here = LocalEngine(self.workers, find_device(self._config.device))
            return here.train(loop, *shared, folder=folder, on_report=on_report)
        from graphrec.engine.ray_train import fit

        number, on_gpu = self._config.training_workers, self.worker_device == "cuda"
        with _told():
            newest, nodes = fit(loop, [self.share(one) for one in shared], number, folder, on_gpu=on_gpu)
        for node in nodes:
            self._count("training", node)
        return newest

    def _count(self, name: str, node: str) -> None:
        self.counts.setdefault(name, Counter())[node] += 1


def _gpus_for(config: RuntimeConfig) -> int:
    """Return how many GPUs of the cluster are used; 0: its workers compute on CPUs.

    Raises:
        ConfigError: If GPUs are asked for that the cluster does not have.
    """
    import ray

    cluster: Any = ray
    there = 0 if config.device == "cpu" else int(cluster.cluster_resources().get("GPU", 0))
    needed = max(1, config.training_workers)
    if there >= needed:
        return there
    if config.device == "cuda":
        raise ConfigError(
            f"runtime.device must find a GPU for every training worker (got {there} in the cluster for {needed}); "
            "lower runtime.training_workers, add nodes, or take runtime.device=auto"
        )
    return 0


def _run_part(name: str, task: Callable[..., Result], part: Part, *shared: Any) -> tuple[str, Result]:
    """Run one part in a worker process, on the one core it was given."""
    import ray

    one_thread()
    failpoint(f"task.{name}")
    return ray.get_runtime_context().get_node_id(), task(part, *shared)


class _BatchWorker:
    """An actor of Ray Data: prepared once, then given batches."""

    def __init__(self, name: str, make: Callable[..., Worker], shared: list[Any]) -> None:
        import ray

        one_thread()
        self._name = name
        self._worker = make(*ray.get(shared))
        self._node = ray.get_runtime_context().get_node_id()

    def __call__(self, batch: Any) -> Any:
        """Return what the worker makes of one block, as arrow."""
        failpoint(f"batch.{self._name}")
        answer = self._worker(pl.DataFrame(pl.from_arrow(batch)))
        return answer.with_columns(pl.lit(self._node).alias(NODE)).to_arrow()


def one_thread() -> None:
    """Hold compiled loops and matrix products to the one CPU that Ray gave this process."""
    import numba
    import torch

    numba.set_num_threads(1)
    torch.set_num_threads(1)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what Ray wraps around a failure into one line of ours; a fault in our own code keeps its traceback."""
    from ray import exceptions

    try:
        yield
    except exceptions.RayError as error:
        cause = _cause(error)
        if isinstance(cause, GraphrecError):
            raise cause from None
        if isinstance(cause, ModuleNotFoundError):
            raise EngineError(
                f"every worker must have the package {cause.name!r} (got none on one of them); install it there or "
                "name it in the job's runtime_env (pip: [...])"
            ) from error
        if isinstance(error, exceptions.RayTaskError):
            raise
        first = str(error).strip().splitlines()[0]
        raise EngineError(f"the cluster must finish what it was given (got {first}); submit again to go on") from error


def _cause(error: BaseException) -> BaseException:
    """Return what was raised in the worker, below everything Ray put around it."""
    while True:
        inner = getattr(error, "cause", None) or error.__cause__
        if not isinstance(inner, BaseException) or inner is error:
            return error
        error = inner


def _reachable(address: str | None) -> None:
    """Knock before Ray does: its own client waits for minutes.

    Raises:
        EngineError: If nobody listens at ``address``.
    """
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str | None, error: Exception) -> EngineError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return EngineError(
        f"runtime.address must be that of a running cluster (got {address!r}: {reason}); start one with "
        "`ray start --head`, or take runtime.engine=local"
    )
