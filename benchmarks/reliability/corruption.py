"""Damaged files of a published version: none is loaded, whatever was done to it, and the old version goes on.

Each damaged file is opened in a process of its own, as the service opens it. Beside that: what hnswlib itself makes of
a flipped bit in its file, without graphrec's check.
"""

import random
import shutil
import tempfile
from pathlib import Path

from benchmarks.common import Result
from benchmarks.reliability.corruption_index import bare_index, index_alone
from benchmarks.reliability.corruption_served import served
from benchmarks.reliability.damage import plan
from benchmarks.reliability.opened import ends_of, tell
from benchmarks.reliability.options import Options
from graphrec.serving.served import Served
from graphrec.store import Artifact, Store, fingerprint

STAGES = ("bundle", "model")
"""What the service opens of a version."""
SERVED = 26
"""Of the damages, so many befall a version that the alias of a running service comes to name."""


def run(result: Result, options: Options) -> None:
    """Damage the newest version in every way, and see what loads."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "store"
        shutil.copytree(options.store, root, ignore=shutil.ignore_patterns("checkpoints", "*_cache", "state"))
        old, new = two_versions(root)
        planned = plan(files_of(root, new), files_of(root, old), options.count, options.seed)
        result.add("corruption.version.files", len({one.path for one in planned}))
        result.add("corruption.version.kinds", len({one.kind for one in planned}))
        ends = ends_of(planned, open_version, str(root), new)
        tell(result, "corruption.version", ends)
        sample = random.Random(options.seed).sample(planned, min(SERVED, len(planned)))
        served(result, root, (old, new), sample)
        index_alone(result, root, Path(folder), options)
        bare_index(result, Path(folder), options)


def open_version(store: str, version: str) -> None:
    """Open a version as the service does."""
    Served.open(store, version)


def two_versions(root: Path) -> tuple[str, str]:
    """Return the version before the newest, and the newest; where there is one alone, a second is copied from it."""
    store = Store(root)
    latest = store.resolve("latest")
    before = [one.name for one in store.versions() if one.name != latest.name]
    if before:
        return before[-1], latest.name
    copies = {stage: _copied(store, store.artifact(latest, stage)) for stage in STAGES}
    return latest.name, store.save_version("copied", copies, {}).name


def _copied(store: Store, artifact: Artifact) -> Artifact:
    key = fingerprint(artifact.stage, stage_version=1, config={"copy": artifact.fingerprint}, inputs={})

    def copy(folder: Path) -> None:
        shutil.copytree(artifact.path, folder, dirs_exist_ok=True)

    return store.publish(artifact.stage, key, copy)


def files_of(root: Path, version: str) -> list[Path]:
    """Return every file that opening a version reads: its own, those of its artifacts, their manifests."""
    found = Store(root).resolve(version)
    homes = [root / "artifacts" / stage / found.stages[stage].fingerprint for stage in STAGES]
    below = [path for home in homes for path in sorted(home.rglob("*")) if path.is_file()]
    return [root / "versions" / f"{version}.json", *below]
