"""Who is let in: a token of the route's scope; without tokens this machine alone, and no other site's pages."""

import re
from collections.abc import Mapping
from functools import lru_cache

from graphrec.serving.config import is_loopback
from graphrec.serving.problems import Problem
from graphrec.serving.tokens import Scope, Tokens, allows


def admit(headers: Mapping[bytes, bytes], needed: Scope, tokens: Tokens) -> None:
    """Let in who holds a token of the route's scope.

    Args:
        headers: Headers of the request, names in lower case.
        needed: Scope of the route.
        tokens: Those the service knows.

    Raises:
        Problem: 401 without a known token; 403 with one of a lesser scope, or from elsewhere where there are no tokens.
    """
    if needed == "open":
        return
    if not tokens.held and _of_another_site(headers):
        raise Problem(403, "without tokens only this machine is answered, as localhost, and no other site's pages")
    held = tokens.scope_of(headers.get(b"authorization"))
    if held is None:
        raise Problem(401, "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
    if not allows(held, needed):
        raise Problem(403, f"the token must be of scope {needed} (got {held})")


def _of_another_site(headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a page of another site may be asking, through a browser on this machine.

    Its browser names its origin. Where its name was made to lead to this machine (DNS rebinding), origin and host
    agree, or no origin is named at all: but the host is not one of this machine's own.
    """
    origin, host = headers.get(b"origin"), headers.get(b"host", b"localhost")
    return not _names_this_machine(host) or (origin is not None and origin.partition(b"://")[2] != host)


@lru_cache(maxsize=64)
def _names_this_machine(host: bytes) -> bool:
    """Return whether a ``Host`` header, perhaps with a port, is an address or name that only leads here."""
    name = re.sub(rb":\d*$", b"", host).strip(b"[]")
    return is_loopback(name.decode("latin-1").lower())
