"""Callers that take their time: each is given up, and nobody else has to wait for them."""

import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from benchmarks.common import Result
from benchmarks.reliability.wire import Reply, ask, head

EACH = 16
PAUSE_S = 0.1
LENGTH = 200
"""Drops, each after a pause: many times as long as anybody has patience."""
SPARE_S = 2.0
"""How much later than due an answer may come on a busy machine."""
HEAD_S = 5.0
"""Seconds a head may take."""
QUESTION = b'{"user": "nobody", "k": 1}'
POST = ("POST", "/v1/recommend")


def slow(result: Result, port: int, timeout_s: float) -> None:
    """Let slow callers of every kind come at once, and ask in between.

    Args:
        result: Where the figures go.
        port: Of the service.
        timeout_s: Seconds it gives a body.
    """
    stop, asked = threading.Event(), list[tuple[int, float]]()
    usual = threading.Thread(target=_ask_on, args=(port, stop, asked))
    usual.start()
    with ThreadPoolExecutor(len(CALLERS) * EACH) as pool:
        calls = {name: [pool.submit(_called, port, one) for _ in range(EACH)] for name, one in CALLERS.items()}
        found = {name: [one.result() for one in kind] for name, kind in calls.items()}
    stop.set()
    usual.join()
    heads = found.pop("head, drop by drop")
    bodies = [one for kind in found.values() for one in kind]
    late = sum(seconds > timeout_s + SPARE_S for _, seconds in bodies)
    result.add("bodies.slow.bodies", len(bodies))
    result.add("bodies.slow.not_408", sum(one.status != 408 for one, _ in bodies), better="lower", goal=0)
    result.add("bodies.slow.given_up_late", late, better="lower", goal=0)
    result.add("bodies.slow.heads", len(heads))
    held = sum(seconds > HEAD_S + SPARE_S for _, seconds in heads)
    result.add("bodies.slow.heads_held", held, better="lower", goal=0)
    result.add("bodies.slow.asked_meanwhile", len(asked))
    result.add("bodies.slow.failed_meanwhile", sum(status != 200 for status, _ in asked), better="lower", goal=0)
    result.add("bodies.slow.slowest_meanwhile_s", max(took for _, took in asked), unit="s", better="lower")


def _drops(data: bytes) -> list[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


CALLERS: Mapping[str, Iterable[bytes]] = {
    "body, drop by drop": [head(*POST, f"Content-Length: {LENGTH}"), *_drops(b" " * LENGTH)],
    "chunks, drop by drop": [head(*POST, "Transfer-Encoding: chunked"), *[b"1\r\n \r\n"] * LENGTH],
    "nothing behind the head": [head(*POST, f"Content-Length: {LENGTH}")],
    "head, drop by drop": _drops(head(*POST, f"X-Long: {'x' * LENGTH}")),
}
"""What each kind sends; whoever sends nothing more waits for an answer."""


def _called(port: int, pieces: Iterable[bytes]) -> tuple[Reply, float]:
    """Return the answer and the seconds until it, or until the connection was closed."""
    started = time.perf_counter()
    reply = ask(port, pieces, pause_s=PAUSE_S, patience_s=LENGTH * PAUSE_S)
    return reply, time.perf_counter() - started


def _ask_on(port: int, stop: threading.Event, asked: list[tuple[int, float]]) -> None:
    """Ask what anybody may ask, again and again."""
    while not stop.is_set():
        started = time.perf_counter()
        request = head(*POST, f"Content-Length: {len(QUESTION)}", "Connection: close") + QUESTION
        asked.append((ask(port, [request]).status, time.perf_counter() - started))
        time.sleep(PAUSE_S / 2)
