"""Where a test's server may listen."""

import socket


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
