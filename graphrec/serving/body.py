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
    if _arrived(receive):
        return await _joined(receive, most)
    try:
        async with asyncio.timeout(timeout_s):
            return await _joined(receive, most)
    except TimeoutError:
        raise Problem(408, "the body took too long to arrive", headers={"Connection": "close"}) from None


def _arrived(receive: Receive) -> bool:
    """Return whether a body is there whole, as uvicorn tells: then there is nothing to set a clock for."""
    return getattr(getattr(receive, "__self__", None), "more_body", True) is False


async def _joined(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    left = most
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the caller went away")
        parts.append(message.get("body", b""))
        left -= len(parts[-1])
        if left < 0:
            raise _too_long(most)
        if not message.get("more_body"):
            return b"".join(parts)


def _too_long(most: int) -> Problem:
    return Problem(413, f"the body must be at most {most} bytes", headers={"Connection": "close"})
