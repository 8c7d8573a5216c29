"""Bodies of every size, framed honestly and not: refused in time, in few words, and never kept in memory."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.common import Result
from benchmarks.reliability.malformed import malformed
from benchmarks.reliability.memory import Memory
from benchmarks.reliability.options import Options
from benchmarks.reliability.slow import slow
from benchmarks.reliability.wire import LOST, Reply, ask, head
from benchmarks.serving.servers import service
from graphrec.serving.config import ServingConfig

SIZES = tuple(4**power for power in range(14))
"""1 B to 64 MiB."""
PIECE = 1 << 16
AT_ONCE = 16
"""Of the longest bodies, sent side by side."""
LONGEST_REFUSAL = 4096
"""Bytes that a refusal may have."""
TIMES_THE_LIMIT = 4
"""What memory may grow by while bodies up to the limit are read: received, joined, parsed, decoded."""
TIMEOUT_S = 1.0
MIB = 1 << 20
DEFAULTS = ServingConfig()
STARTS = {"/v1/recommend": b'{"user": "nobody", "k": 1', "/v1/embed": b'{"text": "two birds"', "/version": b""}
"""Route to a body that it answers once closed; blanks make it as long as one likes."""
LIMITS = {"/v1/recommend": DEFAULTS.max_body_bytes, "/v1/embed": DEFAULTS.max_image_bytes, "/version": 0}


@dataclass(frozen=True)
class Body:
    """One body.

    Attributes:
        path: Whom it is sent to.
        size: Bytes sent.
        framing: ``length``; ``chunked``; ``longer`` and ``shorter``: what the length says of it, twice or half of it.
        garbage: Whether it is noise instead of JSON.
    """

    path: str
    size: int
    framing: str
    garbage: bool

    @property
    def counted(self) -> int:
        """Bytes that the service has to take it for."""
        return {"longer": 2 * self.size, "shorter": self.size // 2}.get(self.framing, self.size)

    @property
    def documented(self) -> tuple[int, ...]:
        """The statuses it may get."""
        told = (400,) if self.framing == "shorter" else ()  # what comes behind its end is no request
        if self.counted > LIMITS[self.path]:
            return (413, *told)
        if self.path == "/version":  # nothing was said to come
            return (200, *told)
        if self.framing == "longer":  # and the rest never comes
            return (408,)
        valid = not self.garbage and self.framing != "shorter" and self.size > len(STARTS[self.path])
        return (200,) if valid else (422, *told)

    def pieces(self, noise: bytes) -> Iterator[bytes]:
        """Yield the request."""
        method = "GET" if self.path == "/version" else "POST"
        length = "Transfer-Encoding: chunked" if self.framing == "chunked" else f"Content-Length: {self.counted}"
        yield head(method, self.path, "Content-Type: application/json", length)
        for part in self._parts(noise):
            yield b"%x\r\n%s\r\n" % (len(part), part) if self.framing == "chunked" else part
        if self.framing == "chunked":
            yield b"0\r\n\r\n"

    def _parts(self, noise: bytes) -> Iterator[bytes]:
        start = b"" if self.garbage else STARTS[self.path]
        left = self.size
        while left:
            size = min(left, PIECE)
            part = noise[:size] if self.garbage else start.ljust(size)[:size]
            left, start = left - size, b""
            yield part if left or self.garbage else part[:-1] + b"}"


def run(result: Result, options: Options) -> None:
    """Send them all, then the longest side by side, then slow ones."""
    noise = random.Random(options.seed).randbytes(PIECE)
    bodies = every_body()
    with service(options.store, "--set", f"timeout_s={TIMEOUT_S}") as (port, _, pid):
        for path in STARTS:  # what a route loads with its first question is no growth
            ask(port, Body(path, 1024, "length", False).pieces(noise), patience_s=60)
        memory = Memory(pid, TIMES_THE_LIMIT * max(LIMITS.values()) / MIB)
        found = [(one, ask(port, one.pieces(noise))) for one in bodies]
        tell(result, found)
        memory.tell(result, "bodies")
        memory = Memory(pid, TIMES_THE_LIMIT * max(LIMITS.values()) / MIB)
        _side_by_side(result, port, noise)
        memory.tell(result, "bodies.side_by_side")
        memory = Memory(pid, TIMES_THE_LIMIT * max(LIMITS.values()) / MIB)
        malformed(result, port)
        memory.tell(result, "bodies.malformed")
        slow(result, port, TIMEOUT_S)


def every_body() -> list[Body]:
    """Return one of each kind; noise is framed honestly, what it says of its length is tried with JSON."""
    framings = [(one, garbage) for one in ("length", "chunked") for garbage in (False, True)]
    framings += [("longer", False), ("shorter", False)]
    return [Body(path, size, *framing) for path in STARTS for framing in framings for size in SIZES]


def tell(result: Result, found: Sequence[tuple[Body, Reply]]) -> None:
    """Add the figures of bodies sent one by one."""
    wrong = [(body, reply) for body, reply in found if reply.status not in body.documented]
    for body, reply in wrong:
        print(f"{body}: {reply.status}, not {body.documented}")
    refusals = [len(reply.body) for _, reply in found if reply.status >= 400]
    result.add("bodies.requests", len(found))
    result.add("bodies.longest_mib", max(SIZES) / MIB, unit="MiB")
    result.add("bodies.not_as_documented", len(wrong), better="lower", goal=0)
    result.add("bodies.answered_5xx", sum(one.status >= 500 for _, one in found), better="lower", goal=0)
    result.add("bodies.unanswered", sum(one.status == LOST for _, one in found), better="lower", goal=0)
    result.add("bodies.longest_refusal_bytes", max(refusals), unit="B", better="lower", goal=LONGEST_REFUSAL)


def _side_by_side(result: Result, port: int, noise: bytes) -> None:
    """Send the longest bodies at once, half of them without a length."""
    bodies = [Body("/v1/recommend", max(SIZES), ("length", "chunked")[turn % 2], False) for turn in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda one: ask(port, one.pieces(noise)).status, bodies))
    result.add("bodies.side_by_side.requests", len(found))
    result.add("bodies.side_by_side.not_413", len(found) - found.count(413), better="lower", goal=0)
