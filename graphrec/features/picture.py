"""Encoded images to pixels: upright, in red, green and blue, on white."""

import io
from typing import Any

import numpy as np

from graphrec.errors import DataError


def open_picture(content: bytes, draft: int | None = None) -> Any:
    """Return the first frame of an encoded image as a PIL image, upright and RGB, laid on white where transparent.

    Args:
        content: An encoded file (PNG, JPEG, WebP, GIF, BMP).
        draft: JPEG may be decoded at a fraction of its size, but not below so many pixels a side.

    Raises:
        DataError: If the bytes are no image.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as opened:
            if draft is not None:
                opened.draft("RGB", (draft, draft))
            return _solid(_upright(opened))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"image must be readable (got {len(content)} bytes: {error}); validate the tables") from error


def _upright(picture: Any) -> Any:
    """Return the picture turned as its EXIF notes say."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # broken notes raise many kinds, and an image without notes is an image
        return picture


def _solid(picture: Any) -> Any:
    """Return the picture as RGB, on white where it is transparent."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits of grey, which pillow would cut off at 255
        grey = np.asarray(picture).astype(np.int64) >> 8
        return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
