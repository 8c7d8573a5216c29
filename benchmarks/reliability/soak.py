"""Steady load for an hour, versions, events and wishes coming all the while: nothing fails, and nothing grows.

Two workers; requests leave evenly spaced, nine in ten of them for candidates. What each worker takes is looked at
again and again. Threads and descriptors are compared between the second tenth of the time and the last (the first warms
up); growth of memory is a line through the second half.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import Result
from benchmarks.reliability.mixed import mixed
from benchmarks.reliability.options import Options
from benchmarks.reliability.paced import Tally, under_load
from benchmarks.reliability.processes import Sample
from benchmarks.reliability.versions import ALIAS, Prepared, prepare
from benchmarks.serving.servers import service, worker_pids
from graphrec.arrays import BoolVector, FloatMatrix, FloatVector

RATE = 50.0
SWAP_EVERY_S = 30.0
LOOK_EVERY_S = 5.0
FLAT = 0.05
"""Share of its memory by which a worker may grow in an hour."""
MEMORY = ("rss_mb", "anon_mb")
SERIES = "memory of the worker that grew most"
Looks = list[tuple[float, list[Sample]]]
"""Seconds since the start, and a sample of each worker."""


def run(result: Result, options: Options) -> None:
    """Measure."""
    every_s = min(SWAP_EVERY_S, options.seconds / 4)
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(options.store, Path(folder), int(options.seconds / every_s))
        seen: set[str] = set()
        calls = mixed(prepared, np.random.default_rng(options.seed), seen)
        with service(prepared.folder, "--workers", "2") as (port, _, pid):
            looks: Looks = []
            work = _hold(options.seconds, every_s, prepared, worker_pids(pid), looks)
            tally = asyncio.run(under_load(port, calls, RATE, work))
    tell_answers(result, options, tally, len(seen) - 1)
    tell_growth(result, looks)


async def _hold(seconds: float, every_s: float, prepared: Prepared, pids: Sequence[int], looks: Looks) -> None:
    """Swap and look until the time is over."""
    swapping = asyncio.create_task(_swap(every_s, prepared))
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        looks.append((passed, [await asyncio.to_thread(Sample.of, pid) for pid in pids]))
        await asyncio.sleep(min(LOOK_EVERY_S, seconds / 40))
    await swapping


async def _swap(every_s: float, prepared: Prepared) -> None:
    for name in prepared.names[1:]:
        await asyncio.sleep(every_s)
        await asyncio.to_thread(prepared.store.set_alias, ALIAS, name)


def tell_answers(result: Result, options: Options, tally: Tally, swaps: int) -> None:
    """Add what was asked and what came back."""
    result.add("soak.seconds", options.seconds, unit="s")
    result.add("soak.rate", RATE, unit="1/s")
    result.add("soak.requests", tally.asked)
    result.add("soak.swaps", swaps)
    result.add("soak.failed", tally.failed, better="lower", goal=0)
    result.add("soak.wrong_answers", tally.wrong, better="lower", goal=0)
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("longest_ms", 1.0)):
        result.add(f"soak.{name}", tally.quantile_ms(share), unit="ms", better="lower")


def tell_growth(result: Result, looks: Looks) -> None:
    """Add what the workers took early on and at the end: the worker that grew most."""
    times = np.array([at for at, _ in looks], np.float32)
    early, late = (_ending(times, share) for share in (0.2, 1.0))
    half = times >= times[-1] / 2
    memory, own = (np.array([[getattr(one, name) for one in samples] for _, samples in looks]) for name in MEMORY)
    slopes, own_slopes = (np.polyfit(times[half] / 3600, one[half], 1)[0] for one in (memory, own))
    worst = int(np.argmax(slopes))
    result.add("soak.looks", len(looks))
    result.add("soak.rss_early_mb", float(np.median(memory[early, worst])), unit="MB", better="lower")
    result.add("soak.rss_end_mb", float(np.median(memory[late, worst])), unit="MB", better="lower")
    result.add("soak.rss_slope_mb_per_hour", float(slopes[worst]), unit="MB/h", better="lower")
    result.add("soak.own_slope_mb_per_hour", float(own_slopes[worst]), unit="MB/h", better="lower")
    share = float(slopes[worst] / memory[half, worst].mean())
    result.add("soak.rss_growth_per_hour", share, better="lower", goal=FLAT)
    result.tables.append(
        {"title": SERIES, "rows": _series(times, dict(zip(MEMORY, (memory, own), strict=True)), worst)}
    )
    for name in ("threads", "descriptors"):
        counts = np.array([[getattr(one, name) for one in samples] for _, samples in looks])
        before, after = (np.median(counts[where], axis=0) for where in (early, late))
        grown = int(np.argmax(after - before))
        result.add(f"soak.{name}_early", float(before[grown]), better="lower")
        result.add(f"soak.{name}_end", float(after[grown]), better="lower", goal=float(before[grown]))


def _series(times: FloatVector, measured: Mapping[str, FloatMatrix], worker: int) -> list[dict[str, float]]:
    """Return the median of each tenth of the time."""
    rows = []
    for share in np.linspace(0.1, 1, 10):
        where = _ending(times, share)
        medians = {name: round(float(np.median(one[where, worker])), 1) for name, one in measured.items()}
        rows.append({"until": round(float(share), 1), **medians})
    return rows


def _ending(times: FloatVector, share: float) -> BoolVector:
    """Return which looks lie in the tenth of the time that ends there, bool ``[looks]``."""
    return np.asarray((times > (share - 0.1) * times[-1]) & (times <= share * times[-1]))
