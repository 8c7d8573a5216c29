"""Every part under load, small: the service holds, and what would be told if it did not."""

import asyncio
import itertools
import json
from pathlib import Path

import pytest

from benchmarks.common import Result
from benchmarks.reliability import kills, overload, soak, swaps
from benchmarks.reliability.caller import LOST, Caller, Reply, question
from benchmarks.reliability.mixed import of_one_version
from benchmarks.reliability.options import Options
from benchmarks.reliability.paced import Call, Tally, under_load
from benchmarks.reliability.processes import Sample
from benchmarks.reliability.versions import ONE_IN, Prepared, prepare
from graphrec.store import Store
from tests.retrieval.world import NUM_FLITS
from tests.serving.world import publish


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one version."""
    folder = tmp_path_factory.mktemp("served")
    publish(Store(folder), 0)
    return folder


@pytest.fixture(scope="module")
def prepared(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(str(store), tmp_path_factory.mktemp("prepared"), 4)


def figures(result: Result) -> dict[str, float]:
    return {one["name"]: one["value"] for one in result.figures}


def missed(result: Result) -> dict[str, float]:
    """Return the counts that should have been 0."""
    return {one["name"]: one["value"] for one in result.figures if one["goal"] == 0 and one["value"] != 0}


def test_versions_leave_out_different_flits(store: Path, prepared: Prepared) -> None:
    assert len(prepared.names) == 4
    assert prepared.store.resolve("latest").name == prepared.names[0]
    assert Store(store).versions()[0].name == "v0001"
    assert len(Store(store).versions()) == 1, "the store itself is left alone"
    first, second = prepared.left_out()
    assert len(first) == len(second) == NUM_FLITS // ONE_IN
    assert not first & second
    expected = prepared.expected(["u1"], 50)
    for kind, left_out in enumerate((first, second)):
        assert expected[kind]["u1"]
        assert not set(expected[kind]["u1"]) & left_out


def test_an_answer_that_mixes_versions_is_wrong(prepared: Prepared) -> None:
    first, second = prepared.left_out()
    seen: set[str] = set()

    def judged(flit: object, version: str, header: str) -> bool:
        body = json.dumps({"version": version, "candidates": [{"id": flit}]}).encode()
        reply = Reply(200, f"http/1.1 200 ok\r\nx-graphrec-version: {header}".encode(), body)
        return of_one_version(prepared, (first, second), seen, reply)

    one, other = prepared.names[0], prepared.names[1]
    own, foreign = next(iter(second)), next(iter(first))
    assert judged(own, one, one)
    assert not judged(foreign, one, one), "a flit that this version leaves out"
    assert not judged(own, one, other), "the head names another version than the body"
    assert judged(foreign, other, other)
    assert seen == {one, other}


def test_an_open_loop_keeps_asking_while_nothing_is_answered() -> None:
    """The server answers nothing until five requests have come: a loop that waits for answers would never send them."""

    async def measured() -> Tally:
        received, opened = 0, asyncio.Event()

        async def stalled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal received
            while await reader.read(1 << 16):
                received += 1
                if received == 5:
                    opened.set()
                await opened.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            writer.close()

        async def work() -> None:
            await opened.wait()

        async with await asyncio.start_server(stalled, "127.0.0.1", 0) as server:
            call = Call(question("/", {}), lambda reply: reply.body == b"ok")
            return await under_load(server.sockets[0].getsockname()[1], itertools.repeat(call), 200, work())

    tally = asyncio.run(measured())
    assert tally.statuses[200] == tally.asked == len(tally.seconds) >= 5
    assert tally.wrong == 0


def test_a_broken_connection_is_told_and_nothing_is_sent_twice() -> None:
    received: list[bytes] = []

    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1 << 16))
        writer.close()

    async def asked() -> Reply:
        async with await asyncio.start_server(broken, "127.0.0.1", 0) as server:
            return await Caller(server.sockets[0].getsockname()[1]).ask(question("/", {}))

    assert asyncio.run(asked()) == LOST
    assert len(received) == 1


def test_growth_is_a_line_through_the_second_half() -> None:
    """One worker grows by 36 MB an hour and opens a file every ten looks; the other stays as it is."""
    looks: soak.Looks = [
        (float(at), [Sample(100.0, 80.0, 5, 10), Sample(100 + at / 100, 80.0, 5, 10 + at // 10)]) for at in range(100)
    ]
    result = Result("reliability", 1)
    soak.tell_growth(result, looks)
    found = figures(result)
    assert found["soak.rss_slope_mb_per_hour"] == pytest.approx(36, rel=0.01)
    assert found["soak.rss_growth_per_hour"] == pytest.approx(36 / 100.75, rel=0.01)
    assert found["soak.own_slope_mb_per_hour"] == pytest.approx(0)  # all of it pages of files
    assert result.tables[0]["rows"][4] == {"until": 0.5, "rss_mb": 100.4, "anon_mb": 80.0}
    assert found["soak.threads_end"] == found["soak.threads_early"] == 5
    assert (found["soak.descriptors_early"], found["soak.descriptors_end"]) == (11, 19)


@pytest.mark.slow
def test_swaps_lose_nothing_and_mix_nothing(store: Path) -> None:
    result = Result("reliability", 1)
    swaps.run(result, Options(str(store), 1, seconds=0.5, count=3))
    found = figures(result)
    assert missed(result) == {}
    assert found["swaps.told_apart"] > 0.5
    for way in swaps.WAYS:
        assert found[f"swaps.{way}.swaps"] == 3
        assert found[f"swaps.{way}.requests"] > 50
        assert found[f"swaps.{way}.rate"] <= found[f"swaps.{way}.echo_rps"] / 2


@pytest.mark.slow
def test_killed_workers_lose_nothing_acknowledged(store: Path) -> None:
    result = Result("reliability", 1)
    kills.run(result, Options(str(store), 1, seconds=0, count=1))
    found = figures(result)
    assert missed(result) == {}
    assert found["kills.events_acknowledged"] > 50
    assert found["kills.client_requests"] > 50


@pytest.mark.slow
def test_overload_is_refused_in_words(store: Path) -> None:
    result = Result("reliability", 1)
    overload.run(result, Options(str(store), 1, seconds=1, count=0))
    found = figures(result)
    assert missed(result) == {}
    for route in ("recommend", "interests", "events"):
        assert found[f"overload.{route}.refused"] > 0
        assert found[f"overload.{route}.answered_rps"] > 0


@pytest.mark.slow
def test_a_short_soak_fails_nothing(store: Path) -> None:
    result = Result("reliability", 1)
    soak.run(result, Options(str(store), 1, seconds=4, count=0))
    found = figures(result)
    assert (found["soak.failed"], found["soak.wrong_answers"]) == (0, 0)
    assert 1 <= found["soak.swaps"] <= 3  # a worker that is busy with one version may leave out the next
    assert found["soak.requests"] > 150
