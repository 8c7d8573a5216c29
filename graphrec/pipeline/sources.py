"""Which files a config reads, and what they hold: the first fingerprint of a run."""

import hashlib
from pathlib import Path

from graphrec.errors import DataError
from graphrec.store.files import sha256_file
from graphrec.tables.config import InputConfig
from graphrec.tables.image_files import image_files


def source_files(config: InputConfig, data: Path) -> list[Path]:
    """Return every file that the declared tables name, sorted.

    Raises:
        DataError: If a table names no file.
    """
    found: set[Path] = set()
    for pattern in config.patterns:
        matches = [path for path in data.glob(pattern) if path.is_file()] if not Path(pattern).is_absolute() else []
        if not matches:
            raise DataError(f"table must be a file below {data} (got {pattern!r}); set `data` or mend the name")
        found.update(matches)
    return sorted(found)


def sources_digest(config: InputConfig, data: Path) -> str:
    """Return the sha256 over names and contents of all source files, images in files of their own included."""
    parts = [f"{path.relative_to(data)} {sha256_file(path)}" for path in source_files(config, data)]
    images = image_files(config, data)
    parts += [f"{node_type} {name} {sha256_file(path)}" for (node_type, name), path in images.items()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
