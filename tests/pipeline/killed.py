"""A run in a process of its own that dies where it is told: ``python -m tests.pipeline.killed DATA STORE [POINT]``.

A point is a stage's name (death while it writes) or ``training`` (death between two epochs). Every stage that is done,
and every epoch, is told on standard output, one JSON line each.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphrec.pipeline import Runner, StageDone, run
from graphrec.store import Artifact, Store

REPOSITORY = Path(__file__).parents[2]
FILES_BEFORE_DEATH = 2


def die() -> None:
    """End this process as a power cut would."""
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def say(**what: Any) -> None:
    """Tell the test something."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class MortalRunner(Runner):
    """A runner that dies while it writes one stage."""

    point = ""

    def stage(self, name: str, *, write: Callable[[Path], Any], **rest: Any) -> Artifact:
        """Run a stage; in the one to die in, at the second file it opens, at the latest before it is published."""
        if name != self.point:
            return super().stage(name, write=write, **rest)

        def fatal(folder: Path) -> None:
            _die_at_second_file(folder)
            write(folder)
            (folder / "half").write_bytes(b"torn")
            die()

        return super().stage(name, write=fatal, **rest)


def _die_at_second_file(folder: Path) -> None:
    """Watch what is opened for writing below ``folder``."""
    opened = set()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and str(args[0]).startswith(str(folder)) and "w" in str(args[1] or ""):
            opened.add(str(args[0]))
            if len(opened) == FILES_BEFORE_DEATH:
                die()

    sys.addaudithook(hook)


def main(data: str, store: str, point: str) -> None:
    """Run the quick config, telling every stage."""
    from tests.pipeline.conftest import quick_config

    def told(done: StageDone) -> None:
        say(stage=done.stage, found=done.found)

    def progress(what: str, done: int, total: int) -> None:
        if what == "training":
            say(epoch=done)
            if point == "training" and done < total:
                die()

    runner = MortalRunner(Store(store), on_progress=progress, on_stage=told)
    runner.point = point
    version = run(quick_config(Path(data), Path(store)), runner=runner)
    say(version=version.name, stages={stage: ref.digest for stage, ref in version.stages.items()})


def start(data: Path, store: Path, point: str = "") -> tuple[int, list[dict[str, Any]]]:
    """Run to the end or to death; return the exit code and what was told."""
    arguments = [sys.executable, "-m", "tests.pipeline.killed", str(data), str(store), point]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(arguments, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    main(*[*sys.argv[1:], ""][:3])
