"""A tree that nobody may touch: what lies in it, and in a store beside it, before and after."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

SONG = "the canary sings 6f1d"
"""Stands in every file outside; no answer and no message may hold it."""


@dataclass(frozen=True)
class World:
    """A copy of a store beside things that are none of its business.

    Attributes:
        root: Holds everything.
    """

    root: Path

    @property
    def store(self) -> Path:
        """The copy."""
        return self.root / "store"

    @property
    def outside(self) -> Path:
        """What nobody may read or touch."""
        return self.root / "canary"

    @property
    def work(self) -> Path:
        """An empty folder to work in."""
        return self.root / "work"

    @classmethod
    def build(cls, store: str, root: Path) -> "World":
        """Copy a store and lay out the rest."""
        world = cls(root)
        shutil.copytree(store, world.store, ignore=shutil.ignore_patterns("checkpoints", "*_cache", "state"))
        world.work.mkdir()
        draft = f"{'0' * 64}/attempt-{'0' * 16}"  # as a writer that died would leave it in a store
        for name in ("secret", "secret.json", "aliases/latest.json", f"{draft}.draft", f"{draft}/file"):
            path = world.outside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(SONG)
        return world

    def tree(self) -> dict[str, str]:
        """Return every name below the root and what lies there; links are told, not followed."""
        return _tree(self.root)

    def tree_outside(self) -> dict[str, str]:
        """Return the same of what lies outside the store."""
        return _tree(self.outside)


def _tree(root: Path) -> dict[str, str]:
    walked = ((Path(folder), (*folders, *files)) for folder, folders, files in os.walk(root))
    paths = [folder / name for folder, names in walked for name in names]
    return {str(path.relative_to(root)): _told(path) for path in paths}


def _told(path: Path) -> str:
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if path.is_dir():
        return f"folder {path.stat().st_mode:o}"
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mode:o}"


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return the names that came, went or changed, sorted."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
