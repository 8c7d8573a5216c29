"""The threads that a worker's handlers run on: all of them from its start, so that what it takes does not creep up."""

import threading
from concurrent.futures import ThreadPoolExecutor

NAME = "handlers"


def started(size: int) -> ThreadPoolExecutor:
    """Return a pool whose threads all run; left to itself it starts another whenever work happens to overlap."""
    pool, together = ThreadPoolExecutor(size, NAME), threading.Barrier(size)
    for one in [pool.submit(together.wait) for _ in range(size)]:
        one.result()
    return pool
