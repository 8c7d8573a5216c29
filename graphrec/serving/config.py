"""How the service runs."""

import ipaddress
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from graphrec.errors import ConfigError
from graphrec.section import Section
from graphrec.store.uri import remote_uri

COUNTS = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder through which workers add up their counts; prometheus_client reads it when it is imported."""


class ServingConfig(Section):
    """Settings of ``graphrec serve`` and of the Ray Serve application."""

    store: str = "store"
    """The store: a folder, or a URI such as ``s3://bucket/store``."""
    version: str = "latest"
    """A version, or an alias, which is followed: where it moves, the service moves without losing a request."""
    state: str | None = None
    """SQLite file of events, wishes and forgets; ``None``: ``state/state.sqlite`` in the store's folder."""
    host: str = "127.0.0.1"
    """Address to listen on; anything but this machine itself needs tokens."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on."""
    workers: int = Field(default=1, ge=1, le=256)
    """Processes; each answers on one core."""
    tokens: str | None = None
    """File of ``scope token`` lines (read, write, admin); besides, ``GRAPHREC_TOKENS`` holds such pairs as
    ``scope:token``, separated by commas. Without any, whoever reaches the port may do everything."""
    docs: bool | None = None
    """Whether ``/docs`` and ``/openapi.json`` answer; ``None``: only where the service listens to this machine."""
    poll_s: float = Field(default=0.5, gt=0, le=60)
    """Seconds between two looks at where the alias points."""
    max_waiting: int = Field(default=128, ge=1)
    """Requests a worker keeps waiting; more are answered 503 with ``Retry-After`` at once."""
    timeout_s: float = Field(default=5.0, gt=0)
    """Seconds a request may wait for its turn, and a body may take to arrive."""
    max_body_bytes: int = Field(default=128 * 1024, ge=1024)
    """Longest body."""
    max_image_bytes: int = Field(default=8 * 2**20, ge=1024)
    """Longest body of ``/v1/embed``, which may hold an image in base64."""
    answers_kept: int = Field(default=4096, ge=0)
    """Answers a worker remembers; they hold until the version or what is known of the user changes."""
    lists: bool = True
    """Whether to answer from the lists that a version keeps, where it does (``lists.k`` of its config)."""
    encoder_at_start: bool = False
    """Loads the text encoder before a worker answers: seconds, and hundreds of MB; else its first search does."""
    actions: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default={"like": 1.0, "share": 1.5, "reply": 1.2, "click": 0.7}
    )
    """Kind of event to its weight in the user's interests, as ``weight`` of the config's action edges."""
    hides: dict[str, Annotated[float, Field(ge=0)]] = Field(default={"hide": 1.0})
    """Kind of event that takes the flit out of the user's answers to its weight against the interest it belongs to; 0:
    against none."""
    impressions: tuple[str, ...] = ("impression",)
    """Kinds of events that say a flit was shown: they count against the cap on repeats of an ad."""

    @model_validator(mode="after")
    def _state_has_a_place(self) -> Self:
        if self.state is None and remote_uri(self.store) is not None:
            raise ValueError("state must name a file where the store is a URI (got none); give --state FILE")
        return self

    @property
    def state_path(self) -> Path:
        """The file of the state."""
        return Path(self.state) if self.state is not None else Path(self.store) / "state" / "state.sqlite"

    @property
    def local(self) -> bool:
        """Whether the service listens to this machine alone."""
        return is_loopback(self.host)

    @property
    def shows_docs(self) -> bool:
        """Whether the descriptions of the API are served."""
        return self.local if self.docs is None else self.docs


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine alone; a name other than ``localhost`` is not trusted."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_guarded(config: ServingConfig, guarded: bool) -> None:
    """Refuse to listen to others without tokens.

    Raises:
        ConfigError: If the address is not loopback and there are no tokens.
    """
    if not config.local and not guarded:
        raise ConfigError(
            f"host must be this machine itself (127.0.0.1) where there are no tokens (got {config.host!r}): anybody "
            "who reaches it could read, write and forget; give --tokens FILE with lines such as `read <token>`"
        )
