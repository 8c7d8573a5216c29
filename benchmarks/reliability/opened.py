"""What becomes of opening damaged files, each time in a process of its own: a crash is a finding, not the end."""

import multiprocessing
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from enum import Enum
from multiprocessing.context import ForkServerContext

from benchmarks.common import Result
from benchmarks.reliability.damage import Damage, damaged
from graphrec.errors import GraphrecError

PATIENCE_S = 60.0
MOST_BYTES = 8 << 30
"""What a child may ask for: a damaged header can say any size."""


class End(Enum):
    """How it ended, as the exit code of the process."""

    LOADED = 0
    REFUSED = 3
    OTHER_ERROR = 4
    OTHER_ANSWERS = 5
    CRASHED = -1
    HUNG = -2


Ends = list[tuple[Damage, End]]


class OtherAnswers(Exception):
    """What was loaded answers otherwise than before."""


def ends_of(damages: Iterable[Damage], call: Callable[..., None], *args: object) -> Ends:
    """Open files again and again, damaged in another way each time, and tell how it ended.

    Args:
        damages: What is done to them.
        call: Opens them; a function of a module, since it runs elsewhere.
        args: What it is given.

    Raises:
        SystemExit: If the undamaged files do not open, so that a refusal would say nothing.
    """
    within = multiprocessing.get_context("forkserver")
    within.set_forkserver_preload([call.__module__, "graphrec.serving.served", "hnswlib"])
    sound = _in_a_child(within, call, *args)
    if sound is not End.LOADED:
        raise SystemExit(f"what is to be damaged must open first (got {sound.name})")
    ends: Ends = []
    for one in damages:
        with damaged(one):
            ends.append((one, _in_a_child(within, call, *args)))
    return ends


def tell(result: Result, name: str, found: Ends) -> None:
    """Add what came of opening damaged files, none of which may load."""
    for damage, end in found:
        if end is not End.REFUSED:
            print(f"{damage}: {end.name}")
    ends = Counter(end for _, end in found)
    result.add(f"{name}.damaged", ends.total())
    result.add(f"{name}.refused_share", ends[End.REFUSED] / ends.total(), goal=1.0)
    result.add(f"{name}.loaded", ends[End.LOADED], better="lower", goal=0)
    result.add(f"{name}.other_errors", ends[End.OTHER_ERROR], better="lower", goal=0)
    result.add(f"{name}.crashed", ends[End.CRASHED] + ends[End.HUNG], better="lower", goal=0)


def _in_a_child(within: ForkServerContext, call: Callable[..., None], *args: object) -> End:
    child = within.Process(target=_run, args=(call, *args))
    child.start()
    child.join(PATIENCE_S)
    code = child.exitcode
    if code is None:
        child.kill()
        child.join()
        return End.HUNG
    return End.CRASHED if code < 0 else End(code)


def _run(call: Callable[..., None], *args: object) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        call(*args)
    except GraphrecError:
        sys.exit(End.REFUSED.value)
    except OtherAnswers:
        sys.exit(End.OTHER_ANSWERS.value)
    except Exception:
        sys.exit(End.OTHER_ERROR.value)
