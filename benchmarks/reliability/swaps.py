"""Versions swapped every three seconds while requests keep coming at half of what can be answered.

The rate is half the echo's (the same server, the same answer size), or half of what the service itself sustains where
that is less; once with every answer computed, once with answers remembered, once with lists that come with the version.
Neighbouring versions leave out different flits: an answer is right if it is, id by id, what the library itself answers
from the version that it names.
"""

import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Result
from benchmarks.load import load
from benchmarks.reliability.caller import Reply, question
from benchmarks.reliability.options import Options
from benchmarks.reliability.paced import CONNECTIONS, Call, under_load
from benchmarks.reliability.versions import ALIAS, K, Prepared, prepare
from benchmarks.serving.questions import COMPUTED, flags
from benchmarks.serving.servers import echo, service
from graphrec.ids import Id

USERS = 200
WAYS: Mapping[str, Mapping[str, Any]] = {
    "computed": COMPUTED,
    "remembered": {"answers_kept": USERS, "lists": False},
    "listed": {"answers_kept": 0, "lists": True},
}
"""Each way to answer, and the settings of a service that answers so."""
EVERY_S = 3.0
AFTERMATH_S = 0.25
"""What follows the first answer of a new version still counts as the time of the swap."""
PATIENCE_S = 60.0
"""How long a swap may take before it counts as one that never happens."""
Expected = Sequence[Mapping[Id, Sequence[Id]]]


def run(result: Result, options: Options) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(options.store, Path(folder), options.count + 1)
        users = np.random.default_rng(options.seed).permutation(np.array(prepared.users, dtype=object))[:USERS].tolist()
        expected = prepared.expected(users, K)
        apart = [expected[0][user] != expected[1][user] for user in users]
        result.add("swaps.users", len(users))
        result.add("swaps.told_apart", float(np.mean(apart)))
        for name, settings in WAYS.items():
            prepared.store.set_alias(ALIAS, prepared.names[0])
            measure(result, f"swaps.{name}", prepared, expected, settings, options.seconds)


def measure(
    result: Result, name: str, prepared: Prepared, expected: Expected, settings: Mapping[str, Any], seconds: float
) -> None:
    """Add the figures of one way to answer."""
    seen: set[str] = set()
    questions = {user: question("/v1/recommend", {"user": user, "k": K}) for user in expected[0]}
    calls = endless(questions, prepared, expected, seen)
    with service(prepared.folder, *flags(settings)) as (port, _, _):
        found = load(port, list(questions.values()), CONNECTIONS, seconds)
        with echo(found.answer_bytes) as echo_port:
            floor = load(echo_port, list(questions.values()), CONNECTIONS, seconds)
        rate = min(found.rps, floor.rps) / 2
        before = asyncio.run(under_load(port, calls, rate, asyncio.sleep(seconds)))
        windows: list[tuple[float, float]] = []
        work = swap_all(prepared, seen, min(EVERY_S, seconds), windows)
        during = asyncio.run(under_load(port, calls, rate, work))
        after = asyncio.run(under_load(port, calls, rate, asyncio.sleep(seconds)))
    p99_ms = float(np.mean([one.quantile_ms(0.99) for one in (before, after)]))
    result.add(f"{name}.swaps", len(seen) - 1)
    taken = [end - start - AFTERMATH_S for start, end in windows]
    result.add(f"{name}.seconds_to_swap", float(np.mean(taken)), unit="s", better="lower")
    result.add(f"{name}.echo_rps", floor.rps, unit="1/s")
    result.add(f"{name}.service_rps", found.rps, unit="1/s")
    result.add(f"{name}.rate", rate, unit="1/s")
    result.add(f"{name}.requests", during.asked)
    result.add(f"{name}.failed", during.failed, better="lower", goal=0)
    result.add(f"{name}.mixed", before.wrong + during.wrong + after.wrong, better="lower", goal=0)
    for when, share in (("p50", 0.5), ("p99", 0.99)):
        steady_ms = float(np.mean([one.quantile_ms(share) for one in (before, after)]))
        result.add(f"{name}.{when}_steady_ms", steady_ms, unit="ms", better="lower")
        result.add(f"{name}.{when}_with_swaps_ms", during.quantile_ms(share), unit="ms", better="lower")
        result.add(f"{name}.{when}_while_swapping_ms", during.quantile_ms(share, windows), unit="ms", better="lower")
    result.add(f"{name}.longest_ms", during.quantile_ms(1.0), unit="ms", better="lower")
    result.add(f"{name}.p99_with_swaps_ratio", during.quantile_ms(0.99) / p99_ms, better="lower", goal=2)
    result.add(f"{name}.p99_while_swapping_ratio", during.quantile_ms(0.99, windows) / p99_ms, better="lower", goal=2)


def endless(questions: Mapping[Id, bytes], prepared: Prepared, expected: Expected, seen: set[str]) -> Iterator[Call]:
    """Yield one question after another, again and again; ``seen`` takes the versions that answered."""
    return itertools.cycle(
        [Call(sent, partial(_right, user, prepared, expected, seen)) for user, sent in questions.items()]
    )


def _right(user: Id, prepared: Prepared, expected: Expected, seen: set[str], reply: Reply) -> bool:
    """Return whether an answer is that of the version it names, in its head and in its body."""
    answer = json.loads(reply.body)
    version = answer["version"]
    seen.add(version)
    ids = [one["id"] for one in answer["candidates"]]
    named = f"x-graphrec-version: {version}".encode() in reply.head
    return named and ids == expected[prepared.kind(version)][user]


async def swap_all(prepared: Prepared, seen: set[str], every_s: float, windows: list[tuple[float, float]]) -> None:
    """Move the alias from version to version.

    Args:
        prepared: The versions.
        seen: Versions that have answered.
        every_s: Seconds from one move to the next, or longer where a version takes longer to answer.
        windows: Takes the span of each swap.
    """
    for name in prepared.names[1:]:
        started = time.perf_counter()
        await asyncio.to_thread(prepared.store.set_alias, ALIAS, name)
        async with asyncio.timeout(PATIENCE_S):
            while name not in seen:
                await asyncio.sleep(0.01)
        windows.append((started, time.perf_counter() + AFTERMATH_S))
        await asyncio.sleep(max(AFTERMATH_S, started + every_s - time.perf_counter()))
