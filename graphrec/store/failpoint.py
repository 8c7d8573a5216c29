"""Places where a test can kill the process, to show that no crash tears the store or loses a job."""

import os
import signal
from pathlib import Path


def failpoint(name: str) -> None:
    """Kill this process (SIGKILL) if the environment variable ``GRAPHREC_FAILPOINT`` is ``name``, or lists it.

    The names, in the order they are passed: ``publish.opened``, ``publish.written``, ``publish.sealed``,
    ``publish.drafted``, ``publish.committed``; ``version.drafted``, ``version.committed``; ``alias.drafted``,
    ``alias.replaced``; ``gc.withdrawn``, ``gc.emptied``. On a cluster, in the process that does the work:
    ``task.<work>``, ``batch.<work>``, ``training.reported``.

    ``GRAPHREC_FAILPOINT_ONCE`` names a folder that remembers which points have killed: each does so once.
    """
    if name not in os.environ.get("GRAPHREC_FAILPOINT", "").split(","):
        return
    once = os.environ.get("GRAPHREC_FAILPOINT_ONCE")
    if once is None or _first_time(Path(once) / name.replace(" ", "_")):
        os.kill(os.getpid(), signal.SIGKILL)


def _first_time(marker: Path) -> bool:
    """Return whether nobody has left this marker before."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
