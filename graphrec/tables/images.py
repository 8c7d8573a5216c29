"""Images held to the rules before anything decodes them for features."""

import logging
import os
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path

import polars as pl

from graphrec.tables.config import NodeConfig, QualityConfig
from graphrec.tables.image_files import MISSING, check_named, find_image, image_root, read_image
from graphrec.tables.image_files import RULES as FILE_RULES
from graphrec.tables.image_store import DIGEST, ImageWriter
from graphrec.tables.read import unreadable
from graphrec.tables.rules import PLACE, entries
from graphrec.tables.source import Source

log = logging.getLogger(__name__)

EMPTY, UNDECODABLE, TOO_LARGE = "empty image", "undecodable image", "image too large"
RULES = (EMPTY, UNDECODABLE, TOO_LARGE, *FILE_RULES)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
"""Formats that are opened at all; others count as undecodable."""
DRAFT = 8
"""JPEG images are checked at an eighth of their size, which still reads every byte."""
BATCH, BATCH_BYTES = 128, 1 << 26
"""Images, and their bytes, held at a time."""
Take = Callable[[pl.DataFrame], None]
READ = pl.Schema({"_file": pl.UInt32, "_row": pl.UInt32, "value": pl.String, "rule": pl.String, "image": pl.Binary})
CHECKED = pl.Schema({"_file": pl.UInt32, "_row": pl.UInt32, "value": pl.String, "rule": pl.String, DIGEST: pl.Binary})


def take_in_images(
    good: pl.DataFrame,
    table: Source,
    config: NodeConfig,
    quality: QualityConfig,
    data: Path,
    name: str,
    images: ImageWriter,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return ``good`` with the sha256 of its images in their column, and the quarantine entries of the broken ones.

    Bytes are read, checked and handed to ``images`` batch by batch; no more than one batch is in memory.

    Args:
        good: Rows with ``_file``, ``_row`` and the image column (paths, where the table has no bytes).
        table: The table as declared, which holds the bytes.
        config: Its declaration.
        quality: Largest image.
        data: Root of the tables.
        name: Name of the declared table.
        images: Takes the images that break no rule.

    Raises:
        TableFault: If the table cannot be read, or a good part of the column names what no row may.
    """
    column = str(config.image)
    found = [pl.DataFrame(schema=CHECKED)]

    def take(batch: pl.DataFrame) -> None:
        found.append(_checked(batch, quality, images))

    if table.schema[column] == pl.Binary:
        _from_bytes(good, table, column, quality, name, take)
    else:
        _from_files(good, column, image_root(config, data), quality.max_image_bytes, take)
    checked = pl.concat(found)
    log.info("%s: %d images checked", name, checked.height)
    broken = good.select(PLACE).join(checked.filter(pl.col("rule").is_not_null()), on=PLACE, maintain_order="left")
    check_named(broken, quality.max_bad_fraction * good.height, name)
    files = table.opened.files
    parts = [entries(name, files, broken.filter(pl.col("rule") == rule), column, rule, "value") for rule in RULES]
    digests = checked.select(*PLACE, pl.col(DIGEST).alias(column))
    return good.drop(column).join(digests, on=PLACE, how="left", maintain_order="left"), pl.concat(parts)


def _from_bytes(good: pl.DataFrame, table: Source, column: str, quality: QualityConfig, name: str, take: Take) -> None:
    """Hand on ``_file``, ``_row``, ``value``, ``rule`` and ``image`` of the images that the table itself holds.

    Polars calls back rather than be asked for batches, because it would read far ahead of whoever asks.
    """
    rows = good.select(PLACE)
    image = pl.col(column)
    wanted = table.frame.select(*PLACE, image).filter(image.is_not_null()).select(
        *PLACE,
        value=pl.format("{} bytes", image.bin.size()),
        rule=pl.when(image.bin.size() > quality.max_image_bytes).then(pl.lit(TOO_LARGE)),
        image=image,
    )  # fmt: skip
    try:
        wanted.sink_batches(
            lambda batch: take(batch.join(rows, on=PLACE, how="semi", maintain_order="left")),
            chunk_size=BATCH, maintain_order=True,
        )  # fmt: skip
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:  # an OSError is of whoever takes them
        raise unreadable(error, name) from None


def _from_files(good: pl.DataFrame, column: str, root: Path, max_bytes: int, take: Take) -> None:
    """Hand on the same of images in files of their own."""
    rows: list[tuple[int, int, str, str | None, bytes | None]] = []
    size = 0
    for file, row, value in good.select(*PLACE, column).drop_nulls(column).iter_rows():
        found = find_image(value, root)
        image = read_image(found.path, max_bytes) if found.path is not None else None
        rule = found.rule or (MISSING if image is None else TOO_LARGE if len(image) > max_bytes else None)
        rows.append((file, row, value, rule, image if rule is None else None))
        size += len(image or b"")
        if len(rows) == BATCH or size > BATCH_BYTES:
            take(pl.DataFrame(rows, schema=READ, orient="row"))
            rows, size = [], 0
    take(pl.DataFrame(rows, schema=READ, orient="row"))


def _checked(batch: pl.DataFrame, quality: QualityConfig, images: ImageWriter) -> pl.DataFrame:
    """Return ``_file``, ``_row``, ``value``, the rule that each image breaks and its digest where it breaks none."""
    given = [image if rule is None else None for image, rule in batch.select("image", "rule").iter_rows()]
    faults = image_faults(given, quality.max_image_pixels)
    digests = [
        images.add(image) if image is not None and fault is None else None
        for image, fault in zip(given, faults, strict=True)
    ]
    return batch.select(
        *PLACE,
        "value",
        pl.coalesce("rule", pl.Series("fault", faults, dtype=pl.String)).alias("rule"),
        pl.Series(DIGEST, digests, dtype=pl.Binary),
    ).cast(CHECKED)


def image_faults(images: Iterable[bytes | None], max_pixels: int) -> list[str | None]:
    """Return the rule that each image breaks, ``None`` where it breaks none or there is no image.

    An image is opened (header only) and refused if it is too large; otherwise it is decoded, on a few threads.

    Args:
        images: Encoded images.
        max_pixels: Largest width times height.
    """
    from PIL import Image

    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return list(pool.map(partial(_fault, max_pixels=max_pixels), images))


def _fault(image: bytes | None, max_pixels: int) -> str | None:
    """Return the rule that one image breaks."""
    from PIL import Image

    if image is None:
        return None
    if not image:
        return EMPTY
    try:
        with Image.open(BytesIO(image), formats=FORMATS) as opened:
            if opened.width * opened.height > max_pixels:
                return TOO_LARGE
            opened.draft(opened.mode, (max(1, opened.width // DRAFT), max(1, opened.height // DRAFT)))
            opened.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return TOO_LARGE
    except Exception:  # pillow raises many kinds on broken bytes: each means that the image cannot be decoded
        return UNDECODABLE
    return None
