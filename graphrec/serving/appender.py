"""Events on their way to disk: those that come while a commit is being forced go together into the next one."""

import asyncio
from collections.abc import Sequence

from graphrec.state import Event, Outcome, State


class Appender:
    """Group commit: one transaction at a time, with everything that waits in it.

    Args:
        state: Where events go.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._waiting: list[tuple[Sequence[Event], asyncio.Future[list[Outcome]]]] = []
        self._at_work: asyncio.Task[None] | None = None

    async def append(self, events: Sequence[Event]) -> list[Outcome]:
        """Return what became of each event, once all are on disk."""
        done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._work())
        return await done

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                found = iter(
                    await asyncio.to_thread(self._state.append, [one for events, _ in batch for one in events])
                )
            except Exception as error:
                for _, done in batch:
                    if not done.cancelled():
                        done.set_exception(error)
                continue
            for events, done in batch:
                outcomes = [next(found) for _ in events]
                if not done.cancelled():
                    done.set_result(outcomes)
