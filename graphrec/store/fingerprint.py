"""The key of what goes into a stage."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from pydantic import BaseModel

from graphrec.errors import ConfigError
from graphrec.section import Section


def fingerprint(
    stage: str,
    *,
    stage_version: int,
    config: Section | Mapping[str, Any],
    inputs: Mapping[str, str],
    libraries: Sequence[str] = (),
) -> str:
    """Return the sha256 (64 hex digits) of everything that shapes a stage's output.

    Args:
        stage: Name of the stage.
        stage_version: The stage's ``STAGE_VERSION``, raised when its output changes.
        config: The stage's resolved settings: no ``auto``, no clock, no worker counts.
        inputs: Name → digest of each artifact or weights file that is read.
        libraries: Distributions whose version shapes the output, such as ``"hnswlib"``.

    Raises:
        ConfigError: If a setting is not JSON, or a library is not installed.
    """
    parts = {
        "stage": stage,
        "stage_version": stage_version,
        "config": _plain(config),
        "inputs": dict(inputs),
        "libraries": library_versions(libraries),
    }
    try:
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{stage}.config must hold finite JSON values (got: {error}); resolve it first") from None
    return hashlib.sha256(text.encode()).hexdigest()


def library_versions(names: Sequence[str]) -> dict[str, str]:
    """Return distribution name → installed version, sorted by name.

    Raises:
        ConfigError: If one is not installed.
    """
    try:
        return {name: metadata.version(name) for name in sorted(names)}
    except metadata.PackageNotFoundError as error:
        raise ConfigError(f"libraries must be installed distributions (got {error.name!r}); install it") from None


def _plain(value: Any) -> Any:
    """Return pydantic models and mappings as plain JSON values."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
