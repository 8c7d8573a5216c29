"""Links inside a store that lead out of it: nothing is read, written or removed where they point."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import Result
from benchmarks.reliability.canary import World, differences
from benchmarks.reliability.names_local import NAMED, Seen, refused
from graphrec.errors import GraphrecError
from graphrec.store import Store

STAGE = "bundle"


@dataclass(frozen=True)
class Trap:
    """A link, and what would follow it.

    Attributes:
        name: What the link stands for.
        lay: Puts it into a store.
        step: What somebody then does with the store.
        quiet: Whether that may end well, the link passed over.
    """

    name: str
    lay: Callable[[World], object]
    step: Callable[[Store], object]
    quiet: bool = False


def links(result: Result, store: str) -> None:
    """Lay each trap in a fresh copy of a store, and step into it."""
    seen, touched = Seen(), list[str]()
    for trap in traps():
        with tempfile.TemporaryDirectory() as folder:
            world = World.build(store, Path(folder).resolve())
            trap.lay(world)
            before = world.tree_outside()
            _step(seen, trap, world)
            touched += differences(before, world.tree_outside())
    print(*touched[:20], sep="\n", end="")
    result.add("names.links.traps", seen.calls)
    result.add("names.links.followed", len(seen.odd), better="lower", goal=0)
    result.add("names.links.files_touched", len(touched), better="lower", goal=0)


def traps() -> Sequence[Trap]:
    """Return every place of a store where a link may stand."""
    return (
        Trap("version", lambda world: _moved(world, world.store / f"versions/{NAMED}.json"), _open),
        Trap(
            "alias", lambda world: _moved(world, world.store / "aliases/latest.json"), lambda one: one.resolve("latest")
        ),
        Trap("versions", lambda world: _moved(world, world.store / "versions", litter=True), _save),
        Trap("aliases", lambda world: _moved(world, world.store / "aliases", litter=True), _alias),
        Trap("stage", lambda world: _moved(world, world.store / "artifacts" / STAGE), _open),
        Trap("fingerprint", lambda world: _moved(world, _artifact(world).parent), _open),
        Trap("manifest", lambda world: _moved(world, _artifact(world).parent / "manifest.json"), _open),
        Trap("attempt", lambda world: _moved(world, _artifact(world)), _open),
        Trap("folder of files", lambda world: _moved(world, _artifact(world) / "interests"), _open),
        Trap("file", lambda world: _moved(world, _artifact(world) / "settings.json"), _open),
        Trap("lock", lambda world: _linked(world.store / "catalogue.lock", world.outside / "secret"), _alias),
        Trap("new lock", lambda world: _linked(world.store / "catalogue.lock", world.outside / "made"), _alias),
        Trap("swept stage", lambda world: _linked(world.store / "artifacts/other", world.outside), _collect, True),
        Trap("swept lock", lambda world: _linked(world.store / "catalogue.lock", world.outside / "made"), _collect),
    )


def _open(store: Store) -> object:
    return store.artifact(NAMED, STAGE)


def _alias(store: Store) -> None:
    store.set_alias("other", NAMED)


def _save(store: Store) -> object:
    return store.save_version("other", {}, {})


def _collect(store: Store) -> object:
    return store.gc(keep=1)


def _artifact(world: World) -> Path:
    """Return the folder that holds a version's files."""
    version = Store(world.store).resolve(NAMED)
    home = world.store / "artifacts" / STAGE / version.stages[STAGE].fingerprint
    return next(path for path in home.iterdir() if path.is_dir())


def _moved(world: World, path: Path, *, litter: bool = False) -> None:
    """Move something out of the store and leave a link; ``litter``: with what a writer that died would leave there."""
    target = world.outside / "moved" / path.name
    target.parent.mkdir()
    shutil.move(path, target)
    if litter:
        (target / f"attempt-{'0' * 16}.draft").touch()
    path.symlink_to(target)


def _linked(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _step(seen: Seen, trap: Trap, world: World) -> None:
    store = Store(world.store)
    if trap.quiet:
        with suppress(GraphrecError):
            trap.step(store)
        seen.note(trap.name, right=True, got=None)
    else:
        refused(seen, f"link for {trap.name}", lambda _: trap.step(store), "")
    store.close()
