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
    answer = b"x" * int(os.environ[SIZE])

    async def answered(request: Request) -> Response:
        json.loads(await request.body())
        return Response(answer, media_type="application/json")

    return Starlette(routes=[Route("/v1/recommend", answered, methods=["POST"])])
