"""The small JSON files of the store: canonical bytes that carry their own checksum, and the names they go by."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrec.errors import ArtifactError, ConfigError

FORMAT_VERSION = 1
"""Layout of the store's records; raised when a reader of today could not read them."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def encode(record: Mapping[str, Any]) -> bytes:
    """Return a record as JSON that ends with the checksum of all before it.

    Raises:
        ArtifactError: If a value is not JSON (NaN and infinity are not).
    """
    content = {"format_version": FORMAT_VERSION, **record}
    try:
        body = json.dumps(content, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ArtifactError(f"Artifact.facts and Version.metrics must be finite JSON values (got: {error})") from None
    checksum = hashlib.sha256(body.encode()).hexdigest()
    return (json.dumps({**content, "record_sha256": checksum}, sort_keys=True, indent=1) + "\n").encode()


def decode(data: bytes, place: Path | str) -> dict[str, Any]:
    """Read what :func:`encode` wrote.

    Args:
        data: The record.
        place: Path or URI it was read from, for messages.

    Raises:
        ArtifactError: If a newer graphrec wrote it, or a single byte differs from what was written.
    """
    name = str(place).rpartition("/")[2]
    try:
        record: dict[str, Any] = json.loads(data)
        version = record.pop("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise ArtifactError(
                f"{name}.format_version must be at most {FORMAT_VERSION} (got {version} in {place}); "
                "a newer graphrec wrote it: upgrade this one"
            )
        record.pop("record_sha256")
        intact = encode(record) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        intact = False
    if not intact:
        raise ArtifactError(f"{name} must be as it was written (got a damaged record at {place}); restore it")
    return record


def check_name(what: str, name: str) -> str:
    """Return ``name`` if it is safe as a file name.

    Raises:
        ConfigError: If it is not lower-case letters, digits and ``. _ -``, at most 64, a letter or digit first.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"{what} must match {_NAME.pattern} (got {name!r}); choose another name")
    return name


def check_fingerprint(value: str) -> str:
    """Return ``value`` if it is 64 hex digits.

    Raises:
        ConfigError: If it is not.
    """
    if not isinstance(value, str) or not _FINGERPRINT.fullmatch(value):
        raise ConfigError(f"fingerprint must be 64 hex digits (got {value!r}); make it with store.fingerprint")
    return value


def is_key(stage: str, fingerprint: str) -> bool:
    """Return whether two names can be those of an artifact; what else lies in a store is not ours."""
    return bool(_NAME.fullmatch(stage) and _FINGERPRINT.fullmatch(fingerprint))


def inside(root: Path, *parts: str) -> Path:
    """Return the path of ``parts`` below ``root``, following links.

    Raises:
        ArtifactError: If a link or a part leads out of ``root``.
    """
    path = root.joinpath(*parts)
    if not path.resolve().is_relative_to(root):
        raise ArtifactError(f"Store.path must stay inside the store (got {'/'.join(parts)!r}, which leaves {root})")
    return path
