"""A closed loop over HTTP: so many connections, each sending its next request when the last was answered."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Load:
    """What a loop saw.

    Attributes:
        rps: Answers a second.
        p50_ms: Median time of one.
        p99_ms: The 99th percentile.
        failed: Answers other than 200, and connections lost.
        answer_bytes: Median length of a body.
    """

    rps: float
    p50_ms: float
    p99_ms: float
    failed: int
    answer_bytes: int


class _Connection(asyncio.Protocol):
    """One connection: knows just enough HTTP to tell one answer from the next, and costs little beside a server."""

    def __init__(self, requests: Iterator[bytes], until: float, seen: "_Seen") -> None:
        self._requests, self._until, self._seen = requests, until, seen
        self._buffer, self._need = b"", 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._need:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = body_length(self._buffer[:end])
            self._need = end + 4 + length
            self._seen.sizes.append(length)
        if len(self._buffer) >= self._need:
            self._seen.seconds.append(time.perf_counter() - self._sent)
            self._seen.failed += self._buffer[9:12] != b"200"
            self._buffer, self._need = b"", 0
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self._seen.failed += 1
            self.done.set_result(None)

    def _send(self) -> None:
        request = next(self._requests, None) if time.perf_counter() < self._until else None
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


class _Seen:
    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.sizes: list[int] = []
        self.failed = 0


def body_length(head: bytes) -> int:
    """Return what an answer's head says of the length of its body."""
    lower = head.lower()
    place = lower.index(b"content-length:") + 15
    return int(lower[place : lower.find(b"\r\n", place) if b"\r\n" in lower[place:] else None])


def request(path: str, body: bytes, method: str = "POST", token: str | None = None) -> bytes:
    """Return a request as bytes."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    bearer = "" if token is None else f"\r\nAuthorization: Bearer {token}"
    return f"{head}{bearer}\r\n\r\n".encode() + body


def load(port: int, requests: Sequence[bytes], connections: int, seconds: float = 3600.0, rounds: int = 0) -> Load:
    """Send requests in turn over so many connections for so many seconds.

    Args:
        port: Of a server on this machine.
        requests: As :func:`request` gives them.
        connections: At once.
        seconds: How long at most.
        rounds: How often each is sent; 0: again and again.
    """
    seen = _Seen()
    started = time.perf_counter()
    every = itertools.chain.from_iterable(itertools.repeat(requests, rounds) if rounds else itertools.repeat(requests))
    asyncio.run(_loop(port, every, connections, started + seconds, seen))
    took = time.perf_counter() - started
    times = np.array(seen.seconds) * 1000
    sizes = int(np.median(seen.sizes))
    return Load(len(times) / took, float(np.median(times)), float(np.quantile(times, 0.99)), seen.failed, sizes)


async def _loop(port: int, requests: Iterator[bytes], connections: int, until: float, seen: _Seen) -> None:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(requests, until, seen), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(one.done for _, one in made))
