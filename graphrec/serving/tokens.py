"""Who may do what: bearer tokens of three scopes, compared in constant time."""

import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from graphrec.errors import ConfigError

Scope = Literal["open", "read", "write", "admin"]
"""``open`` needs no token; each of the others may do what those before it may."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
VARIABLE = "GRAPHREC_TOKENS"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")


@dataclass(frozen=True)
class Tokens:
    """Digests of the tokens, each with its scope; none at all lets everybody in.

    Attributes:
        held: sha256 of a token, and what it allows.
    """

    held: tuple[tuple[bytes, Scope], ...] = ()

    def scope_of(self, header: bytes | None) -> Scope | None:
        """Return what an ``Authorization`` header allows; ``None`` where it holds no known token.

        Every token is compared, each in constant time, so that the time taken says nothing about them.
        """
        if not self.held:
            return "admin"
        kind, _, token = (header or b"").partition(b" ")
        digest = hashlib.sha256(token.strip()).digest()
        found: Scope | None = None
        for known, scope in self.held:
            if hmac.compare_digest(known, digest):
                found = scope
        return found if kind.lower() == b"bearer" else None

    @classmethod
    def load(cls, file: str | None) -> "Tokens":
        """Read the tokens of a file and of the environment.

        Args:
            file: Lines of ``scope token``; blank lines and lines that start with ``#`` are skipped.

        Raises:
            ConfigError: If the file cannot be read, a scope is unknown, or a token is too short.
        """
        pairs = [one.partition(":") for one in os.environ.get(VARIABLE, "").split(",") if one.strip()]
        held = [_held(VARIABLE, scope, token) for scope, _, token in pairs]
        return cls((*held, *_of_file(file)))


def allows(held: Scope, needed: Scope) -> bool:
    """Return whether one scope covers another."""
    return SCOPES.index(held) >= SCOPES.index(needed)


def _of_file(file: str | None) -> Sequence[tuple[bytes, Scope]]:
    if file is None:
        return ()
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"tokens must be a readable text file (got {file!r}: {error})") from None
    pairs = [line.split(None, 1) for line in lines if line.strip() and not line.startswith("#")]
    held = [_held(file, one[0], one[1] if len(one) > 1 else "") for one in pairs]
    if not held:
        raise ConfigError(f"tokens must hold a line `scope token` (got none in {file!r})")
    return held


def _held(where: str, scope: str, token: str) -> tuple[bytes, Scope]:
    """Return one pair; the message of a bad one never shows the token."""
    token = token.strip()
    for known in SCOPES[1:]:
        if scope.strip() == known:
            break
    else:
        raise ConfigError(f"tokens of {where} must be of scope {', '.join(SCOPES[1:])} (got {scope.strip()[:16]!r})")
    if not _TOKEN.fullmatch(token):
        raise ConfigError(
            f"tokens of {where} must be 16 to 512 letters, digits or ._~+/=- (got {len(token)} characters); make one "
            "with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
        )
    return hashlib.sha256(token.encode()).digest(), known
