"""Tokens, limits, and what a refusal says."""

import hmac
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import ConfigError
from graphrec.serving.application import create_app
from graphrec.serving.config import ServingConfig, is_loopback
from graphrec.serving.endpoint import Spec
from graphrec.serving.messages import MAX_EVENTS, MAX_K, MAX_LIST
from graphrec.serving.routes import ROUTES
from graphrec.serving.tokens import SCOPES, VARIABLE, Tokens, allows
from tests.serving.world import TOKENS, Running, serving

GUARDED = [spec for spec in ROUTES if spec.scope != "open"]
NAMES = [f"{spec.method} {spec.path}" for spec in GUARDED]


UNANSWERED = {"/v1/projection": 404, "/v1/images/{digest}": 422}
"""What the planted version does not hold, and a path that names no image."""


def path_of(spec: Spec) -> str:
    return spec.path.replace("{user:id}", "u0" if spec.method != "DELETE" else "somebody-else")


@pytest.mark.parametrize("spec", GUARDED, ids=NAMES)
@pytest.mark.parametrize("scope", [None, "wrong-token-0123456789", TOKENS["read"][:-1], *SCOPES[1:]])
def test_every_route_asks_for_its_token(server: Running, spec: Spec, scope: str | None) -> None:
    found = server.ask(spec.method, path_of(spec), None if spec.body is None else {"x": 1}, scope)
    if scope not in TOKENS:
        assert found.status_code == 401
        assert found.headers["www-authenticate"] == "Bearer"
    elif not allows(scope, spec.scope):  # type: ignore[arg-type]
        assert found.status_code == 403
    else:
        assert found.status_code == (UNANSWERED.get(spec.path, 200) if spec.body is None else 422)


def test_only_health_is_open(server: Running) -> None:
    assert {spec.path for spec in ROUTES if spec.scope == "open"} == {"/healthz", "/readyz"}
    assert server.ask("GET", "/healthz", scope=None).json() == {"status": "ok"}
    assert server.ask("GET", "/readyz", scope=None).json() == {"ready": True, "version": "v0001", "refused": []}


def test_another_kind_of_authorization_is_none(server: Running) -> None:
    token = TOKENS["admin"]
    for header in (f"Basic {token}", token, f"Bearer{token}", f"Bearer {token}x", "Bearer", "Bearer "):
        request = f"GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n\r\n".encode()
        assert server.raw(request).startswith(b"HTTP/1.1 401")


def test_tokens_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"read:{TOKENS['read']},admin:{TOKENS['admin']}")
    held = Tokens.load(None)
    assert held.scope_of(f"Bearer {TOKENS['read']}".encode()) == "read"
    assert held.scope_of(f"bearer {TOKENS['admin']}".encode()) == "admin"
    assert held.scope_of(None) is None


def test_every_token_is_compared_in_constant_time_whatever_is_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, ",".join(f"{scope}:{token}" for scope, token in TOKENS.items()))
    held, compared = Tokens.load(None), []
    whole = hmac.compare_digest

    def seen(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return whole(one, other)

    monkeypatch.setattr(hmac, "compare_digest", seen)
    for scope, header in {"read": TOKENS["read"], "admin": TOKENS["admin"], None: "x"}.items():
        assert held.scope_of(f"Bearer {header}".encode()) == scope
    assert held.scope_of(b"") is held.scope_of(None) is None
    assert compared == [(32, 32)] * 5 * len(TOKENS)  # digests of one length, all of them each time


@pytest.mark.parametrize(
    ("text", "rule"),
    [("root abcdefghijklmnopqrst", "must be of scope read, write, admin"), ("read short", "must be 16 to 512"),
     ("read", "must be 16 to 512"), ("# nothing", "must hold a line")],
)  # fmt: skip
def test_a_bad_file_of_tokens_is_refused_without_showing_them(tmp_path: Path, text: str, rule: str) -> None:
    (tmp_path / "t").write_text(text)
    with pytest.raises(ConfigError, match=rule) as told:
        Tokens.load(str(tmp_path / "t"))
    assert "abcdefgh" not in str(told.value)
    assert "short" not in str(told.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", "127.0.0.1.example.org"])
def test_strangers_are_not_listened_to_without_tokens(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="host must be this machine itself"):
        create_app(ServingConfig(store=str(tmp_path), host=host))
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, 200), ("http://{host}", 200), ("http://example.org", 403), ("null", 403), ("http://127.0.0.1:1", 403)],
)
def test_pages_of_other_sites_do_not_ask_a_service_without_tokens(
    planted_store: Path, tmp_path: Path, origin: str | None, status: int
) -> None:
    import httpx2

    with serving(planted_store, tmp_path, tokens=None) as open_to_all:
        host = open_to_all.url.removeprefix("http://")
        headers = {} if origin is None else {"Origin": origin.format(host=host)}
        found = httpx2.post(f"{open_to_all.url}/v1/recommend", json={"user": "u1"}, headers=headers)
    assert found.status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:{port}", 200), ("LOCALHOST", 200), ("127.0.0.1", 200), ("[::1]:{port}", 200)]
    + [(host, 403) for host in ("rebound.example.org:{port}", "localhost.example.org", "10.0.0.1", "", "[::1].x")],
)
def test_names_that_were_led_here_are_not_answered_without_tokens(
    planted_store: Path, tmp_path: Path, host: str, status: int
) -> None:
    """DNS rebinding: the page's own name leads to this machine, so that its browser sees no other site."""
    with serving(planted_store, tmp_path, tokens=None) as open_to_all:
        port = open_to_all.url.rpartition(":")[2]
        request = f"GET /version HTTP/1.1\r\nHost: {host.format(port=port)}\r\n\r\n"
        assert open_to_all.raw(request.encode()).startswith(f"HTTP/1.1 {status}".encode())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_this_machine_is(host: str) -> None:
    assert is_loopback(host)


