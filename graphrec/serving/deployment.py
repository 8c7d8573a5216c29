"""The same application on a Ray cluster: ``serve run graphrec.serving:app store=/shared/store …``."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ray
from ray import serve
from ray.serve.config import BackpressureConfig
from ray.serve.schema import LoggingConfig
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphrec.errors import ConfigError
from graphrec.serving.config import COUNTS, ServingConfig
from graphrec.serving.tokens import VARIABLE, Tokens

NAME = "graphrec"
ONGOING = 100
"""Requests that a replica is handed at once, fewer than it keeps waiting itself; Ray refuses what is too much."""
OPTIONS: dict[str, Any] = {
    "max_ongoing_requests": ONGOING,
    "max_queued_requests": 2 * ONGOING,
    "backpressure_config": BackpressureConfig(status_code=503, retry_after_s=1),
    "max_surge_percent": 100,
    "graceful_shutdown_timeout_s": 30,
    "logging_config": LoggingConfig(enable_access_log=False),
}
"""Of the deployment, where a Serve config says nothing else. How many replicas is left to the config: beside
``num_replicas="auto"`` here, Ray 2.60 passes over the number that stands there."""
RAYS = {"host": "http_options.host", "port": "http_options.port", "workers": "num_replicas"}
"""Settings that a Serve config has other names for."""
UNGUARDED = "tokens must be given on a cluster (got none); write `scope token` lines and name the file"


def app(args: ServingConfig) -> serve.Application:
    """Return the Serve application.

    Replicas come and go with the load; a new roll-out starts beside the old one. They share the state through its file,
    so they have to run on the machine that holds it.

    Args:
        args: Settings, as ``serve run`` and a Serve config give them; ``docs`` are closed unless they say otherwise.

    Raises:
        ConfigError: If a setting is Ray's, a path is relative, or no tokens are named: a replica does not know who
            reaches the proxy. Files are read where replicas run, not on the node where this does.
    """
    _check(args)
    settings = args.model_dump(mode="json") | {"docs": bool(args.docs)}
    return serve.deployment(name=NAME, **OPTIONS)(serve.ingress()(Replica)).bind(settings)


def _check(args: ServingConfig) -> None:
    """Refuse what would be passed over or not found."""
    for name, whose in RAYS.items():
        if name in args.model_fields_set:
            raise ConfigError(f"{name} must be left to Ray on a cluster (got {getattr(args, name)!r}); set {whose}")
    for name in ("store", "state", "tokens"):
        place = getattr(args, name)
        if place is not None and "://" not in place and not Path(place).is_absolute():
            raise ConfigError(
                f"{name} must be an absolute path on a cluster (got {place!r}): replicas run elsewhere; give "
                f"{name}={Path(place).absolute()}"
            )
    if args.tokens is None and not os.environ.get(VARIABLE):
        raise ConfigError(UNGUARDED)


class Replica:
    """One replica.

    Args:
        settings: A :class:`ServingConfig` as plain values.

    Raises:
        ConfigError: If there are no tokens here, or they cannot be read.
    """

    def __init__(self, settings: dict[str, object]) -> None:
        self._config = ServingConfig.parse(settings)
        if not Tokens.load(self._config.tokens).held:
            raise ConfigError(UNGUARDED)

    def __serve_build_asgi_app__(self) -> ASGIApp:
        """Return the application, on the machine where the replica runs."""
        os.environ[COUNTS] = str(_counts())
        # only now, for they import prometheus_client
        from graphrec.serving.application import create_app
        from graphrec.serving.logs import write_json_lines

        write_json_lines()
        return UnnamedAnswers(create_app(self._config))


class UnnamedAnswers:
    """Takes ``x-request-id`` off the answers: Ray names the request, and adds its name to every answer itself.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""

        async def unnamed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [one for one in message["headers"] if one[0].lower() != b"x-request-id"]
            await send(message)

        await self._app(scope, receive, unnamed)


def _counts() -> Path:
    """Return the folder through which the replicas of one application add up their counts, as long as Ray runs."""
    context = ray.get_runtime_context()
    name = f"graphrec-metrics-{quote(serve.get_replica_context().app_name, safe='')}"
    folder = Path(context.get_temp_dir()) / context.get_session_name() / name
    folder.mkdir(exist_ok=True)
    return folder
