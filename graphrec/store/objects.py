"""The door to object storage: a prefix of a bucket, a few verbs, and errors that one line tells.

Credentials and endpoint come from the environment, as every tool of the cloud reads them:

- S3 and what speaks its language: ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``,
  ``AWS_REGION``, ``AWS_ENDPOINT_URL`` (a server of one's own, ``http://`` too), or the role of the machine;
  ``AWS_SKIP_SIGNATURE=true`` reads public buckets.
- Google: ``GOOGLE_APPLICATION_CREDENTIALS``. Azure: ``AZURE_STORAGE_ACCOUNT_NAME``, ``AZURE_STORAGE_ACCOUNT_KEY``.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from graphrec.errors import ArtifactError, ConfigError, GraphrecError, StoreWriteError
from graphrec.store.refusal import is_missing_bucket, told

T = TypeVar("T")
R = TypeVar("R")
WORKERS = 8
"""Files under way at once."""
PART_BYTES = 8 * 2**20
MOST_PARTS = 5_000
QUICK: Mapping[str, Any] = {"connect_timeout": "3s", "timeout": "5s"}
"""Patience with small requests: somebody is told within seconds that nobody answers."""
PATIENT: Mapping[str, Any] = {"connect_timeout": "3s", "read_timeout": "60s", "timeout": "7days"}
"""Patience with whole files: as long as bytes flow."""
RETRY: Mapping[str, Any] = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=8),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}


@dataclass(frozen=True)
class Stat:
    """What a listing says of one object.

    Attributes:
        key: Its name below the prefix.
        bytes: Its size.
        modified: When it was written, by the server's clock.
        tag: What changes when its content does (an etag); empty where the server gives none.
    """

    key: str
    bytes: int
    modified: datetime
    tag: str


class Objects:
    """The objects below one URI. Opening asks nothing of the server.

    Args:
        uri: ``s3://bucket/prefix``, ``gs://…`` or ``az://…``.
        thing: Setting that names it, for messages: ``store`` or ``data``.
        unreadable: What is raised when it cannot be read.

    Raises:
        ConfigError: If obstore is missing, or no such URI can be opened.
    """

    def __init__(self, uri: str, *, thing: str = "store", unreadable: type[GraphrecError] = ArtifactError) -> None:
        self.uri = uri
        self._thing, self._unreadable = thing, unreadable
        try:
            import obstore
        except ImportError:
            raise ConfigError(
                f"{thing} at a URI needs obstore (got {uri}); install it: pip install 'graphrec[s3]'"
            ) from None
        self._obstore = obstore
        open_url: Any = obstore.store.from_url
        with self._errors():
            if obstore.parse_scheme(uri) not in ("s3", "gcs", "azure"):
                raise ConfigError(f"{thing} must be a folder, s3://, gs:// or az:// (got {uri}); give one of these")
            self._quick, self._patient = (
                open_url(uri, client_options={"allow_http": True, **patience}, retry_config=dict(RETRY))
                for patience in (QUICK, PATIENT)
            )

    def place(self, key: str) -> str:
        """Return the URI of one object."""
        return f"{self.uri}/{key}"

    def get(self, key: str) -> bytes | None:
        """Return an object's content, or ``None``."""
        found = self.get_tagged(key)
        return None if found is None else found[0]

    def get_tagged(self, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """Return an object's content and what :meth:`replace` knows it by, or ``None``."""
        with self._errors():
            try:
                found = self._quick.get(key)
                data, meta = bytes(found.bytes()), found.meta
            except FileNotFoundError as error:
                if is_missing_bucket(error):
                    raise
                return None
            return data, {name: meta[name] for name in ("e_tag", "version") if meta[name]}

    def create(self, key: str, data: bytes) -> bool:
        """Write an object if there is none, in one step; return whether this did."""
        with self._errors(writing=True):
            try:
                self._quick.put(key, data, mode="create")
            except self._obstore.exceptions.AlreadyExistsError:
                return False
            return True

    def replace(self, key: str, data: bytes, known: Mapping[str, str]) -> bool:
        """Write over an object if it still is the one known, in one step; return whether this did."""
        with self._errors(writing=True):
            try:
                self._quick.put(key, data, mode=dict(known))
            except self._obstore.exceptions.PreconditionError:
                return False
            return True

    def upload(self, key: str, path: Path) -> None:
        """Write a file, in parts where it is large."""
        part = max(PART_BYTES, path.stat().st_size // MOST_PARTS + 1)
        with self._errors(writing=True):
            self._patient.put(key, path, chunk_size=part, max_concurrency=4)

    def read(self, key: str, take: Callable[[bytes], object], *, tag: str = "") -> str | None:
        """Give an object's content to ``take``, piece by piece, and return its sha256.

        Args:
            key: The object.
            take: Called with each piece.
            tag: The tag it must still have; empty takes any.

        Returns:
            64 hex digits, or ``None`` if the object is gone or another one.
        """
        digest = hashlib.sha256()
        with self._errors():
            try:
                pieces = self._patient.get(key, options={"if_match": tag} if tag else None).stream(PART_BYTES)
            except (FileNotFoundError, self._obstore.exceptions.PreconditionError) as error:
                if is_missing_bucket(error):
                    raise
                return None
            for piece in pieces:
                digest.update(piece)
                take(bytes(piece))
        return digest.hexdigest()

    def stat(self, key: str) -> Stat | None:
        """Return what the server says of one object, or ``None``."""
        with self._errors():
            try:
                return _stat(self._quick.head(key))
            except FileNotFoundError:
                next(self.list(key), None)  # this answer has no words to say that the bucket is missing: a listing has
                return None
            except ValueError:  # a name that no object can have, such as ../x
                return None

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the objects below a prefix, sorted by key."""
        with self._errors():
            chunks = self._quick.list(prefix or None, chunk_size=1000)
            found = [_stat(one) for chunk in chunks for one in chunk]
        yield from sorted(found, key=lambda one: one.key)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects; harmless where one is gone."""
        keys = list(keys)
        with self._errors(writing=True):
            if keys:
                self._quick.delete(keys)

    @contextmanager
    def _errors(self, *, writing: bool = False) -> Iterator[None]:
        """Turn what obstore raises into one line.

        Raises:
            ConfigError: Bad URI, bucket or credentials.
            GraphrecError: ``unreadable``, or ``StoreWriteError`` when writing: no answer, no permission.
        """
        try:
            yield
        except (self._obstore.exceptions.BaseError, FileNotFoundError, ValueError) as error:
            if isinstance(error, GraphrecError):
                raise
            kind = StoreWriteError if writing else self._unreadable
            raise told(error, self.uri, self._thing, kind) from error


def side_by_side(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return ``work`` of every item, a few at a time; the first error is raised."""
    with ThreadPoolExecutor(WORKERS) as pool:
        running = [pool.submit(work, item) for item in items]
        try:
            return [one.result() for one in running]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _stat(meta: Mapping[str, Any]) -> Stat:
    return Stat(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"] or "")
