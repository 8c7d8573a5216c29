"""Bodies, read piece by piece: what is too long or too slow is refused before it is in memory."""

import asyncio
from collections.abc import Mapping

from starlette.types import Receive

from graphrec.serving.problems import Problem


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], most: int, timeout_s: float) -> bytes:
    """Return a request's body.

    Args:
        receive: The ASGI channel.
        headers: Of the request; a ``content-length`` above the limit is refused before anything is read.
        most: Longest body, bytes, whatever its headers say.
        timeout_s: Seconds it may take to arrive.

    Raises:
        Problem: 413 if it is longer, 408 if it is slower, 400 if the caller went away.
    """
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > most:
        raise _too_long(most)
    message = await receive()  # mostly the whole body, and there already
    if message["type"] == "http.request" and not message.get("more_body"):
        return _within(message.get("body", b""), most)
    try:
        async with asyncio.timeout(timeout_s):
            return await _rest(receive, message, most)
    except TimeoutError:
        raise Problem(408, "the body took too long to arrive", headers={"Connection": "close"}) from None


async def _rest(receive: Receive, message: Mapping[str, object], most: int) -> bytes:
    body = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise Problem(400, "the caller went away")
        part = message.get("body", b"")
        assert isinstance(part, bytes)
        body += part
        _within(body, most)
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()


def _within(body: bytes | bytearray, most: int) -> bytes:
    if len(body) > most:
        raise _too_long(most)
    return bytes(body)


def _too_long(most: int) -> Problem:
    return Problem(413, f"the body must be at most {most} bytes", headers={"Connection": "close"})
