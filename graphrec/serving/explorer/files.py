"""The page itself: files read once, sent with a policy that lets it load nothing from elsewhere."""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

PAGE = Path(__file__).parent / "page"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def page_routes() -> list[BaseRoute]:
    """Return the routes of the page; it holds no data, so it needs no token."""
    files = {path.name: path for path in sorted(PAGE.iterdir()) if path.suffix in KINDS}
    routes: list[BaseRoute] = [Route(f"/explorer/{name}", _Static(path)) for name, path in files.items()]
    routes.append(Route("/explorer/", _Static(files["index.html"])))
    return [*routes, Route("/explorer", _to_page), Route("/", _to_page)]


class _Static:
    """The ASGI application of one file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._body = path.read_bytes()
        self._kind = f"{KINDS[path.suffix]}; charset=utf-8"
        self._etag = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or word that it has not changed."""
        same = Request(scope).headers.get("if-none-match") == self._etag
        headers = HEADERS | {"ETag": self._etag, "Content-Type": self._kind}
        response = Response(status_code=304, headers=headers) if same else Response(self._body, headers=headers)
        await response(scope, receive, send)


async def _to_page(request: Request) -> Response:
    """Lead to the page, wherever the application is mounted."""
    return RedirectResponse("explorer/" if request.url.path.endswith("/") else "./explorer/", headers=HEADERS)
