"""One connection that asks, and says what came back whatever that is; it never sends anything twice."""

import asyncio
import json
from dataclasses import dataclass

from benchmarks.load import body_length, request

END = b"\r\n\r\n"


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        status: HTTP status; 0 where the connection broke, or nothing came for long.
        head: Status line and headers, in lower case.
        body: The rest.
    """

    status: int
    head: bytes = b""
    body: bytes = b""


LOST = Reply(0)
PATIENCE_S = 30.0
"""How long an answer may take before it counts as lost."""


def question(path: str, body: object, method: str = "POST") -> bytes:
    """Return a request with a JSON body as bytes."""
    return request(path, json.dumps(body).encode(), method)


class Caller(asyncio.Protocol):
    """A plain client: one connection, kept open, opened anew for the next request after it broke.

    Args:
        port: Of a server on this machine.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._buffer = b""

    async def ask(self, sent: bytes) -> Reply:
        """Send one request and return what came back."""
        loop = asyncio.get_running_loop()
        if self._transport is None:
            try:
                await loop.create_connection(lambda: self, "127.0.0.1", self._port)
            except OSError:
                return LOST
        assert self._transport is not None
        self._reply, self._buffer = loop.create_future(), b""
        self._transport.write(sent)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._reply
        except TimeoutError:
            self._transport.abort()
            self._transport = None
            return LOST

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Gather an answer until it is whole."""
        self._buffer += data
        end = self._buffer.find(END)
        if end < 0 or self._reply is None or self._reply.done():
            return
        head, body = self._buffer[:end].lower(), self._buffer[end + len(END) :]
        if len(body) >= body_length(head):
            self._reply.set_result(Reply(int(head[9:12]), head, body))

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(LOST)
