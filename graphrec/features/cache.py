"""Vectors of texts seen before, kept by what the text says, so that a rerun encodes only what is new."""

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, FloatMatrix, check_matrix

logger = logging.getLogger(__name__)


class TextCache:
    """Part files of text digests and vectors, one folder per key.

    A part is one parquet file named by the sha256 of its own bytes: it appears whole, by a rename, and a part whose
    bytes no longer match its name is left out with a warning. Parts are never changed, so writers need no lock.

    Args:
        folder: Where caches lie.
        key: What the vectors depend on besides the text (:func:`graphrec.features.text.text_key`).

    Attributes:
        key: As given.
        hits: Texts found so far.
        misses: Texts asked for and not found so far.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.key = key
        self.hits = 0
        self.misses = 0
        self._folder = Path(folder) / key

    def lookup(self, texts: Sequence[str], dim: int) -> tuple[FloatMatrix, BoolVector]:
        """Return the vectors known for ``texts``.

        Args:
            texts: Texts to look up.
            dim: Width of a vector.

        Returns:
            Vectors ``[len(texts), dim]`` float32, zero where unknown, and which of them are known.
        """
        vectors = np.zeros((len(texts), dim), dtype=np.float32)
        known = np.zeros(len(texts), dtype=np.bool_)
        wanted = pl.DataFrame({"digest": _digests(texts), "place": np.arange(len(texts))})
        for part in self._parts(dim) if len(texts) else ():
            found = wanted.join(part, on="digest", how="inner")
            if len(found):
                places = found["place"].to_numpy()
                vectors[places] = found["vector"].to_numpy()
                known[places] = True
        self.hits += int(known.sum())
        self.misses += int((~known).sum())
        return vectors, known

    def add(self, texts: Sequence[str], vectors: FloatMatrix) -> None:
        """Keep the vectors of ``texts`` in one new part file, whole or not at all.

        Raises:
            ShapeError: If ``vectors`` is not a finite float32 matrix.
        """
        check_matrix("vectors", vectors)
        if not len(texts):
            return
        frame = pl.DataFrame({"digest": _digests(texts), "vector": np.ascontiguousarray(vectors)})
        buffer = io.BytesIO()
        frame.unique("digest", keep="first", maintain_order=True).write_parquet(buffer)
        _write_whole(self._folder, buffer.getvalue())

    def _parts(self, dim: int) -> Iterator[pl.DataFrame]:
        """Yield the sound parts, in name order."""
        for path in sorted(self._folder.glob("*.parquet")):
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != path.stem:
                logger.warning("text cache part %s is corrupt and left out; its texts are encoded again", path)
                continue
            part = pl.read_parquet(io.BytesIO(content))
            if part.schema["vector"] != pl.Array(pl.Float32, dim):
                logger.warning("text cache part %s has another width than %d and is left out", path, dim)
                continue
            yield part


def _digests(texts: Sequence[str]) -> pl.Series:
    """Return the sha256 of every text as a binary column."""
    digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
    return pl.Series("digest", digests, dtype=pl.Binary)


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
