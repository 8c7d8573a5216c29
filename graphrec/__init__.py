"""graphrec: interaction logs in, explained recommendations out.

What stands in ``__all__`` is loaded when it is first used, so that importing graphrec takes milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrec import simulate
    from graphrec.api import embeddings, open_evaluation, open_graph
    from graphrec.config import load_config
    from graphrec.formats import export
    from graphrec.pipeline.run import run
    from graphrec.retrieval.newest import Action
    from graphrec.retrieval.request import Request
    from graphrec.retrieval.retriever import Retriever
    from graphrec.serving.client import Client

__version__ = "0.1.0"
__all__ = [
    "Action",
    "Client",
    "Request",
    "Retriever",
    "__version__",
    "embeddings",
    "export",
    "load_config",
    "open_evaluation",
    "open_graph",
    "run",
    "simulate",
]

_HOMES = {
    "Action": "graphrec.retrieval.newest",
    "Client": "graphrec.serving.client",
    "Request": "graphrec.retrieval.request",
    "Retriever": "graphrec.retrieval.retriever",
    "embeddings": "graphrec.api",
    "export": "graphrec.formats",
    "open_evaluation": "graphrec.api",
    "open_graph": "graphrec.api",
    "load_config": "graphrec.config",
    "run": "graphrec.pipeline",
}


def __getattr__(name: str) -> Any:
    if name == "simulate":  # the room itself: an import of it binds the same name, so nothing else may stand here
        return import_module("graphrec.simulate")
    if name not in _HOMES:
        raise AttributeError(f"module 'graphrec' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
