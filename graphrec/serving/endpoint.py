"""From a request to an answer: one way for all routes, so that none forgets the token, the limits or the metrics."""

import asyncio
import logging
import re
import secrets
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from graphrec.errors import DataError, GraphrecError, StateError, UnknownIdError
from graphrec.serving import tokens
from graphrec.serving.admission import admit
from graphrec.serving.body import read_body
from graphrec.serving.messages import PROBLEM, Message
from graphrec.serving.problems import Problem, busy, invalid
from graphrec.serving.served import Served
from graphrec.serving.service import Service

logger = logging.getLogger(__name__)
Where = Literal["loop", "thread", "write", "events", "open"]
"""Where a handler runs: on the loop one by one, on a thread, on the thread that writes, as a coroutine, or at once."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
JSON = "application/json"
USER = "{user:id}"
"""Segment of a path that names a user; the application says what an id may look like."""


@dataclass(frozen=True)
class Asked:
    """A request that was let in.

    Attributes:
        service: What all routes share.
        served: The version that answers it, and no other.
        message: Its body; ``None`` where the route takes none.
        user: The user that its path names; empty where it names none.
        digest: The sha256 that its path names; empty where it names none.
    """

    service: Service
    served: Served
    message: Any
    user: str
    digest: str = ""


@dataclass(frozen=True)
class Sent:
    """An answer as bytes; its headers go before the usual ones."""

    body: bytes
    kind: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[..., Any]
"""Takes :class:`Asked`; those of open routes, which need no version, take the service."""


@dataclass(frozen=True)
class Spec:
    """One route.

    Attributes:
        method: HTTP method.
        path: As Starlette writes it.
        scope: Token it needs.
        where: Where the handler runs.
        handler: Returns plain values, or :class:`Sent`.
        answer: Model of the answer, for the description.
        body: Model of the body; ``None``: no body.
        image: Whether the body may hold an image.
        remember: Whether equal bodies get the remembered answer, as long as nothing of its user has changed.
        listed: Returns the answer to a body where the version keeps it, else ``None``; it takes no turn.
    """

    method: str
    path: str
    scope: tokens.Scope
    where: Where
    handler: Handler
    answer: type[BaseModel] | None
    body: type[Message] | None = None
    image: bool = False
    remember: bool = False
    listed: Callable[[Service, Served, bytes], bytes | None] | None = None

    @property
    def shown(self) -> str:
        """The path as OpenAPI writes it."""
        return self.path.replace(USER, "{user}")

    @property
    def summary(self) -> str:
        """First sentence of the handler's docstring."""
        return " ".join((self.handler.__doc__ or "").split("\n\n")[0].split())


