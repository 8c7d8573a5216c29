"""Work beside a service that goes on answering: in small pieces, with pauses, behind everybody else."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
PIECE_S = 0.0005
"""Longest piece of work before a pause; what is one call to compiled code stays one piece."""
TURN_S = 0.00005
"""Longest turn of a thread while another waits for the interpreter. CPython's usual 5 ms last as long as three answers,
and an answer gives its turn away several times: whenever it reads, writes or looks into the state."""
RESTS = 6.0
"""Pause after a piece, and after each question rehearsed, as a multiple of what it took: callers keep most of it."""
NICE = 10
"""Steps that the thread's priority lies below the others': it gets a tenth of a processor that both wait for."""


async def beside(work: Callable[[], T]) -> T:
    """Return what some work returns, done unhurriedly in a thread of its own, which the scheduler lets go last."""
    alone = ThreadPoolExecutor(1, initializer=_stand_back)
    try:
        return await asyncio.get_running_loop().run_in_executor(alone, unhurried, work)
    finally:
        alone.shutdown(wait=False)


def _stand_back() -> None:
    """Lower this thread's priority, where the system lets it, and that of threads it starts.

    Whoever has no special rights may not raise it again, so that the thread is used once.
    """
    if sys.platform == "linux":  # elsewhere that would be the whole process
        with suppress(OSError):  # forbidden in some sandboxes, and no more than a courtesy
            usual = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), usual + NICE)


def unhurried(work: Callable[[], T]) -> T:
    """Return what some work returns, done in this thread with a pause after each piece of it.

    Threads that take equal turns leave half of the interpreter's time to callers; where they need more, they queue. The
    interpreter calls a thread's profiler at every call of a function, and this profiler sleeps now and then.

    Args:
        work: Done in a thread that has no other profiler.
    """
    begun = time.perf_counter()

    def rest(*_: object) -> None:
        nonlocal begun
        took = time.perf_counter() - begun
        if took > PIECE_S:
            time.sleep(RESTS * took)
            begun = time.perf_counter()

    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    sys.setprofile(rest)
    try:
        return work()
    finally:
        sys.setprofile(None)
        sys.setswitchinterval(usual)
