"""The floor: an ASGI application of the same framework that reads JSON and answers so many bytes."""

import json
import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SIZE = "GRAPHREC_ECHO_BYTES"


def echo() -> Starlette:
    """Return the application, for uvicorn's ``factory``."""
    return echo_of(int(os.environ[SIZE]))


def echo_of(size: int) -> Starlette:
    """Return the application that answers so many bytes."""
    answer = b"x" * size

    async def answered(request: Request) -> Response:
        json.loads(await request.body())
        return Response(answer, media_type="application/json")

    async def ready(request: Request) -> Response:
        return Response()

    return Starlette(routes=[Route("/v1/recommend", answered, methods=["POST"]), Route("/readyz", ready)])
