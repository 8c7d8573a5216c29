import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from graphrec.serving.service import THREADS
from graphrec.serving.threads import NAME, started
from tests.serving.world import serving


def handlers() -> set[int]:
    """Return the threads of this process that handlers run on."""
    return {one.ident or 0 for one in threading.enumerate() if one.name.startswith(NAME)}


def test_all_threads_of_a_pool_run_at_once_and_none_comes_later() -> None:
    before = handlers()
    with started(4) as pool:
        there = handlers() - before
        assert len(there) == 4
        assert set(pool.map(lambda _: threading.get_ident(), range(64))) <= there
        assert handlers() - before == there
    assert not handlers() & there


def test_a_worker_has_the_threads_it_starts_with_whoever_overlaps(planted_store: Path, tmp_path: Path) -> None:
    before = handlers()
    wish = {"interests": [{"flit": "f1", "factor": 0.5}]}
    with serving(planted_store, tmp_path) as server:
        there = handlers() - before
        assert len(there) == THREADS

        def ask(number: int) -> int:
            if number % 3 == 0:
                event = {"event_id": f"e{number}", "user": "u0", "flit": "f0", "kind": "like"}
                return server.post("/v1/events", events=[event]).status_code
            if number % 3 == 1:
                return server.ask("PATCH", "/v1/users/u1/interests", wish).status_code
            return server.ask("GET", "/v1/users/u2/interests").status_code

        with ThreadPoolExecutor(12) as callers:
            assert set(callers.map(ask, range(60))) == {200}
        assert handlers() - before == there
    assert not handlers() & there
