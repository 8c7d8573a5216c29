"""What the service promises, put to the test: swaps, kills, overload and an hour of load; hostile input of every kind.

Every part starts ``graphrec serve`` of its own on a copy of the store. Each figure is named ``<part>.<figure>``; beside
its figures a part tells its seed and how busy the machine was with other things before it began.

    make demo && python -m benchmarks.reliability --store demo/store [--only PART]

Parts: swaps, kills, overload, soak (under load); api, tokens, bodies, names, corruption (hostile input).
"""

import importlib
import os

from benchmarks.common import Result, arguments, stoppable
from benchmarks.reliability.options import Options

PARTS = {
    "swaps": (20.0, 100),
    "kills": (0.0, 20),
    "overload": (10.0, 0),
    "api": (0.0, 10_000),
    "tokens": (0.0, 0),
    "bodies": (0.0, 0),
    "names": (0.0, 200),
    "corruption": (0.0, 1000),
    "soak": (3600.0, 0),
}
"""Part, a module of this package, to the ``seconds`` and the ``count`` it takes unless told otherwise."""


def main() -> None:
    """Run the parts; the result file is written after each, so that what an early one found is not lost."""
    stoppable()
    parser = arguments("reliability", __doc__)
    parser.add_argument("--store", default="demo/store", help="store with a version to serve")
    parser.add_argument("--seed", type=int, default=1, help="what chance is rooted in")
    parser.add_argument("--seconds", type=float, default=None, help="length of each timed loop")
    parser.add_argument("--count", type=int, default=None, help="how many swaps, kills, cases or files")
    given = parser.parse_args()
    if given.only not in (None, *PARTS):
        parser.error(f"--only must be one of {', '.join(PARTS)} (got {given.only!r})")
    result = Result("reliability", given.seed)
    for part in PARTS if given.only is None else (given.only,):
        seconds, count = PARTS[part]
        seconds = seconds if given.seconds is None else given.seconds
        count = count if given.count is None else given.count
        try:
            module = importlib.import_module(f"benchmarks.reliability.{part}")  # some need what others do not
        except ModuleNotFoundError as error:
            parser.error(f"part {part} must have all it imports (got {error})")
        result.add(f"{part}.seed", given.seed)
        result.add(f"{part}.load_average_before", os.getloadavg()[0], better="lower")
        module.run(result, Options(given.store, given.seed, seconds, count))
        result.save(given.out)


if __name__ == "__main__":
    main()
