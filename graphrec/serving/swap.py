"""Which version answers, and how it gives way to the next.

The new one opens beside the old and rehearses what was asked last; then a reference moves.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from graphrec.serving.config import ServingConfig
from graphrec.serving.metrics import Metrics
from graphrec.serving.served import Served
from graphrec.serving.unhurried import RESTS, beside
from graphrec.store import Store

logger = logging.getLogger(__name__)
RETRY_S = 30.0
"""Seconds before a version that was refused is tried again: somebody may have restored its files."""
REHEARSAL_S = 20.0
"""Longest time a new version rehearses before it takes over."""
GRACE_S = 30.0
"""Seconds the files of a version that gave way stay leased, for requests still at work on it."""

Rehearse = Callable[[Served, bytes], Awaitable[None]]
"""Lets a version answer a question of which the answer is remembered; it may raise whatever a refusal is."""


class Current:
    """The version that answers now.

    Args:
        config: The store, the alias, and how often to look.
        metrics: Told of swaps, and which version answers.

    Attributes:
        refused: Name of a version that could not be opened, and why; empty where all is well.
    """

    def __init__(self, config: ServingConfig, metrics: Metrics) -> None:
        self._config = config
        self._metrics = metrics
        self._aliases = Store(config.store)
        self._retry_at = 0.0
        self.refused: dict[str, str] = {}
        self._served: Served | None = None

    @property
    def served(self) -> Served | None:
        """The version that answers; ``None`` before the first has opened."""
        return self._served

    def open(self) -> None:
        """Open the first version.

        Raises:
            ArtifactError: If there is none, or it is damaged.
        """
        self._served = self._opened(self._config.version)
        self._metrics.version.labels(self._served.version).set(1)

    async def follow(self, rehearse: Rehearse) -> None:
        """Look where the alias points, again and again, and move there; never raises.

        Args:
            rehearse: Given the new version and a question that the old one remembers the answer of.
        """
        while True:
            await asyncio.sleep(self._config.poll_s)
            try:
                name = await asyncio.to_thread(self._aliases.named, self._config.version)
            except Exception as error:  # a store out of reach is no reason to stop answering
                self._metrics.swaps.labels("unreachable").inc()
                logger.warning("the store cannot be read; the old version goes on", extra={"error": str(error)})
                continue
            if self._served is not None and name == self._served.version:
                self.refused = {}
            elif name not in self.refused or time.monotonic() >= self._retry_at:
                await self._move(name, rehearse)

    def _opened(self, name: str) -> Served:
        config = self._config
        return Served.open(config.store, name, config.answers_kept, encoder=config.encoder_at_start, lists=config.lists)

    async def _move(self, name: str, rehearse: Rehearse) -> None:
        try:
            new = await beside(partial(self._opened, name))
        except Exception as error:  # whatever is wrong with it, the old version goes on
            self.refused = {name: f"{type(error).__name__}: {error}"}
            self._retry_at = time.monotonic() + RETRY_S
            self._metrics.swaps.labels("refused").inc()
            logger.error("version refused; the old one goes on", extra={"version": name, "error": str(error)})
            return
        if self._served is not None:
            await _rehearsed(self._served, new, rehearse)
        old, self._served, self.refused = self._served, new, {}
        self._metrics.swaps.labels("swapped").inc()
        self._metrics.version.labels(name).set(1)
        logger.info("version swapped", extra={"version": name})
        if old is not None:
            self._metrics.version.labels(old.version).set(0)
            asyncio.get_running_loop().call_later(GRACE_S, old.store.close)


async def _rehearsed(old: Served, new: Served, rehearse: Rehearse) -> None:
    """Let the new version answer what the old one was asked last.

    Otherwise it would have to compute at once what the old one remembered: where most answers are remembered, callers
    come several times faster than that is done.
    """
    until = time.monotonic() + REHEARSAL_S
    for question in old.remembered.newest():
        begun = time.monotonic()
        if begun > until:
            return
        with suppress(Exception):  # what it refuses now, it refuses when it is asked
            await rehearse(new, question)
        await asyncio.sleep(RESTS * (time.monotonic() - begun))
