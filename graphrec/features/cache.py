"""Vectors of content seen before, kept by the content's sha256, so that a rerun encodes only what is new."""

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, FloatMatrix, check_matrix

logger = logging.getLogger(__name__)


class VectorCache:
    """Part files of content digests and vectors, one folder per key.

    A part is one parquet file named by the sha256 of its own bytes: it appears whole, by a rename, and a part whose
    bytes no longer match its name is left out with a warning. Parts are never changed, so writers need no lock.

    Args:
        folder: Where caches lie.
        key: What the vectors depend on besides the content (:func:`graphrec.features.text_key`,
            :func:`graphrec.features.image_key`).

    Attributes:
        key: As given.
        hits: Digests found so far.
        misses: Digests asked for and not found so far.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.key = key
        self.hits = 0
        self.misses = 0
        self._folder = Path(folder) / key

    @property
    def dim(self) -> int | None:
        """Width of the vectors kept, ``None`` where there are none."""
        return next((part.schema["vector"].shape[0] for part in self._parts(None)), None)  # type: ignore[attr-defined]

    def lookup(self, digests: pl.Series, dim: int) -> tuple[FloatMatrix, BoolVector]:
        """Return the vectors known for ``digests``.

        Args:
            digests: sha256 of each content, as bytes.
            dim: Width of a vector.

        Returns:
            Vectors ``[len(digests), dim]`` float32, zero where unknown, and which of them are known.
        """
        vectors = np.zeros((len(digests), dim), dtype=np.float32)
        known = np.zeros(len(digests), dtype=np.bool_)
        wanted = pl.DataFrame({"digest": digests, "place": np.arange(len(digests))})
        for part in self._parts(dim) if len(digests) else ():
            found = wanted.join(part, on="digest", how="inner")
            if len(found):
                places = found["place"].to_numpy()
                vectors[places] = found["vector"].to_numpy()
                known[places] = True
        self.hits += int(known.sum())
        self.misses += int((~known).sum())
        return vectors, known

    def add(self, digests: pl.Series, vectors: FloatMatrix) -> None:
        """Keep the vectors of ``digests`` in one new part file, whole or not at all.

        Raises:
            ShapeError: If ``vectors`` is not a finite float32 matrix.
        """
        check_matrix("vectors", vectors)
        if not len(digests):
            return
        frame = pl.DataFrame({"digest": digests, "vector": np.ascontiguousarray(vectors)})
        buffer = io.BytesIO()
        frame.unique("digest", keep="first", maintain_order=True).write_parquet(buffer)
        _write_whole(self._folder, buffer.getvalue())

    def _parts(self, dim: int | None) -> Iterator[pl.DataFrame]:
        """Yield the sound parts, in name order."""
        for path in sorted(self._folder.glob("*.parquet")):
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != path.stem:
                logger.warning("vector cache part %s is corrupt and left out; what it held is encoded again", path)
                continue
            part = pl.read_parquet(io.BytesIO(content))
            if dim is not None and part.schema["vector"] != pl.Array(pl.Float32, dim):
                logger.warning("vector cache part %s has another width than %d and is left out", path, dim)
                continue
            yield part


def text_digests(texts: Sequence[str]) -> pl.Series:
    """Return the sha256 of every text as a binary column."""
    return digests(text.encode("utf-8", "surrogatepass") for text in texts)


def digests(contents: Iterable[bytes | None]) -> pl.Series:
    """Return the sha256 of every content as a binary column; ``None`` stays null."""
    found = [None if content is None else hashlib.sha256(content).digest() for content in contents]
    return pl.Series("digest", found, dtype=pl.Binary)


def _write_whole(folder: Path, content: bytes) -> None:
    """Write ``content`` under its own sha256: to a temporary file first, then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{hashlib.sha256(content).hexdigest()}.parquet"
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
