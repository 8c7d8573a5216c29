"""The bytes of all images, each content once, in parts that fit in memory: tables name an image by its sha256."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

FOLDER = "images"
PART_BYTES = 1 << 27
"""Bytes of images in one part, unless one alone has more."""
DIGEST, IMAGE = "digest", "image"


@dataclass(frozen=True)
class Images:
    """Encoded images by their sha256.

    Attributes:
        parts: Frames, or parquet files of frames, of ``digest`` and ``image`` (both binary); no digest stands twice.
    """

    parts: tuple[pl.DataFrame | Path, ...] = ()

    def batches(self, digests: pl.Series) -> Iterator[pl.DataFrame]:
        """Yield ``digest`` and ``image`` of the images named, one part in memory at a time.

        Args:
            digests: sha256 of each image asked for, as bytes; null asks for none.
        """
        wanted = pl.DataFrame({DIGEST: digests.drop_nulls().unique()}, schema={DIGEST: pl.Binary})
        for part in self.parts if wanted.height else ():
            here = part if isinstance(part, pl.DataFrame) else pl.read_parquet(part, columns=[DIGEST])
            if here.join(wanted, on=DIGEST, how="semi").height:
                whole = part if isinstance(part, pl.DataFrame) else pl.read_parquet(part)
                yield whole.join(wanted, on=DIGEST, how="semi", maintain_order="left")

    def find(self, digest: bytes) -> bytes | None:
        """Return one image by its sha256, or ``None`` where there is none."""
        for part in self.parts:
            frame = part.lazy() if isinstance(part, pl.DataFrame) else pl.scan_parquet(part)
            found = frame.filter(pl.col(DIGEST) == digest).select(IMAGE).collect()
            if found.height:
                return bytes(found.item())
        return None

    def save(self, folder: Path) -> None:
        """Write one parquet file per part below ``folder``; parts that lie there stay."""
        for number, part in enumerate(self.parts):
            path = part_path(folder, number)
            if isinstance(part, pl.DataFrame):
                path.parent.mkdir(exist_ok=True)
                part.write_parquet(path)
            elif part != path:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(part.read_bytes())

    @classmethod
    def open(cls, folder: Path) -> "Images":
        """Name the parts that :meth:`save` wrote; nothing is read before it is used."""
        return cls(tuple(sorted((folder / FOLDER).glob("*.parquet"))))

    @classmethod
    def of(cls, images: Iterable[bytes | None]) -> tuple["Images", pl.Series]:
        """Return images held in memory, and the digest of each (null for ``None``)."""
        writer = ImageWriter()
        digests = pl.Series(DIGEST, [None if one is None else writer.add(one) for one in images], dtype=pl.Binary)
        return writer.close(), digests


@dataclass
class ImageWriter:
    """Collects images part by part.

    Which images share a part follows from their order alone.

    Attributes:
        folder: Where parts are written, below it in ``images``; ``None`` holds them in memory.
        keep: Whether images are kept at all, or only named.
    """

    folder: Path | None = None
    keep: bool = True
    _seen: set[bytes] = field(default_factory=set)
    _waiting: dict[bytes, bytes] = field(default_factory=dict)
    _bytes: int = 0
    _parts: list[pl.DataFrame | Path] = field(default_factory=list)

    def add(self, image: bytes) -> bytes:
        """Take in an image, unless it is there already, and return its sha256."""
        digest = hashlib.sha256(image).digest()
        if self.keep and digest not in self._seen:
            if self._bytes + len(image) > PART_BYTES:
                self._flush()
            self._seen.add(digest)
            self._waiting[digest] = image
            self._bytes += len(image)
        return digest

    def close(self) -> Images:
        """Return everything taken in."""
        self._flush()
        return Images(tuple(self._parts))

    def _flush(self) -> None:
        if not self._waiting:
            return
        columns = {DIGEST: list(self._waiting), IMAGE: list(self._waiting.values())}
        frame = pl.DataFrame(columns, schema={DIGEST: pl.Binary, IMAGE: pl.Binary})
        if self.folder is None:
            self._parts.append(frame)
        else:
            path = part_path(self.folder, len(self._parts))
            path.parent.mkdir(exist_ok=True)
            frame.write_parquet(path)
            self._parts.append(path)
        self._waiting, self._bytes = {}, 0


def part_path(folder: Path, number: int) -> Path:
    """Return where a part lies."""
    return folder / FOLDER / f"{number:05d}.parquet"
