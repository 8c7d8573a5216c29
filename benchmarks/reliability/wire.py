"""HTTP as bytes on a socket: what no client would send can be sent, and an early answer is seen while sending."""

import select
import socket
from collections.abc import Iterable
from dataclasses import dataclass

LOST = 0
"""Status of a request whose connection closed without an answer."""


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        status: Of the first answer; :data:`LOST` where there was none.
        head: Its status line and headers, as sent.
        body: What came behind them.
        sent: Bytes of the request that were sent before it was answered.
    """

    status: int
    head: bytes
    body: bytes
    sent: int


def head(method: str, path: bytes | str, *lines: str) -> bytes:
    """Return a request's head, closed by an empty line.

    Args:
        method: As it is sent.
        path: As it is sent: text goes as ASCII, bytes as they are.
        lines: Headers besides ``Host``, as they are sent.
    """
    target = path.encode("ascii") if isinstance(path, str) else path
    rest = "".join(f"{line}\r\n" for line in ("Host: localhost", *lines))
    return method.encode() + b" " + target + b" HTTP/1.1\r\n" + rest.encode("latin-1") + b"\r\n"


def ask(port: int, pieces: Iterable[bytes], *, pause_s: float = 0.0, patience_s: float = 30.0) -> Reply:
    """Send a request piece by piece until it is answered, and return the answer.

    Args:
        port: Of a server on this machine.
        pieces: The request.
        pause_s: How long to listen for an early answer before each piece.
        patience_s: How long to wait for the server to take a piece, and to answer.
    """
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as connection:
        for piece in pieces:
            if select.select([connection], [], [], pause_s)[0]:
                break
            try:
                connection.sendall(piece)
            except OSError:  # closed, perhaps with an answer
                break
            sent += len(piece)
        return _reply(connection, sent)


def _reply(connection: socket.socket, sent: int) -> Reply:
    """Read one answer to its end."""
    data = b""
    try:
        while not _whole(data):
            part = connection.recv(1 << 16)
            if not part:
                break
            data += part
    except OSError:
        pass
    top, _, body = data.partition(b"\r\n\r\n")
    status = int(top[9:12]) if top.startswith(b"HTTP/1.1 ") else LOST
    return Reply(status, top, body, sent)


def _whole(data: bytes) -> bool:
    """Return whether an answer has come to its end; one without a length ends with its connection."""
    top, found, body = data.partition(b"\r\n\r\n")
    place = top.lower().find(b"\r\ncontent-length:")
    if not found or place < 0:
        return False
    return len(body) >= int(top[place + 17 :].split(b"\r\n", 1)[0])
