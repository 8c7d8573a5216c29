"""Where work runs: three verbs, on this machine or on a Ray cluster."""

from graphrec.engine.config import RuntimeConfig
from graphrec.engine.device import find_device
from graphrec.engine.engine import Engine, OnDone, Team, Worker, spans
from graphrec.engine.local import LOCAL, Alone, LocalEngine

__all__ = [
    "LOCAL",
    "Alone",
    "Engine",
    "LocalEngine",
    "OnDone",
    "RuntimeConfig",
    "Team",
    "Worker",
    "open_engine",
    "spans",
]


def open_engine(config: RuntimeConfig) -> Engine:
    """Return the engine that ``config`` names; ray is imported only for ``engine: ray``.

    Raises:
        ConfigError: If a GPU is asked for where there is none.
        EngineError: If ray is not installed or the cluster does not answer.
    """
    if config.engine == "local":
        return LocalEngine(config.workers, find_device(config.device))
    from graphrec.engine.ray import RayEngine

    return RayEngine.connect(config)
