"""The service on this machine: uvicorn, in this process or in several."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from graphrec.serving.application import create_app
from graphrec.serving.config import COUNTS, ServingConfig, check_guarded
from graphrec.serving.logs import write_json_lines
from graphrec.serving.protocol import BoundedProtocol
from graphrec.serving.tokens import Tokens
from graphrec.state import SqliteState
from graphrec.store import Store

SETTINGS = "GRAPHREC_SERVING"
"""Holds the settings for the workers."""


def run(config: ServingConfig) -> None:
    """Serve until stopped.

    Args:
        config: Settings.

    Raises:
        ConfigError: If it would listen to others without tokens.
        ArtifactError: If the store holds no such version.
        StateError: If the state cannot be opened.
    """
    check_guarded(config, bool(Tokens.load(config.tokens).held))
    Store(config.store).resolve(config.version)
    SqliteState(config.state_path).close()
    os.environ[SETTINGS] = config.model_dump_json()
    with _counts(config.workers):
        uvicorn.run(
            "graphrec.serving.run:worker", factory=True, host=config.host, port=config.port, workers=config.workers,
            http=BoundedProtocol, log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=30,
        )  # fmt: skip


@contextmanager
def _counts(workers: int) -> Iterator[None]:
    """Keep a folder through which workers add up their counts; one alone, which a signal ends at once, needs none."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="graphrec-metrics-") as folder:
        os.environ[COUNTS] = folder
        yield


def worker() -> Starlette:
    """Return the application of one worker, by the settings of its environment."""
    write_json_lines()
    return create_app(ServingConfig.model_validate_json(os.environ[SETTINGS]))
