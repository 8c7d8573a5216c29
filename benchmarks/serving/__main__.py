"""The service beside an echo of the same answer size, run the same way: rates, latencies, start and memory.

Servers run in processes of their own, one worker or replica each unless said otherwise; the load comes from this
process, in closed loops of 1, 16 and 64 connections asking for the top 50 of one user after another. ``computed``: no
answer is remembered and no list of the version read. ``remembered``: each has been asked before. ``listed``:
each is a list of the version, for stores whose version keeps lists of 50. The echo runs before and after, and its mean
counts.

    make demo && python -m benchmarks.serving --store demo/store [--only rates]

Parts: rates, workers, events (``graphrec serve``, which is uvicorn); ray (``serve run``, behind each of Ray's proxies).
"""

import importlib

from benchmarks.common import Result, arguments, stoppable
from benchmarks.serving.questions import Questions

PARTS = {"rates": "on_uvicorn", "workers": "on_uvicorn", "events": "on_uvicorn", "ray": "on_ray"}
"""Part, a function, to the module of this package that holds it."""


def main() -> None:
    """Run the parts; the result file is written after each."""
    stoppable()
    parser = arguments("serving", __doc__)
    parser.add_argument("--store", default="demo/store", help="store with a version to serve")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each loop")
    options = parser.parse_args()
    if options.only not in (None, *PARTS):
        parser.error(f"--only must be one of {', '.join(PARTS)} (got {options.only!r})")
    result = Result("serving", 0)
    questions = Questions.of(options.store, options.seconds)
    for part in PARTS if options.only is None else (options.only,):
        module = importlib.import_module(f"benchmarks.serving.{PARTS[part]}")  # Ray is not needed by the others
        getattr(module, part)(result, questions)
        result.save(options.out)


if __name__ == "__main__":
    main()
