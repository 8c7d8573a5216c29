"""The head of a request is held to a length and a time, which uvicorn by itself does not do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graphrec.serving.protocol import MOST_HEAD_BYTES, BoundedProtocol
from tests.serving.world import Running, bearer, serving

START = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@contextmanager
def connected(running: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        yield connection


@pytest.fixture
def hasty(planted_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server that waits a fifth of a second for a head."""
    init = BoundedProtocol.__init__

    def made(self: BoundedProtocol, *args: Any, **settings: Any) -> None:
        init(self, *args, **settings)
        self.timeout_keep_alive = 0.2  # type: ignore[assignment]

    monkeypatch.setattr(BoundedProtocol, "__init__", made)
    with serving(planted_store, tmp_path) as running:
        yield running


@pytest.mark.parametrize("sent", [b"", b"G", START, START + b"\r\n" + START])
def test_a_head_that_never_ends_is_given_up(hasty: Running, sent: bytes) -> None:
    with connected(hasty) as connection:
        connection.sendall(sent)
        told = b"".join(iter(lambda: connection.recv(1 << 16), b""))  # ends when the server closes
    assert told.count(b"HTTP/1.1 200") == sent.count(b"\r\n\r\n")


def test_a_head_without_end_is_cut_off(server: Running) -> None:
    endless = START + b"X-Long: " + b"x" * (1000 * MOST_HEAD_BYTES)
    with connected(server) as connection, pytest.raises(OSError, match=r"reset|Broken pipe"):
        connection.sendall(endless)


def test_a_long_head_and_a_long_body_in_one_piece_are_answered(server: Running) -> None:
    body = b'{"user": "u0", "k": 1' + b" " * 8000 + b"}"
    lines = [f"{name}: {value}" for name, value in bearer("read").items()]
    head = "\r\n".join(["POST /v1/recommend HTTP/1.1", "Host: x", *lines, f"X-Long: {'x' * 30_000}"])
    request = f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with connected(server) as connection:
        for _ in range(3):  # one after another on one connection: each head has its own bounds
            connection.sendall(request)
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_a_quick_caller_keeps_his_connection(hasty: Running) -> None:
    with connected(hasty) as connection:
        for _ in range(3):
            connection.sendall(START + b"\r\n")
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
