"""The service: one ASGI application over a version of a store and the state of its users."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrec.serving.deployment import app

__all__ = ["app"]


def __getattr__(name: str) -> Any:
    """Load what ``serve run graphrec.serving:app`` asks for; nothing else needs Ray."""
    if name != "app":
        raise AttributeError(f"module 'graphrec.serving' has no attribute {name!r}")
    from graphrec.serving.deployment import app

    return app
