"""Ways to damage a file of a store, each of which is taken back."""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STRAY = "stray.npy"
PAGE = 4096


@dataclass(frozen=True)
class Damage:
    """One damaged file.

    Attributes:
        kind: How.
        path: Which.
        seed: What chance is rooted in.
        other: The file that it changes places with, or whose content it gets; ``None`` for other kinds.
    """

    kind: str
    path: Path
    seed: int
    other: Path | None = None

    def __str__(self) -> str:
        behind = "" if self.other is None else f", {self.other.parent.name}/{self.other.name}"
        return f"{self.kind}: {self.path.parent.name}/{self.path.name}{behind} (seed {self.seed})"


def plan(files: Sequence[Path], strangers: Sequence[Path], count: int, seed: int) -> list[Damage]:
    """Return damages; every kind falls on every file in turn, as far as it can.

    Args:
        files: Files of one version.
        strangers: Files of another version.
        count: How many.
        seed: What chance is rooted in.
    """
    rng = random.Random(seed)
    contents = {path: path.read_bytes() for path in (*files, *strangers)}

    def others(kind: str, path: Path) -> list[Path]:
        pool = files if kind == SWAPPED else [one for one in strangers if role(one) == role(path)]
        return [one for one in pool if contents[one] != contents[path]] if kind in (SWAPPED, STRANGE) else []

    planned = list[Damage]()
    while len(planned) < count:
        turn = len(planned)
        path = files[turn // len(KINDS) % len(files)]
        kind = KINDS[turn % len(KINDS)]
        found = others(kind, path)
        if (kind in (SWAPPED, STRANGE) and not found) or (kind == ADDED and not _in_attempt(path)):
            kind = "byte"
        planned.append(Damage(kind, path, rng.randrange(2**32), rng.choice(found) if found else None))
    return planned


def role(path: Path) -> tuple[str, ...]:
    """Return what a file is in its version: the stage and the name below the attempt."""
    _, _, behind = path.as_posix().rpartition("/artifacts/")
    stage, _, *rest = behind.split("/") if behind and behind != path.as_posix() else ("versions", "")
    return (stage, *rest[1:]) if len(rest) > 1 else (stage, *rest)


@contextmanager
def damaged(damage: Damage) -> Iterator[None]:
    """Do it for the length of a ``with`` block."""
    touched = [one for one in (damage.path, damage.other) if one is not None]
    kept = {path: path.read_bytes() for path in touched}
    try:
        _do(damage, kept[damage.path])
        yield
    finally:
        for path, data in kept.items():
            path.write_bytes(data)
        damage.path.with_name(STRAY).unlink(missing_ok=True)


def _do(damage: Damage, data: bytes) -> None:
    path, other = damage.path, damage.other
    if damage.kind == REMOVED:
        path.unlink()
    elif damage.kind == ADDED:
        shutil.copyfile(path, path.with_name(STRAY))
    elif other is not None:
        path.write_bytes(other.read_bytes())
        if damage.kind == SWAPPED:
            other.write_bytes(data)
    else:
        path.write_bytes(CHANGES[damage.kind](random.Random(damage.seed), data))


def _in_attempt(path: Path) -> bool:
    """Return whether a file is one of an artifact's: where a strange one beside it is damage too."""
    return any(one.name.startswith("attempt-") for one in path.parents)


def _bit(rng: random.Random, data: bytes) -> bytes:
    place = rng.randrange(8 * len(data))
    changed = bytearray(data)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def _byte(rng: random.Random, data: bytes) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes([(data[place] + rng.randrange(1, 256)) % 256]) + data[place + 1 :]


def _page_lost(rng: random.Random, data: bytes) -> bytes:
    """Put zeros where something stood, as a page that was never written."""
    place = rng.choice([at for at in range(0, len(data), PAGE) if data[at : at + PAGE].strip(b"\0")])
    return data[:place] + bytes(len(data[place : place + PAGE])) + data[place + PAGE :]


def _inserted(rng: random.Random, data: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.randbytes(1) + data[place:]


CHANGES: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "bit": _bit,
    "byte": _byte,
    "cut": lambda rng, data: data[: rng.randrange(len(data))],
    "emptied": lambda rng, data: b"",
    "appended": lambda rng, data: data + rng.randbytes(rng.randrange(1, PAGE)),
    "page lost": _page_lost,
    "inserted": _inserted,
    "noise": lambda rng, data: rng.randbytes(len(data)),
}
SWAPPED, STRANGE, REMOVED, ADDED = "swapped", "of another version", "removed", "one added beside"
KINDS = ("bit", *CHANGES, SWAPPED, STRANGE, REMOVED, ADDED)
"""Single bits come twice as often."""
