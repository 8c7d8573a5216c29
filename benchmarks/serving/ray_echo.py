"""The echo as a Ray Serve deployment with the service's own options: ``serve run benchmarks.serving.ray_echo:app``."""

from ray import serve
from starlette.applications import Starlette

from benchmarks.echo import echo_of
from graphrec.serving.deployment import NAME, OPTIONS


def app(args: dict[str, int]) -> serve.Application:
    """Return the Serve application.

    Args:
        args: ``size``: bytes of an answer.
    """
    return serve.deployment(name=NAME, **OPTIONS)(serve.ingress()(Echo)).bind(int(args["size"]))


class Echo:
    """One replica.

    Args:
        size: Bytes of an answer.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    def __serve_build_asgi_app__(self) -> Starlette:
        """Return the application."""
        return echo_of(self._size)
