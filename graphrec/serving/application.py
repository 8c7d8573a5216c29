"""The ASGI application."""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from graphrec.serving.config import ServingConfig
from graphrec.serving.endpoint import Endpoint, request_id_of
from graphrec.serving.explorer.files import page_routes
from graphrec.serving.messages import PROBLEM
from graphrec.serving.openapi import described, page
from graphrec.serving.problems import Problem
from graphrec.serving.routes import ROUTES
from graphrec.serving.service import THREADS, Service
from graphrec.serving.threads import started


def create_app(config: ServingConfig) -> Starlette:
    """Return the application; the version opens when it starts, and it is followed until it stops.

    Args:
        config: Settings.

    Raises:
        ConfigError: If it would listen to others without tokens, or the tokens cannot be read.
        StateError: If the state cannot be opened.
    """
    service = Service.build(config)
    endpoints = [(spec, Endpoint(spec, service)) for spec in ROUTES]
    remembering = next(endpoint for spec, endpoint in endpoints if spec.remember)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(started(THREADS))
        await asyncio.to_thread(service.current.open)
        gc.collect()
        gc.freeze()  # a collection that looks through all that stays stops answers for a tenth of a second
        follower = asyncio.create_task(service.current.follow(remembering.rehearse))
        yield
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower
        service.state.close()

    register_url_convertor("id", _AnyId())
    routes = [Route(spec.path, endpoint, methods=[spec.method]) for spec, endpoint in endpoints]
    if config.shows_docs:
        routes += [Route("/openapi.json", _openapi), Route("/docs", _docs)]
    handlers = {HTTPException: _no_route}
    app = _Application(routes=[*routes, *page_routes()], lifespan=lifespan, exception_handlers=handlers)
    app.straight = {(spec.method, spec.path): endpoint for spec, endpoint in endpoints if "{" not in spec.path}
    app.router.redirect_slashes = False  # a path is what it says, or unknown
    return app


class _Application(Starlette):
    """Hands what is asked under a fixed path straight to its endpoint.

    Patterns and middleware take a fifth of the time of a remembered answer, and an endpoint answers whatever happens.

    Attributes:
        straight: Method and path to endpoint.
    """

    straight: Mapping[tuple[str, str], Endpoint] = MappingProxyType({})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        endpoint = None
        if scope["type"] == "http" and not scope.get("root_path"):
            endpoint = self.straight.get((scope["method"], scope["path"]))
        await (endpoint or super().__call__)(scope, receive, send)


class _AnyId(Convertor[str]):
    """Fits any id, line breaks among it, which no other convertor of Starlette does."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """Return the id as it stands in the decoded path."""
        return value

    def to_string(self, value: str) -> str:
        """Return the same."""
        return value


async def _openapi(request: Request) -> Response:
    return JSONResponse(described())


async def _docs(request: Request) -> Response:
    return HTMLResponse(page())


async def _no_route(request: Request, error: Exception) -> Response:
    """Answer where no route fits, in the form of all other problems."""
    assert isinstance(error, HTTPException)
    request_id = request_id_of(dict(request.scope["headers"])).decode()
    told = Problem(error.status_code, error.detail.lower()).body(request_id)
    headers = {**(error.headers or {}), "X-Request-Id": request_id}
    return JSONResponse(told, error.status_code, headers, media_type=PROBLEM)
