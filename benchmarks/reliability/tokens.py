"""Every route with every kind of token, and with what only looks like one: who may not come in gets 401 or 403."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.common import Result
from benchmarks.reliability.options import Options
from benchmarks.reliability.wire import ask, head
from benchmarks.serving.servers import free_port, service
from graphrec.serving.endpoint import USER, Spec
from graphrec.serving.routes import ROUTES
from graphrec.serving.tokens import Scope, allows

TOKENS: Mapping[Scope, str] = {"read": "r" * 40, "write": "w" * 40, "admin": "a" * 40}
ADMIN = TOKENS["admin"]
STRANGERS = {
    "none": (),
    "unknown": ("Bearer " + "x" * 40,),
    "short by one": (f"Bearer {ADMIN[:-1]}",),
    "long by one": (f"Bearer {ADMIN}a",),
    "other case": (f"Bearer {ADMIN.upper()}",),
    "no kind": (ADMIN,),
    "basic": (f"Basic {ADMIN}",),
    "no space": (f"Bearer{ADMIN}",),
    "kind alone": ("Bearer",),
    "nothing behind": ("Bearer  ",),
    "two tokens": (f"Bearer {ADMIN} {ADMIN}",),
    "listed": (f"Bearer {ADMIN},{ADMIN}",),
    "quoted": (f'Bearer "{ADMIN}"',),
    "named": (f"Bearer admin {ADMIN}",),
    "latin-1": ("Bearer \xe9\xff" + "a" * 38,),
    "10 kB": ("Bearer " + "a" * 10_000,),
    "digest of it": ("Bearer " + "0" * 64,),
    "the last of two": (f"Bearer {ADMIN}", "Bearer unknown-unknown-unknown"),
}
"""``Authorization`` headers of somebody who holds no token."""
CLOSED = ("/docs", "/openapi.json")
"""Not there at all where the service is told so, as it is by itself where others reach it."""


def run(result: Result, options: Options) -> None:
    """Ask every route as everybody."""
    requests, wrong, failed = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tokens"
        file.write_text("".join(f"{scope} {token}\n" for scope, token in TOKENS.items()))
        with service(options.store, "--tokens", str(file), "--set", "docs=false") as (port, _, _):
            for what, status, allowed in _answers(port):
                requests, failed = requests + 1, failed + (status >= 500)
                if status not in allowed:
                    wrong += 1
                    print(f"{what}: {status}, not {allowed}")
        result.add("tokens.routes", len(ROUTES))
        result.add("tokens.requests", requests)
        result.add("tokens.not_as_documented", wrong, better="lower", goal=0)
        result.add("tokens.answered_5xx", failed, better="lower", goal=0)
        result.add("tokens.started_open_to_strangers", _starts_open(options.store, folder), better="lower", goal=0)


def documented(needed: Scope, held: Scope | None) -> tuple[int, ...]:
    """Return the statuses that a route may answer.

    Args:
        needed: What it needs.
        held: What the caller holds; ``None``: no token that is known.
    """
    if needed == "open":
        return (200,)
    if held is None:
        return (401,)
    return (200, 404, 422) if allows(held, needed) else (403,)  # what is asked for below need not make sense


def _answers(port: int) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Yield what was asked, the answer's status, and what it may be."""
    for spec in ROUTES:
        what = f"{spec.method} {spec.path}"
        for name, headers in STRANGERS.items():
            yield f"{what}, token {name}", _status(port, spec, *headers), documented(spec.scope, None)
        for scope, token in TOKENS.items():
            yield f"{what} as {scope}", _status(port, spec, f"Bearer {token}"), documented(spec.scope, scope)
    for path in CLOSED:
        asked = head("GET", path, f"Authorization: Bearer {ADMIN}", "Connection: close")
        yield f"GET {path}", ask(port, [asked]).status, (404,)


def _status(port: int, spec: Spec, *tokens: str) -> int:
    """Ask one route, with a body that breaks its rules where it takes one."""
    path = spec.path.replace(USER, "nobody").replace("{digest}", "0" * 64)
    body = b"" if spec.body is None else b'{"x": 1}'
    lines = [*(f"Authorization: {one}" for one in tokens), f"Content-Length: {len(body)}", "Connection: close"]
    return ask(port, [head(spec.method, path, *lines) + body]).status


def _starts_open(store: str, folder: str) -> int:
    """Return for how many addresses the service would have listened to others without any token."""
    code, started = "from graphrec.cli import main; main()", 0
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):  # noqa: S104
        args = ["serve", "--store", store, "--host", host, "--port", str(free_port()), "--state", f"{folder}/state"]
        done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, timeout=60, check=False)  # noqa: S603
        started += done.returncode != 2 or b"give --tokens" not in done.stderr
    return started
