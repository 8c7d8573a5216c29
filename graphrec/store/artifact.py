"""One published artifact: where its files are and what they must be."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphrec.errors import ArtifactError
from graphrec.store.files import files_below, sha256_file


@dataclass(frozen=True)
class FileRecord:
    """What a file was when it was published."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Artifact:
    """A stage's output on disk, immutable."""

    stage: str
    """Name of the stage."""
    fingerprint: str
    """Key of what went in."""
    digest: str
    """sha256 of what came out: over sorted (name, sha256) of the files, so without times and durations."""
    path: Path
    """Folder that holds the files."""
    files: Mapping[str, FileRecord]
    """Relative POSIX name → checksum and size."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the stage said of its output: shapes, counts."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Name → digest of what was read."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Distribution → version that shaped the output."""
    seconds: float = 0.0
    """Wall-clock seconds that the stage took."""
    created: str = ""
    """When it was published, ISO 8601, UTC."""

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(one.bytes for one in self.files.values())

    def file(self, name: str) -> Path:
        """Return the path of one file.

        Raises:
            ArtifactError: If the artifact has no such file.
        """
        if name not in self.files:
            raise ArtifactError(f"{self.stage} artifact must hold {name!r} (got {', '.join(self.files)})")
        return self.path / name

    def verify(self, names: Iterable[str] | None = None) -> None:
        """Read the files again and compare size and sha256 with the manifest.

        Args:
            names: The files to check; ``None`` checks all, and that no other file was added.

        Raises:
            ArtifactError: Naming the first file that is missing, changed or not in the manifest.
        """
        if self.path.is_symlink():
            raise self._damaged(self.path.name, "a folder", "a link")
        for name in self.files if names is None else names:
            self._verify_file(name)
        if names is None:
            for name in files_below(self.path).keys() - self.files.keys():
                raise self._damaged(name, "no such file", "a file")

    def _verify_file(self, name: str) -> None:
        path, expected = self.file(name), self.files[name]
        if not path.is_file() or path.is_symlink():
            raise self._damaged(name, "a file", "none")
        if path.stat().st_size != expected.bytes:
            raise self._damaged(name, f"{expected.bytes} bytes", f"{path.stat().st_size}")
        if sha256_file(path) != expected.sha256:
            raise self._damaged(name, f"sha256 {expected.sha256[:12]}…", "another content")

    def _damaged(self, name: str, rule: str, got: str) -> ArtifactError:
        return ArtifactError(
            f"{self.stage} artifact {self.fingerprint[:12]}: {name} must be {rule} (got {got}); "
            f"remove {self.path.parent} and run again"
        )


def record_files(folder: Path) -> dict[str, FileRecord]:
    """Read every file below ``folder`` and return its checksum and size by relative name.

    Raises:
        ArtifactError: If there is no file, or something that is not a plain file.
    """
    found = {name: FileRecord(sha256_file(path), path.stat().st_size) for name, path in files_below(folder).items()}
    if not found:
        raise ArtifactError("Artifact.files must not be empty (got a stage that wrote nothing)")
    return found


def digest_of(files: Mapping[str, FileRecord]) -> str:
    """Return the digest of an artifact with these files."""
    pairs = sorted((name, one.sha256) for name, one in files.items())
    return hashlib.sha256(json.dumps(pairs, separators=(",", ":")).encode()).hexdigest()
