"""Users who asked to be forgotten, as keyed hashes of their ids: enough to leave them out, too little to list them."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from graphrec.errors import DataError
from graphrec.ids import Id

DIGEST_BYTES = 32


@dataclass(frozen=True)
class Forgotten:
    """Nodes of one type that must leave no trace.

    Attributes:
        key: Of the hashes; whoever lacks it cannot try ids against them.
        hashes: As :func:`hash_of` gives them.
    """

    key: bytes
    hashes: frozenset[bytes]

    def among(self, ids: pl.Series) -> pl.Series:
        """Return those of some ids that belong to the forgotten, each once.

        A CSV file may hold as text what is a number in a parquet file: 42 and "42" name the same node of one table.
        """
        known = ids.drop_nulls().unique()
        gone = [
            any(hash_of(self.key, kind, one) in self.hashes for kind in (str, int)) for one in known.cast(pl.String)
        ]
        return known.filter(pl.Series(gone, dtype=pl.Boolean))

    def save(self, path: Path) -> None:
        """Write them for a config's ``forgotten`` to name."""
        hashes = sorted(one.hex() for one in self.hashes)
        path.write_text(json.dumps({"key": self.key.hex(), "hashes": hashes}, indent=1))

    @classmethod
    def open(cls, path: Path) -> "Forgotten":
        """Read what :meth:`save` wrote.

        Raises:
            DataError: If the file holds something else.
        """
        try:
            held = json.loads(path.read_text())
            return cls(bytes.fromhex(held["key"]), frozenset(_digests(held["hashes"])))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"forgotten must be a file that `graphrec drain` wrote (got {path.name}: {type(error).__name__}); "
                "drain again"
            ) from error


def hash_of(key: bytes, kind: type, id_: Id) -> bytes:
    """Return the keyed hash of an id, 32 bytes.

    Args:
        key: At most 64 bytes.
        kind: ``str`` or ``int``: 42 and "42" are two ids.
        id_: The id.
    """
    return hashlib.blake2b(f"{kind.__name__}:{id_}".encode(), key=key, digest_size=DIGEST_BYTES).digest()


def _digests(texts: Iterable[str]) -> Iterable[bytes]:
    for text in texts:
        digest = bytes.fromhex(text)
        if len(digest) != DIGEST_BYTES:
            raise ValueError(f"{len(digest)} bytes")
        yield digest
