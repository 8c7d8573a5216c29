"""The service from Python: typed answers, and retries, which are safe because every route may be asked twice."""

import random
import time
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel

from graphrec.errors import GraphrecError
from graphrec.ids import Id
from graphrec.serving import messages as m

Model = TypeVar("Model", bound=BaseModel)
BUSY = frozenset({408, 429, 502, 503, 504})
"""Statuses after which the same request may succeed."""
FIRST_WAIT_S = 0.1
"""Seconds before the first retry at most; doubled with each."""
MOST_WAIT_S = 5.0


class ServiceError(GraphrecError):
    """The service said no, or could not be reached.

    Attributes:
        status: HTTP status; ``None`` where there was no answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """Asks a graphrec service; safe to share between threads.

    A request that met a busy or broken connection is sent again: asking changes nothing, and events carry ids by which
    the service knows them.

    Args:
        url: Where the service listens, such as ``http://127.0.0.1:8000``.
        token: A bearer token.
        retries: How often a request is sent again.
        timeout_s: Seconds to wait for each answer.
    """

    def __init__(self, url: str, token: str | None = None, *, retries: int = 5, timeout_s: float = 10.0) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout_s)
        self._retries = retries

    def recommend(self, user: Id, k: int = 50, *, explain: bool = False, **wishes: Any) -> m.Recommended:
        """Return candidates for a user.

        Args:
            user: Whom for.
            k: Length of the list at most.
            explain: Say why each stands there.
            wishes: As :class:`graphrec.serving.messages.Wishes`: ``muted``, ``where``, ``diversity``, …
        """
        body = {"user": user, "k": k, "explain": explain, "wishes": wishes}
        return self._post("/v1/recommend", body, m.Recommended)

    def recommend_from(self, flits: Sequence[Id], k: int = 50, **wishes: Any) -> m.Recommended:
        """Return candidates for somebody never seen, from his last actions, oldest first."""
        return self._post("/v1/recommend-from", {"flits": list(flits), "k": k, "wishes": wishes}, m.Recommended)

    def similar(self, id_: Id, k: int = 10, *, node_type: str | None = None) -> m.Neighbours:
        """Return the nearest neighbours of a node, a flit unless ``node_type`` says otherwise."""
        return self._post("/v1/similar", {"id": id_, "k": k, "type": node_type}, m.Neighbours)

    def search(self, text: str, k: int = 10) -> m.Neighbours:
        """Return the flits nearest to a text."""
        return self._post("/v1/search", {"text": text, "k": k}, m.Neighbours)

    def embed(self, text: str | None = None, image: bytes | None = None) -> m.Embedded:
        """Return the vector of a flit that the version does not know."""
        body = m.Embed.model_construct(text=text, image=image).model_dump(mode="json")
        return self._post("/v1/embed", body, m.Embedded)

    def interests(self, user: Id) -> m.UserInterests:
        """Return a user's interests, the most important first, and his wishes."""
        return self._ask("GET", f"{_path(user)}/interests", None, m.UserInterests)

    def wish(self, user: Id, factors: Mapping[Id, float]) -> m.UserInterests:
        """Set what interests are worth to a user: flit to factor; 0 mutes, 1 takes the wish back."""
        body = {"interests": [{"flit": flit, "factor": factor} for flit, factor in factors.items()]}
        return self._ask("PATCH", f"{_path(user)}/interests", body, m.UserInterests)

    def act(self, user: Id, flit: Id, kind: str, *, time_s: int | None = None, event_id: str | None = None) -> m.Kept:
        """Tell one thing that a user did, and return once it is on the service's disk.

        Args:
            user: Who.
            flit: On what.
            kind: As your tables call it: ``like``, ``hide``.
            time_s: When, seconds since 1970 UTC; default: now.
            event_id: By which it is known when told again; default: a new one.
        """
        event = m.NewEvent(event_id=event_id or uuid.uuid4().hex, user=user, flit=flit, kind=kind, time_s=time_s)
        return self.add_events([event])

    def add_events(self, events: Sequence[m.NewEvent]) -> m.Kept:
        """Tell many things that users did; all of them are on disk when this returns."""
        return self._post("/v1/events", {"events": [one.model_dump(mode="json") for one in events]}, m.Kept)

    def forget(self, user: Id) -> m.Forgotten:
        """Forget a user: from now on he is unknown."""
        return self._ask("DELETE", _path(user), None, m.Forgotten)

    def version(self) -> m.VersionInfo:
        """Return which version answers."""
        return self._ask("GET", "/version", None, m.VersionInfo)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _post(self, path: str, body: Mapping[str, Any], answer: type[Model]) -> Model:
        return self._ask("POST", path, body, answer)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, answer: type[Model]) -> Model:
        for tried in range(self._retries + 1):
            last = tried == self._retries
            try:
                found = self._http.request(method, path, json=body)
            except httpx2.TransportError as error:
                if last:
                    raise ServiceError(f"service must answer (got {type(error).__name__} {tried + 1} times)") from error
                _wait(tried)
                continue
            if found.status_code == 200:
                return answer.model_validate_json(found.content)
            if last or not _may_pass(found):
                raise ServiceError(_told(found), found.status_code)
            _wait(tried, found.headers.get("retry-after", ""))
        raise AssertionError("the last try returns or raises")


def _may_pass(found: httpx2.Response) -> bool:
    """Return whether the same request may succeed later.

    A 500 that is not the service's own comes from a proxy: Ray's answer so where a replica died over the request.
    """
    return found.status_code in BUSY or (found.status_code == 500 and found.headers.get("content-type") != m.PROBLEM)


def _path(user: Id) -> str:
    """Return a user's path; dots are escaped too, for a segment of dots alone would be resolved away."""
    return f"/v1/users/{quote(str(user), safe='').replace('.', '%2E')}"


def _wait(tried: int, asked: str = "") -> None:
    """Wait a random while, longer with each try, and as long as the service asks for."""
    longest = min(MOST_WAIT_S, FIRST_WAIT_S * 2**tried)
    time.sleep(random.uniform(longest / 2, longest) if not asked.isdigit() else min(MOST_WAIT_S, int(asked)))


def _told(found: httpx2.Response) -> str:
    """Return a refusal in words."""
    try:
        told = m.Told.model_validate_json(found.content)
    except ValueError:
        return f"service must answer with 200 (got {found.status_code})"
    rules = "; ".join(f"{one['field']}: {one['rule']}" for one in told.rules or ())
    return f"{told.title} (got {told.status}, request {told.request_id})" + (f": {rules}" if rules else "")
