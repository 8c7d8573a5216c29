"""Hostile names through the Python API and through the command line."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from benchmarks.common import Result
from benchmarks.reliability.canary import SONG, World
from graphrec.cli.app import app
from graphrec.errors import GraphrecError
from graphrec.formats import export
from graphrec.retrieval.retriever import Retriever
from graphrec.serving.served import Served
from graphrec.store import Store

FINGERPRINT = "0" * 64
NAMED = "v0001"
"""A version that stands in every store that has any."""
IN_A_PROCESS = ("v0001\udcff", "\udc80\udc80", "../../canary/secret", "-rf", "latest\n", "\u202etset", "\x1b[2J", "")
"""Names given to a command in a process of its own, as a shell does; two are bytes that are no UTF-8."""
Call = Callable[[str], object]
Kinds = tuple[type[Exception], ...]


@dataclass
class Seen:
    """What became of the calls of one kind.

    Attributes:
        calls: How many.
        odd: Those that did not end as they should.
    """

    calls: int = 0
    odd: list[str] = field(default_factory=list)

    def note(self, what: str, *, right: bool, got: object) -> None:
        """Count one call."""
        self.calls += 1
        if not right:
            self.odd.append(what)
            print(f"{what}: {str(got)[:200]!r}")

    def tell(self, result: Result, name: str) -> None:
        """Add the figures."""
        result.add(f"{name}.calls", self.calls)
        result.add(f"{name}.not_as_documented", len(self.odd), better="lower", goal=0)


def python_api(result: Result, world: World, names: Sequence[str]) -> None:
    """Give every name as a version, an alias, a stage and a store; each has to end in an error of graphrec's own."""
    store, seen = Store(world.store), Seen()
    calls = _calls(store, world)
    with chdir(world.work):
        for name in names:
            for what, call in calls.items():
                refused(seen, f"{what} {name[:60]!r}", call, name)
            refused(seen, f"Store {name[:60]!r}", _open_store, name, (GraphrecError, OSError))
    store.close()
    seen.tell(result, "names.python")


def _calls(store: Store, world: World) -> Mapping[str, Call]:
    """Return everything that takes the name of a version, an alias or a stage."""
    version = store.resolve(NAMED)
    stages = {"bundle": store.artifact(version, "bundle")}
    return {
        "resolve": store.resolve,
        "verify": store.verify,
        "artifact of": lambda name: store.artifact(name, "bundle"),
        "stage": lambda name: store.artifact(version, name),
        "alias_history": store.alias_history,
        "set_alias": lambda name: store.set_alias(name, NAMED),
        "set_alias to": lambda name: store.set_alias("other", name),
        "save_version": lambda name: store.save_version(name, stages, {}),
        "find stage": lambda name: store.find(name, FINGERPRINT),
        "find fingerprint": lambda name: store.find("bundle", name),
        "publish stage": lambda name: store.publish(name, FINGERPRINT, _write),
        "publish fingerprint": lambda name: store.publish("bundle", name, _write),
        "Retriever.open": lambda name: Retriever.open(world.store, name),
        "Served.open": lambda name: Served.open(str(world.store), name),
        "export": lambda name: export(world.store, world.work / "out", version=name),
    }


def _write(folder: Path) -> None:
    (folder / "file").write_text("must never be written")


def _open_store(name: str) -> object:
    return Store(name).resolve("latest")


def refused(seen: Seen, what: str, call: Call, name: str, kinds: Kinds = (GraphrecError,)) -> None:
    """Call something that has to end in an error of graphrec's own, or of some other kind."""
    try:
        got = call(name)
    except Exception as error:
        right = isinstance(error, kinds) and SONG not in str(error)
        seen.note(what, right=right, got=f"{type(error).__name__}: {error}")
    else:
        seen.note(what, right=False, got=got)


def commands(result: Result, world: World, names: Sequence[str]) -> None:
    """Give every name to the commands that take one; none may end in a traceback."""
    seen, runner = Seen(), CliRunner()
    given = [name for name in names if "\0" not in name and _encodes(name)]  # no others can be given to a program
    with chdir(world.work):
        for name in given:
            for command, codes in _commands(world, name):
                done = runner.invoke(app, command)
                raised = done.exception is not None and not isinstance(done.exception, SystemExit)
                right = done.exit_code in codes and not raised and SONG not in done.output
                seen.note(f"graphrec {' '.join(command)[:120]!r}", right=right, got=(done.exit_code, done.exception))
        for name in IN_A_PROCESS:
            for command, codes in _commands(world, name)[:3]:
                _in_a_process(seen, command, codes)
    seen.tell(result, "names.commands")


def _commands(world: World, name: str) -> list[tuple[list[str], tuple[int, ...]]]:
    """Return command lines, each with the exit codes it may have: an unknown user is given what is popular."""
    store = ["--store", str(world.store)]
    return [
        (["recommend", *store, "-k", "3", "--", name], (0, 2)),
        (["interests", *store, "--", name], (2,)),
        (["recommend", *store, f"--version={name}", "somebody"], (1, 2)),
        (["similar", *store, "--", name], (2,)),
        (["versions", f"--store={name}"], (0, 1, 2)),
        (["export", *store, f"--version={name}", str(world.work / "out")], (1, 2)),
        (["serve", *store, f"--version={name}", "--port", "0"], (1, 2)),
    ]


def _in_a_process(seen: Seen, command: Sequence[str], codes: tuple[int, ...]) -> None:
    line = [sys.executable, "-c", "from graphrec.cli import main; main()", *command]
    done: Any = subprocess.run(line, capture_output=True, timeout=120, check=False)  # noqa: S603
    output = done.stdout + done.stderr
    right = done.returncode in codes and b"Traceback" not in output and SONG.encode() not in output
    seen.note(f"process {' '.join(command)[:120]!r}", right=right, got=output[-200:])


def _encodes(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True
