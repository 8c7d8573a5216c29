"""Requests that break HTTP itself: each is refused, none is waited for."""

import itertools
from collections.abc import Iterable

from benchmarks.common import Result
from benchmarks.reliability.wire import ask, head

POST = ("POST", "/v1/recommend")
PIECE = 1 << 16
MOST = 1 << 26
"""Bytes sent of a head that does not end."""
MALFORMED = (
    ("Content-Length: -1",), ("Content-Length: +5",), ("Content-Length: 0x10",), ("Content-Length: 1e3",),
    ("Content-Length: 5, 6",), ("Content-Length: 5", "Content-Length: 6"), ("Content-Length: 1" + "0" * 30,),
    ("Content-Length: five",), ("Content-Length: 5", "Transfer-Encoding: chunked"), ("Content-Length: \xb2",),
    ("Transfer-Encoding: chunked, identity",), ("Transfer-Encoding: chunkedx",), ("Transfer-Encoding : chunked",),
)  # fmt: skip
"""Heads that say no length, or two."""
BAD_CHUNKS = (
    b"ffffffffffffffffff\r\n", b"-1\r\n{}\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"zz\r\n", b"2\r\n{}xx0\r\n\r\n",
    b"2;" + b"e" * 200_000,
)  # fmt: skip

ENDLESS = (
    (b"GET /", b"x" * PIECE), (b"GET / HTTP/1.1\r\nX: ", b"x" * PIECE), (b"GET / HTTP/1.1\r\n", b"x" * PIECE),
    (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * (PIECE // 6)), (b"", b"\r\n" * (PIECE // 2)),
)  # fmt: skip
"""How a head begins, and what comes then, again and again."""


def malformed(result: Result, port: int) -> None:
    """Send heads and chunks that are none, and heads that do not end."""
    requests: list[Iterable[bytes]] = [[head(*POST, *lines), b"hello"] for lines in MALFORMED]
    requests += [[head(*POST, "Transfer-Encoding: chunked"), chunk] for chunk in BAD_CHUNKS]
    requests += [itertools.chain([start], itertools.repeat(more, MOST // len(more))) for start, more in ENDLESS]
    found = [ask(port, pieces).status for pieces in requests]
    result.add("bodies.malformed.requests", len(found))
    result.add("bodies.malformed.not_4xx", sum(not 400 <= one < 500 for one in found), better="lower", goal=0)
