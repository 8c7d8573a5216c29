"""uvicorn's HTTP protocol with bounds on the head of a request, of which uvicorn itself has none."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 * 1024
"""What may have come of a head before the piece that ends it."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request's head is too long, or not there within ``timeout_keep_alive`` seconds.

    Otherwise somebody without any token could fill the memory with one endless header, or keep every connection there
    is by sending nothing. What comes behind the head is the application's to bound.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._late: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Take in a piece; it may end the head and bring the body, so it is what came before that counts.

        Mostly one piece is a whole request, for which no clock has to be set.
        """
        if self._head_bytes > MOST_HEAD_BYTES:
            self.send_400_response("The head of the request is too long.")
            return
        if self._late is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head:
            self._expect_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """Stop waiting."""
        self._expect_no_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._expect_no_head()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

    def _expect_no_head(self) -> None:
        self._in_head, self._head_bytes = False, 0
        if self._late is not None:
            self._late.cancel()
            self._late = None
