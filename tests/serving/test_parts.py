"""Parts of a worker by themselves: the gate, what is remembered, group commit, the log."""

import asyncio
import json
import logging
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from graphrec.errors import StateError
from graphrec.serving.appender import Appender
from graphrec.serving.endpoint import Endpoint, Spec
from graphrec.serving.gate import Gate
from graphrec.serving.logs import JsonLines
from graphrec.serving.looks import Looks
from graphrec.serving.problems import Problem
from graphrec.serving.served import MOST_ASKED, MOST_BYTES, Remembered
from graphrec.state import Event, Known, Outcome, SqliteState


def test_a_gate_lets_in_one_by_one_and_refuses_beyond_its_queue() -> None:
    gate, order = Gate(1, 2, 10.0), []

    async def enter(number: int) -> None:
        async with gate.turn():
            order.append(number)
            await asyncio.sleep(0)

    async def all_at_once() -> list[object]:
        return await asyncio.gather(*(enter(number) for number in range(5)), return_exceptions=True)

    found = asyncio.run(all_at_once())
    assert order == [0, 1, 2]
    assert [one.status for one in found if isinstance(one, Problem)] == [503, 503]
    assert gate.waiting == 0


def test_who_waits_too_long_is_refused() -> None:
    gate = Gate(1, 5, 0.01)

    async def slow() -> None:
        async with gate.turn():
            await asyncio.sleep(0.05)

    async def both() -> list[object]:
        return list(await asyncio.gather(slow(), slow(), return_exceptions=True))

    first, second = asyncio.run(both())
    assert first is None
    assert isinstance(second, Problem)
    assert second.headers == {"Retry-After": "1"}


def test_an_answer_is_remembered_while_nothing_changes() -> None:
    kept, known = Remembered(2), Known((Event("1", "ada", "f", "like", 1),))
    kept.put(b"q", "ada", known, b"answer")
    assert kept.asker(b"q") == "ada"
    assert kept.get(b"q", Known((Event("1", "ada", "f", "like", 1),))) == b"answer"
    assert kept.get(b"q", Known()) is None
    assert kept.asker(b"other") is None


def test_the_oldest_answers_and_long_ones_are_not_kept() -> None:
    kept = Remembered(2)
    for body in (b"a", b"b"):
        kept.put(body, "u", Known(), body)
    kept.get(b"a", Known())
    kept.put(b"c", "u", Known(), b"c")
    kept.put(b"long", "u", Known(), b"x" * (MOST_BYTES + 1))
    assert [kept.get(body, Known()) for body in (b"a", b"b", b"c", b"long")] == [b"a", None, b"c", None]
    nothing = Remembered(0)
    nothing.put(b"a", "u", Known(), b"a")
    assert nothing.asker(b"a") is None


def test_what_was_asked_is_rehearsed_whether_its_answer_is_kept_or_not() -> None:
    kept = Remembered(2)
    for body in (b"a", b"b"):
        kept.put(body, "u", Known(), body)
    kept.put(b"long", "u", Known(), b"x" * (MOST_BYTES + 1))
    assert kept.newest() == [b"b", b"a", b"long"]
    nothing = Remembered(0)
    for number in range(MOST_ASKED + 1):
        nothing.put(b"%d" % number, "u", Known(), b"answer")
    nothing.put(b"2", "u", Known(), b"answer")
    nothing.put(b"x" * (MOST_BYTES + 1), "u", Known(), b"answer")
    assert nothing.newest() == [b"2", *(b"%d" % number for number in range(MOST_ASKED, 2, -1)), b"1"]


