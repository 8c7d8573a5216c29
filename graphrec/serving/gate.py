"""How much one worker takes on: requests wait for their turn, in order, and not too many of them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from graphrec.serving.problems import busy
from graphrec.serving.turns import Turns


class Gate:
    """Lets few in at once and keeps a bounded queue.

    Args:
        most: How many may be inside.
        max_waiting: How many may wait; the next one is refused at once.
        timeout_s: Seconds one may wait.
        entry: Decides who is next; default: whoever came first, as soon as somebody leaves.

    Attributes:
        waiting: How many wait or are inside.
    """

    def __init__(self, most: int, max_waiting: int, timeout_s: float, entry: Turns | None = None) -> None:
        self._entry = asyncio.Semaphore(most) if entry is None else entry
        self._most = most + max_waiting
        self._timeout_s = timeout_s
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait for a turn and yield the seconds that took.

        Raises:
            Problem: 503, if too many wait already or it took too long.
        """
        if self.waiting >= self._most:
            raise busy("too many requests wait")
        self.waiting += 1
        arrived = time.perf_counter()
        try:
            async with self._entry:
                waited = time.perf_counter() - arrived
                if waited > self._timeout_s:
                    raise busy("the request waited too long")
                yield waited
        finally:
            self.waiting -= 1