def test_docs_stand_open_on_this_machine_alone(server: Running, planted_store: Path, tmp_path: Path) -> None:
    assert server.ask("GET", "/openapi.json", scope=None).status_code == 200
    assert "http" not in server.ask("GET", "/docs", scope=None).text.replace("https://json-schema.org", "")
    with serving(planted_store, tmp_path, docs=False) as closed:
        assert closed.ask("GET", "/openapi.json").status_code == 404
        assert closed.ask("GET", "/docs").status_code == 404
    assert not ServingConfig(store="s", host="0.0.0.0").shows_docs


def test_the_description_names_every_route_and_model(server: Running) -> None:
    told = server.ask("GET", "/openapi.json").json()
    routes = {(path, method.upper()) for path, methods in told["paths"].items() for method in methods}
    assert routes == {(spec.shown, spec.method) for spec in ROUTES}
    schemas = told["components"]["schemas"]
    assert schemas["Recommend"]["properties"]["k"]["maximum"] == MAX_K
    references = json.dumps(told).count('"$ref"')
    assert references > 20
    assert all(f'"{name}"' in json.dumps(told) for name in schemas)


def body_of(size: int) -> bytes:
    """Return a valid question of a given size: JSON may be padded."""
    start = b'{"user": "u0", "k": 1'
    return start + b" " * (size - len(start) - 1) + b"}"


def chunked(body: bytes, size: int = 1000) -> bytes:
    parts = [body[place : place + size] for place in range(0, len(body), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


HEAD = f"POST /v1/recommend HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKENS['read']}\r\n".encode()


@pytest.mark.parametrize(("size", "status"), [(30, 200), (8192, 200), (8193, 413), (1 << 20, 413)])
def test_a_body_is_held_to_its_limit_with_and_without_length(server: Running, size: int, status: int) -> None:
    body = body_of(size)
    with_length = server.raw(HEAD + f"Content-Length: {size}\r\n\r\n".encode() + body[:60_000])
    assert with_length.startswith(f"HTTP/1.1 {status}".encode())
    without = server.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body)[:60_000])
    assert without.startswith(f"HTTP/1.1 {status}".encode())
    assert len(without) < 4096


def test_a_huge_declared_body_is_refused_before_it_is_sent(server: Running) -> None:
    assert server.raw(HEAD + b"Content-Length: 67108864\r\n\r\n").startswith(b"HTTP/1.1 413")


def test_without_a_token_no_body_is_read(server: Running) -> None:
    head = b"POST /v1/recommend HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n"
    assert server.raw(head).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("sent", [b"", b"{"])