class SlowDisk:
    """Takes batches, and fails on one of them."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def append(self, events: list[Event]) -> list[Outcome]:
        self.batches.append(len(events))
        if any(one.kind == "bad" for one in events):
            raise StateError("disk full")
        return ["repeated" if one.event_id == "1" else "stored" for one in events]


def test_events_that_wait_go_to_disk_together_and_each_caller_hears_of_his_own() -> None:
    disk = SlowDisk()

    def event(number: int, kind: str = "like") -> Event:
        return Event(str(number), "u", "f", kind, 1)

    async def tell() -> list[object]:
        appender = Appender(disk)  # type: ignore[arg-type]
        first = asyncio.create_task(appender.append([event(0)]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        later = [asyncio.create_task(appender.append([event(number), event(9)])) for number in (1, 2, 3)]
        found: list[object] = [await first, *await asyncio.gather(*later)]
        found += await asyncio.gather(appender.append([event(4, "bad")]), return_exceptions=True)
        return [*found, await appender.append([event(5)])]

    *good, failed, after = asyncio.run(tell())
    assert good == [["stored"], ["repeated", "stored"], ["stored", "stored"], ["stored", "stored"]]
    assert isinstance(failed, StateError)
    assert after == ["stored"]
    assert disk.batches == [1, 6, 1, 1]


def test_a_failure_is_logged_without_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    spec = Spec("POST", "/v1/recommend", "read", "loop", lambda asked: None, None)
    endpoint = Endpoint.__new__(Endpoint)
    endpoint._spec = spec
    with caplog.at_level(logging.ERROR):
        try:
            raise RuntimeError("hermione likes f7")
        except RuntimeError as error:
            endpoint._log(error, b"abc", b"v1")
    line = json.loads(JsonLines().format(caplog.records[0]))
    assert (line["request_id"], line["route"], line["error"]) == ("abc", "/v1/recommend", "RuntimeError")
    assert "hermione likes" not in line["where"].replace('raise RuntimeError("hermione likes f7")', "")


COMPILED = """
import sys
from numba.core.registry import CPUDispatcher
from graphrec.serving.served import Served

def compiled():
    parts = [one for name, one in sys.modules.items() if name.startswith("graphrec")]
    kernels = [value for part in parts for value in vars(part).values() if isinstance(value, CPUDispatcher)]
    return sum(len(one.signatures) for one in kernels)

retriever = Served.open(sys.argv[1], "latest").retriever
before = compiled()
retriever.recommend("nobody")
retriever.recommend_from(["f1", "f9"])
retriever.recommend("u1")
print(before > 0, compiled() - before)
"""


@pytest.mark.slow
def test_what_strangers_ask_is_compiled_before_a_version_answers(planted_store: Path) -> None:
    done = subprocess.run([sys.executable, "-c", COMPILED, str(planted_store)], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "0"], done.stderr


def test_what_others_wrote_is_looked_at_once_in_a_pass_and_again_in_the_next(tmp_path: Path) -> None:
    async def passes(ours: SqliteState, theirs: SqliteState) -> list[int]:
        looks, seen = Looks(ours), []
        for number in range(3):
            theirs.append([Event(f"e{number}", "ada", "f1", "like", number)])
            seen.append(len(looks.of("ada").events))
            theirs.append([Event(f"late{number}", "ada", "f1", "like", number)])  # while the pass goes on
            seen.append(len(looks.of("ada").events))
            await asyncio.sleep(0)
        return seen

    with (
        closing(SqliteState(tmp_path / "state.sqlite")) as ours,
        closing(SqliteState(tmp_path / "state.sqlite")) as theirs,
    ):
        asked: list[str] = []
        ours._reader.set_trace_callback(asked.append)
        assert asyncio.run(passes(ours, theirs)) == [1, 1, 3, 3, 5, 5]
        assert sum("data_version" in one for one in asked) == 3


def test_somebody_else_is_looked_up_in_the_same_pass(tmp_path: Path) -> None:
    async def both(state: SqliteState) -> list[Known]:
        looks = Looks(state)
        return [looks.of("ada"), looks.of("bob"), looks.of("ada")]

    with closing(SqliteState(tmp_path / "state.sqlite")) as state:
        bobs = Event("e1", "bob", "f1", "like", 1)
        state.append([bobs])
        assert asyncio.run(both(state)) == [Known(), Known((bobs,)), Known()]
