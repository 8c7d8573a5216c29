"""What the store's tests run in processes of their own: ``python -m tests.store.worker COMMAND ROOT [ARGUMENT]``."""

import os
import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from graphrec.errors import StoreWriteError
from graphrec.store import Artifact, Store, fingerprint, remote

REPOSITORY = Path(__file__).parents[2]


def key(number: int = 0) -> str:
    """Return the fingerprint of the stage that the tests publish."""
    return fingerprint("stage", stage_version=1, config={"number": number}, inputs={})


def write(folder: Path) -> dict[str, Any]:
    """Write two files, one in a folder."""
    (folder / "vectors.bin").write_bytes(bytes(range(256)) * 64)
    (folder / "parts").mkdir()
    (folder / "parts" / "ids.txt").write_text("bird_0042\n")
    return {"rows": 64}


def put(store: Store, number: int = 0) -> Artifact:
    """Publish the artifact of ``number``."""
    return store.publish("stage", key(number), write, inputs={"tables": "aa"})


def say(line: str) -> None:
    """Answer the test."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def everything(root: Path | str, name: str) -> None:
    """Publish, name, point at and collect, each once."""
    store = Store(root)
    put(store, 1)
    store.close()
    version = store.save_version(name, {"stage": put(store)}, {"recall": 0.5})
    store.set_alias("latest", version)
    store.gc(keep=1)


def many(root: Path | str, who: str) -> None:
    """Publish ten shared artifacts, and ten versions of our own."""
    store = Store(root)
    for number in range(10):
        version = store.add_version({"stage": put(store, number)}, {"who": who, "number": number})
        store.set_alias("latest", version)
    say(" ".join(put(store, number).digest for number in range(10)))


def full(root: Path | str, limit: str) -> None:
    """Publish where no file may grow beyond ``limit`` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        put(Store(root), 7)
    except StoreWriteError as error:
        say(str(error))


def hold(root: Path | str, _: str) -> None:
    """Find an artifact and keep it until somebody closes our standard input."""
    store = Store(root)
    say(str(store.find("stage", key()) is not None))
    sys.stdin.read()


def start(command: str, root: Path | str, argument: str = "", failpoint: str = "") -> subprocess.Popen[str]:
    """Start one of the commands above in a process of its own."""
    environment = {**os.environ, "GRAPHREC_FAILPOINT": failpoint}
    arguments = [sys.executable, "-m", "tests.store.worker", command, str(root), argument]
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, cwd=REPOSITORY, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


if __name__ == "__main__":
    remote.SPARED = timedelta(seconds=-5)  # collect what was written just now
    commands = {one.__name__: one for one in (everything, many, full, hold)}
    commands[sys.argv[1]](sys.argv[2], sys.argv[3])
