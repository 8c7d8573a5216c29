"""Work in pieces with pauses, beside somebody who would rather not wait."""

import asyncio
import os
import sys
import threading
import time

import pytest

from graphrec.serving.unhurried import NICE, RESTS, beside, unhurried


def busy(seconds: float) -> str:
    """Compute for so long, in many small calls."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(100))
    return "done"


def test_work_takes_its_share_of_the_time_and_no_more() -> None:
    begun = time.perf_counter()
    assert unhurried(lambda: busy(0.1)) == "done"
    assert time.perf_counter() - begun > 0.1 * (1 + RESTS) * 0.8  # at least: pauses only ever last longer


def test_what_was_set_before_stands_after_even_where_work_fails() -> None:
    interval = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError):
        unhurried(lambda: 1 // 0)
    assert sys.getprofile() is None
    assert sys.getswitchinterval() == interval


def test_another_thread_is_never_made_to_rest() -> None:
    profilers: list[object] = []
    thread = threading.Thread(target=lambda: profilers.append(sys.getprofile()))

    def work() -> None:
        thread.start()
        thread.join()

    unhurried(work)
    assert profilers == [None]


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_work_beside_others_is_behind_them() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    usual = priority()
    assert asyncio.run(beside(priority)) == min(usual + NICE, 19)
    assert priority() == usual
    assert asyncio.run(beside(priority)) == min(usual + NICE, 19)  # not lower and lower: each work has its own thread


def test_a_failure_beside_others_reaches_whoever_waits() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(beside(lambda: 1 // 0))


def test_work_goes_on_where_priorities_may_not_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    assert asyncio.run(beside(lambda: "done")) == "done"
