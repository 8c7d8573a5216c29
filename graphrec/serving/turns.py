"""Turns on the event loop, where answers are computed: half of its time at most goes to whoever is refused."""

import asyncio
import time
from collections import deque


class Turns:
    """Lets in, between two passes over what has arrived, as many as take about as long as a pass did.

    A pass keeps the queue visible: too many are refused rather than left in the sockets. Mostly it is short, and one
    answer follows each. But where callers come back as soon as they are refused, a pass is a thousand refusals long,
    and one answer after each would be next to none.

    Use it as ``async with``, around work that is done without waiting for anything.
    """

    def __init__(self) -> None:
        self._queue: deque[asyncio.Future[None]] = deque()
        self._inside = 0
        self._number = 1
        self._begun = self._spent_s = 0.0
        self._calling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        """Wait for a turn."""
        if self._inside or self._queue:
            await self._called()
        else:
            self._inside = 1
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                self._leave()
                raise
        self._begun = time.perf_counter()

    async def __aexit__(self, *_: object) -> None:
        """Leave, and see to it that the next are called."""
        self._spent_s += time.perf_counter() - self._begun
        self._leave()

    async def _called(self) -> None:
        mine = asyncio.get_running_loop().create_future()
        self._queue.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # called already
                self._leave()
            raise

    def _leave(self) -> None:
        self._inside -= 1
        if not self._inside and self._queue and (self._calling is None or self._calling.done()):
            self._calling = asyncio.create_task(self._call())

    async def _call(self) -> None:
        """Call those who wait, a few after each pass."""
        while self._queue:
            begun, self._spent_s = time.perf_counter(), 0.0
            await asyncio.sleep(0)
            if self._inside:  # somebody waits for something inside: whoever leaves last goes on here
                return
            passed_s = time.perf_counter() - begun - self._spent_s
            if self._spent_s:
                self._number = max(1, int(self._number * passed_s / self._spent_s))
            called = [self._queue.popleft() for _ in range(min(self._number, len(self._queue)))]
            called = [one for one in called if not one.done()]
            self._number, self._inside = max(1, len(called)), len(called)
            for one in called:
                one.set_result(None)