class Endpoint:
    """The ASGI application of one route.

    Args:
        spec: The route.
        service: What all routes share.
    """

    def __init__(self, spec: Spec, service: Service) -> None:
        self._spec, self._service = spec, service
        config = service.config
        self._most = 0 if spec.body is None else config.max_image_bytes if spec.image else config.max_body_bytes
        self._seconds = service.metrics.seconds.labels(spec.shown)
        self._requests = cache(partial(service.metrics.requests.labels, spec.shown))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        started = time.perf_counter()
        headers = dict(scope["headers"])
        request_id = request_id_of(headers)
        version, timing, extra = b"", b"", {}
        try:
            admit(headers, self._spec.scope, self._service.tokens)
            body = await read_body(receive, headers, self._most, self._service.config.timeout_s)
            if self._spec.where == "open":
                sent = _encoded(self._spec.handler(self._service))
            else:
                served = self._service.served()
                version = served.version.encode()
                sent, timing = await self._answered(served, body, scope)
                extra = dict(sent.headers)
        except Problem as problem:
            sent, extra = _refused(problem, request_id), problem.headers
        except GraphrecError as error:
            sent, extra = _failed(error, request_id)
        except Exception as error:
            self._log(error, request_id, version)
            sent = _refused(Problem(500, "the service failed; the log tells more under this request_id"), request_id)
        await _send(send, sent, request_id, version, timing, extra)
        self._requests(sent.status).inc()
        self._seconds.observe(time.perf_counter() - started)

    async def rehearse(self, served: Served, body: bytes) -> None:
        """Let a version answer a question that nobody asks now, in its turn, and remember the answer.

        Raises:
            Problem: If it is refused, or too many requests wait.
            GraphrecError: If the version cannot answer it.
        """
        if self._listed(served, body) is not None:
            return
        asked = Asked(self._service, served, self._message(body), "")
        async with self._service.gates[self._spec.where].turn():
            await self._run(asked, body)

    async def _answered(self, served: Served, body: bytes, scope: Scope) -> tuple[Sent, bytes]:
        if self._spec.remember:
            asker = served.remembered.asker(body)
            kept = None if asker is None else served.remembered.get(body, self._service.looks.of(asker))
            if kept is not None:
                self._service.metrics.remembered.inc()
                return Sent(kept), b"remembered"
        kept = self._listed(served, body)
        if kept is not None:
            self._service.metrics.listed.inc()
            return Sent(kept), b"listed"
        digest = scope.get("path_params", {}).get("digest", "")
        asked = Asked(self._service, served, self._message(body), _user(scope, self._spec.path), digest)
        async with self._service.gates[self._spec.where].turn() as waited:
            begun = time.perf_counter()
            sent = await self._run(asked, body)
            took = time.perf_counter() - begun
        return sent, f"wait;dur={1000 * waited:.2f}, answer;dur={1000 * took:.2f}".encode()

    def _listed(self, served: Served, body: bytes) -> bytes | None:
        return None if self._spec.listed is None else self._spec.listed(self._service, served, body)

    async def _run(self, asked: Asked, body: bytes) -> Sent:
        """Run the handler where it belongs."""
        if self._spec.where == "events":
            return _encoded(await self._spec.handler(asked))
        if self._spec.where != "loop":
            return _encoded(await asyncio.to_thread(self._spec.handler, asked))
        if not self._spec.remember:
            return _encoded(self._spec.handler(asked))
        user = asked.message.user
        known = self._service.state.of(user)
        sent = _encoded(self._spec.handler(asked))
        if asked.message.kind is None:  # who stands among accounts may ask to be forgotten: such answers are not kept
            asked.served.remembered.put(body, user, known, sent.body)
        return sent

    def _message(self, body: bytes) -> Message | None:
        model = self._spec.body
        if model is None:
            return None
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            raise invalid(error, model) from None

    def _log(self, error: Exception, request_id: bytes, version: bytes) -> None:
        """Note a failure: where it happened and its kind; its message may hold what was sent."""
        where = "".join(traceback.format_tb(error.__traceback__))
        told = {"request_id": request_id.decode(), "route": self._spec.shown, "version": version.decode()}
        logger.error("request failed", extra={**told, "error": type(error).__name__, "where": where})


def _encoded(value: Any) -> Sent:
    return value if isinstance(value, Sent) else Sent(to_json(value))


def _refused(problem: Problem, request_id: bytes) -> Sent:
    return Sent(to_json(problem.body(request_id.decode())), PROBLEM, problem.status)


def _failed(error: GraphrecError, request_id: bytes) -> tuple[Sent, dict[str, str]]:
    """Return the answer to an expected error, without what it quotes of the request."""
    if isinstance(error, StateError):
        problem = busy("what users did cannot be read or kept now; nothing of this request was acknowledged")
        logger.error("state failed", extra={"request_id": request_id.decode(), "error": str(error.__cause__)})
    elif isinstance(error, UnknownIdError):
        problem = Problem(404, "an id is not known to the version that answers")
    elif isinstance(error, DataError):
        problem = Problem(422, "the content cannot be read")
    else:
        problem = Problem(422, re.sub(r" \(got .*\)", "", str(error), flags=re.DOTALL)[:500])
    return _refused(problem, request_id), problem.headers


def request_id_of(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the caller's own request id where it is a plain word, else a new one."""
    given = headers.get(b"x-request-id", b"")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8).encode()


def _user(scope: Scope, path: str) -> str:
    """Return the user that a path names.

    It is read from the path as it was sent: in the decoded one, on which routes are matched, an id with a slash looks
    like two segments.
    """
    segments = path.split("/")
    if USER not in segments:
        return ""
    behind = segments[segments.index(USER) + 1 :]
    sent = scope["raw_path"].decode("ascii").split("/")
    at = len(sent) - len(behind) - 1
    if sent[at + 1 :] != behind or sent[at - 1] != "users":
        raise Problem(404, "not found")
    try:
        return unquote(sent[at], errors="strict")
    except UnicodeDecodeError:
        raise Problem(422, "a user id must be UTF-8") from None


async def _send(
    send: Send, sent: Sent, request_id: bytes, version: bytes, timing: bytes, extra: dict[str, str]
) -> None:
    headers = [
        (b"content-type", sent.kind.encode()),
        (b"content-length", str(len(sent.body)).encode()),
        (b"x-request-id", request_id),
        (b"x-graphrec-version", version),
        (b"server-timing", timing),
        *((name.lower().encode(), value.encode()) for name, value in ({"Cache-Control": "no-store"} | extra).items()),
    ]
    await send({"type": "http.response.start", "status": sent.status, "headers": headers})
    await send({"type": "http.response.body", "body": sent.body})
