"""The same application on a Ray cluster: ``serve run graphrec.serving:app store=/shared/store …``."""

from ray import serve
from starlette.applications import Starlette

from graphrec.errors import ConfigError
from graphrec.serving.application import create_app
from graphrec.serving.config import ServingConfig
from graphrec.serving.logs import write_json_lines
from graphrec.serving.tokens import Tokens

ONGOING = 100
"""Requests that a replica is handed at once; its own gate refuses what it cannot keep waiting."""


def app(args: ServingConfig) -> serve.Application:
    """Return the Serve application.

    Replicas come and go with the load; a new roll-out starts beside the old one. They share the state through its file,
    so they have to run on the machine that holds it.

    Args:
        args: Settings, as ``serve run`` and a Serve config give them; ``host``, ``port`` and ``workers`` are Ray's.

    Raises:
        ConfigError: If there are no tokens: a replica does not know who reaches the proxy.
    """
    if not Tokens.load(args.tokens).held:
        raise ConfigError("tokens must be given on a cluster (got none); write `scope token` lines and name the file")
    deployment = serve.deployment(
        name="graphrec", num_replicas="auto", max_ongoing_requests=ONGOING, max_queued_requests=10 * ONGOING,
        max_surge_percent=100, graceful_shutdown_timeout_s=30,
    )(serve.ingress()(Replica))  # fmt: skip
    return deployment.bind(args.model_dump(mode="json"))


class Replica:
    """One replica.

    Args:
        settings: A :class:`ServingConfig` as plain values.
    """

    def __init__(self, settings: dict[str, object]) -> None:
        self._config = ServingConfig.parse(settings)

    def __serve_build_asgi_app__(self) -> Starlette:
        """Return the application, on the machine where the replica runs."""
        write_json_lines()
        return create_app(self._config)
