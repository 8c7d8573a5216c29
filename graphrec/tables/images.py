"""Images held to the rules before anything decodes them for features."""

import logging
import os
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO

import polars as pl

from graphrec.tables.rules import entries

log = logging.getLogger(__name__)

EMPTY, UNDECODABLE, TOO_LARGE = "empty image", "undecodable image", "image too large"
RULES = (EMPTY, UNDECODABLE, TOO_LARGE)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
"""Formats that are opened at all; others count as undecodable."""
DRAFT = 8
"""JPEG images are checked at an eighth of their size, which still reads every byte."""
BATCH = 4096
"""Images held as Python bytes at a time."""


def take_out_broken(
    frame: pl.DataFrame, column: str, max_pixels: int, name: str, files: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return ``frame`` with its broken images made null, and their quarantine entries.

    Args:
        frame: Rows with ``_file``, ``_row`` and the image column (bytes, null where there is no image).
        column: The image column.
        max_pixels: Largest width times height.
        name: Name of the declared table.
        files: File names by number.
    """
    images = frame[column]
    log.info("%s: checking %d images", name, frame.height - images.null_count())
    rules = [rule for part in images.to_frame().iter_slices(BATCH) for rule in image_faults(part[column], max_pixels)]
    found = pl.Series("rule", rules, dtype=pl.String)
    parts = [entries(name, files, frame.filter(found == rule), column, rule, column) for rule in RULES]
    return frame.with_columns(pl.when(found.is_null()).then(images).alias(column)), pl.concat(parts)


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
