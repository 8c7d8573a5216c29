"""Places that are URIs: which are folders after all, and where this machine keeps copies of the others."""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from graphrec.errors import ConfigError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def remote_uri(place: Path | str) -> str | None:
    """Return a place on object storage as a URI without a slash at its end, or ``None`` for a folder.

    Raises:
        ConfigError: If a URI was made a ``Path``, which swallows one of its slashes.
    """
    text = str(place)
    if isinstance(place, Path) and was_uri(place):
        raise ConfigError(f"a URI must be given as text (got Path({text!r})); give {text.replace(':/', '://', 1)!r}")
    if "://" not in text or text.startswith("file://"):
        return None
    return text.rstrip("/")


def was_uri(path: Path) -> bool:
    """Return whether a path was made from a URI, which is not what anybody wants."""
    return bool(_SCHEME.match(str(path)))


def local_path(place: Path | str) -> Path:
    """Return the absolute path that a path or a ``file://`` URI means.

    Raises:
        ConfigError: If no file can have such a name.
    """
    if isinstance(place, str) and place.startswith("file://"):
        place = unquote(urlsplit(place).path)
    try:
        return Path(place).absolute().resolve()
    except ValueError:  # a NUL, or what cannot be encoded
        raise ConfigError(f"folder must have a name that files can have (got {str(place)!r}); name another") from None


def cache_folder(uri: str) -> Path:
    """Return where this machine keeps what it read from or made for a URI: below ``$GRAPHREC_CACHE``.

    Two servers (``AWS_ENDPOINT_URL``) have two folders. Nothing there is lost when it is removed while nobody works,
    but results that could not be sent yet.
    """
    root = Path(os.environ.get("GRAPHREC_CACHE") or Path.home() / ".cache" / "graphrec")
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    return root.absolute().resolve() / hashlib.sha256(f"{endpoint} {uri}".encode()).hexdigest()[:16]
