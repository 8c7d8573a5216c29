"""A service whose alias comes to name damaged versions: it says so, and answers as before."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import httpx2

from benchmarks.common import Result
from benchmarks.reliability.damage import Damage, damaged
from benchmarks.serving.servers import service
from graphrec.store import Store
from graphrec.store.files import write_over

QUESTION = {"user": "nobody", "k": 20}
PATIENCE_S = 30.0
SWAPS = "graphrec_swaps_total"


def served(result: Result, root: Path, versions: tuple[str, str], planned: Sequence[Damage]) -> None:
    """Point the alias at a damaged version, and back to the old one, for each damage in turn.

    Args:
        result: Where the figures go.
        root: The store.
        versions: The one that is served, and the one that is damaged.
        planned: What is done to the latter.
    """
    alias = root / "aliases" / "latest.json"
    aims = [_aimed(root, alias, version) for version in versions]
    write_over(alias, aims[0], "alias")
    told, ready, same = 0, 0, 0
    with (
        service(str(root), "--set", "poll_s=0.05") as (port, _, _),
        httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        before = _answer(client)
        for one in planned:
            refusals = _refusals(client)
            with damaged(one):
                write_over(alias, aims[1], "alias")
                told += _until(partial(_told_since, client, refusals))
                ready += client.get("/readyz").json()["version"] == versions[0]
                same += _answer(client) == before
                write_over(alias, aims[0], "alias")
                _until(lambda: client.get("/readyz").json()["refused"] == [])
        write_over(alias, aims[1], "alias")
        mended = _until(lambda: client.get("/readyz").json()["version"] == versions[1])
    result.add("corruption.served.damaged", len(planned))
    result.add("corruption.served.refused_and_told", told, goal=len(planned))
    result.add("corruption.served.ready_with_the_old", ready, goal=len(planned))
    result.add("corruption.served.answered_as_before", same, goal=len(planned))
    result.add("corruption.served.swapped_once_mended", mended, goal=1)


def _aimed(root: Path, alias: Path, version: str) -> bytes:
    """Return the record of an alias that names a version: nobody could make one of a damaged version."""
    Store(root).set_alias(alias.stem, version)
    return alias.read_bytes()


def _told_since(client: httpx2.Client, refusals: float) -> bool:
    return _refusals(client) > refusals


def _answer(client: httpx2.Client) -> bytes:
    return client.post("/v1/recommend", json=QUESTION).content


def _refusals(client: httpx2.Client) -> float:
    """Return how often a version was refused, or could not be read at all."""
    lines = client.get("/metrics").text.splitlines()
    outcomes = [f'{SWAPS}{{outcome="{one}"}}' for one in ("refused", "unreachable")]
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(tuple(outcomes)))


def _until(holds: Callable[[], bool]) -> bool:
    """Return whether something came to hold in time."""
    end = time.monotonic() + PATIENCE_S
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.02)
    return found