def test_a_body_that_never_comes_is_given_up(planted_store: Path, tmp_path: Path, sent: bytes) -> None:
    with serving(planted_store, tmp_path, timeout_s=0.2) as running:
        assert running.raw(HEAD + b"Content-Length: 50\r\n\r\n" + sent).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("recommend", {"user": "u0", "k": 0}, "k"),
        ("recommend", {"user": "u0", "k": MAX_K + 1}, "k"),
        ("recommend", {"user": True}, "user"),
        ("recommend", {"user": None}, "user"),
        ("recommend", {"user": 2**63}, "user"),
        ("recommend", {"user": "u0", "wishes": {"muted": ["f1"] * (MAX_LIST + 1)}}, "wishes.muted"),
        ("recommend", {"user": "u0", "wishes": {"where": {"secret-column": [["x"]]}}}, "wishes.where"),
        ("recommend", {"user": "u0", "wishes": {"diversity": 2}}, "wishes.diversity"),
        ("recommend", {"user": "u0", "secret-field": 1}, ""),
        ("recommend-from", {"flits": []}, "flits"),
        ("recommend-from", {"flits": ["f1"] * (MAX_LIST + 1)}, "flits"),
        ("events", {"events": [{"event_id": "x", "user": "u", "flit": "f", "kind": "k"}] * (MAX_EVENTS + 1)}, "events"),
        ("search", {"text": ""}, "text"),
    ],
)  # fmt: skip
def test_limits_are_told_by_field_and_nothing_is_echoed(
    planted_store: Path, tmp_path: Path, server: Running, path: str, body: dict[str, Any], field: str
) -> None:
    if path == "events":
        with serving(planted_store, tmp_path) as wide:
            found = wide.post(f"/v1/{path}", **body)
    else:
        found = server.post(f"/v1/{path}", **body)
    assert found.status_code == 422
    assert any(one["field"].startswith(field) for one in found.json()["rules"])
    assert "secret" not in found.text
    assert len(found.content) < 4096


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"user": "\\ud800"}', b"[" * 5000])
def test_what_is_no_json_object_is_refused(server: Running, body: bytes) -> None:
    found = server.raw(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert found.startswith(b"HTTP/1.1 422")


def test_a_rule_of_the_catalogue_is_told_without_what_was_sent(server: Running) -> None:
    found = server.post("/v1/recommend", user="u0", wishes={"where": {"secret": ["x"]}})
    assert found.status_code == 422
    assert "Request.where must name columns of the catalogue" in found.json()["title"]
    assert "secret" not in found.text


def test_unknown_routes_and_methods_are_problems_too(server: Running) -> None:
    found = server.ask("GET", "/v2")
    assert found.json() == {"status": 404, "title": "not found", "request_id": found.headers["x-request-id"]}
    assert server.ask("GET", "/v1/recommend").status_code == 405
    assert server.ask("GET", "/version/").status_code == 404


def whole(connection: socket.socket) -> bytes:
    """Return one answer, in however many pieces it comes."""
    found = connection.recv(1 << 16)
    while b"\r\n\r\n" not in found:
        found += connection.recv(1 << 16)
    head, _, body = found.partition(b"\r\n\r\n")
    (length,) = (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def test_too_many_are_refused_at_once_and_told_when_to_come_back(planted_store: Path, tmp_path: Path) -> None:
    """Twenty connections send at the same moment to a worker that keeps two waiting; each gets an answer."""
    question = HEAD + b"Content-Length: 30\r\n\r\n" + body_of(30)
    with serving(planted_store, tmp_path, max_waiting=2, answers_kept=0) as running:
        connections = [socket.create_connection(("127.0.0.1", running.port), timeout=10) for _ in range(20)]
        for _ in range(5):
            for one in connections:
                one.sendall(question)
            answers = [whole(one) for one in connections]
            statuses = {answer[9:12] for answer in answers}
            assert statuses <= {b"200", b"503"}
            assert b"200" in statuses
            assert all(b"retry-after: 1" in answer for answer in answers if answer[9:12] == b"503")
        for one in connections:
            one.close()
        assert running.candidates()


def test_metrics_tell_routes_and_never_ids(server: Running) -> None:
    server.post("/v1/recommend", user="somebody-private", k=3)
    server.ask("GET", "/v1/users/somebody-private/interests")
    text = server.ask("GET", "/metrics").text
    assert 'graphrec_requests_total{route="/v1/recommend",status="200"}' in text
    assert 'route="/v1/users/{user}/interests",status="404"' in text
    assert "graphrec_request_seconds_bucket" in text
    assert "somebody-private" not in text
