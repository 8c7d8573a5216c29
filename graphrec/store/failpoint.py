"""Places where a test can kill the process, to show that no crash tears the store."""

import os
import signal


def failpoint(name: str) -> None:
    """Kill this process (SIGKILL) if the environment variable ``GRAPHREC_FAILPOINT`` is ``name``.

    The names, in the order they are passed: ``publish.opened``, ``publish.written``, ``publish.sealed``,
    ``publish.drafted``, ``publish.committed``; ``version.drafted``, ``version.committed``; ``alias.drafted``,
    ``alias.replaced``; ``gc.withdrawn``, ``gc.emptied``.
    """
    if os.environ.get("GRAPHREC_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
