"""What Prometheus reads."""

import os
from contextlib import suppress
from pathlib import Path
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from graphrec.serving.config import COUNTS
from graphrec.state import Outcome

SWAPS = ("swapped", "refused", "unreachable")
BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Metrics:
    """Counts of one worker; where several run, ``text`` adds them up.

    Attributes:
        requests: By route and status.
        seconds: From the first byte to the last, by route.
        remembered: Answers given from memory.
        listed: Answers that the version keeps.
        events: By outcome.
        swaps: By outcome.
        waiting: Requests that wait or are answered.
        version: 1 for the version that answers.
    """

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self.requests = Counter("graphrec_requests", "Requests", ["route", "status"], registry=self._own)
        self.seconds = Histogram(
            "graphrec_request_seconds", "Seconds of a request", ["route"], buckets=BUCKETS, registry=self._own
        )
        self.remembered = Counter("graphrec_remembered_answers", "Answers given from memory", registry=self._own)
        self.listed = Counter("graphrec_listed_answers", "Answers from the version's lists", registry=self._own)
        self.events = Counter("graphrec_events", "Events told", ["outcome"], registry=self._own)
        self.swaps = Counter("graphrec_swaps", "Moves to another version", ["outcome"], registry=self._own)
        self.waiting = Gauge(
            "graphrec_waiting", "Requests that wait or are answered", registry=self._own, multiprocess_mode="livesum"
        )
        self.version = Gauge(
            "graphrec_version", "Workers that answer from a version", ["version"], registry=self._own,
            multiprocess_mode="livesum",
        )  # fmt: skip
        for counter, outcomes in ((self.events, get_args(Outcome)), (self.swaps, SWAPS)):
            for outcome in outcomes:  # from 0 on: Prometheus counts no increase up to a series' first sample
                counter.labels(outcome)

    def text(self) -> tuple[bytes, str]:
        """Return the exposition and its content type."""
        registry = self._own
        if folder := os.environ.get(COUNTS):
            _forget_dead(Path(folder))
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST


def _forget_dead(folder: Path) -> None:
    """Drop the gauges of workers that were killed: they could not do so themselves, and count nothing any more."""
    for file in folder.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another worker was quicker
                multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
        except PermissionError:  # it lives, and is somebody else's
            continue
