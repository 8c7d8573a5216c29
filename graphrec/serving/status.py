"""Routes about the service itself."""

from typing import Any

from pydantic_core import to_json

from graphrec import __version__
from graphrec.serving.endpoint import Asked, Sent
from graphrec.serving.service import Service


def health(service: Service) -> dict[str, Any]:
    """Whether the process lives."""
    return {"status": "ok"}


def ready(service: Service) -> Sent:
    """Whether a version answers; names of versions that were refused."""
    served = service.current.served
    told = {
        "ready": served is not None,
        "version": None if served is None else served.version,
        "refused": sorted(service.current.refused),
    }
    return Sent(to_json(told), status=200 if served is not None else 503)


def metrics(service: Service) -> Sent:
    """Counts and durations for Prometheus."""
    service.metrics.waiting.set(sum(gate.waiting for gate in service.gates.values()))
    return Sent(*service.metrics.text())


def version(asked: Asked) -> dict[str, Any]:
    """Which version answers, and what it holds."""
    bundle = asked.served.retriever.bundle
    settings = bundle.settings
    return {
        "version": asked.served.version,
        "graphrec": __version__,
        "as_of_s": settings.as_of_s,
        "users": len(bundle.ids[settings.user_type]),
        "flits": len(bundle.ids[settings.flit_type]),
    }
