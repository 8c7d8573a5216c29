"""Images to vectors by hand: which colours, and which edges where."""

import io
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.errors import DataError

logger = logging.getLogger(__name__)

SIDE = 64
"""Images are brought to 64 x 64 pixels."""
HUES, SATURATIONS, VALUES = 8, 4, 4
ORIENTATIONS, CELL, BLOCK = 8, 16, 2
COLOUR_DIM = HUES * SATURATIONS * VALUES
EDGE_DIM = (SIDE // CELL - BLOCK + 1) ** 2 * BLOCK**2 * ORIENTATIONS
IMAGE_DIM = COLOUR_DIM + EDGE_DIM
REPORT_EVERY = 256


def encode_images(
    images: Sequence[bytes | None], *, threads: int = 2, on_progress: Callable[[int, int], None] | None = None
) -> FloatMatrix:
    """Return a colour histogram and oriented gradients for every image.

    The first 128 columns are a histogram over hue, saturation and value, square-rooted (Hellinger) to length one; the
    other 288 are a histogram of oriented gradients (Dalal and Triggs, CVPR 2005) of length one; both are scaled so
    that the row has length one. A flat image has no edges and length 0.71.

    Args:
        images: Encoded files (PNG, JPEG, …); ``None`` is a zero row.
        threads: Threads to decode and count with.
        on_progress: Called with (done, total) now and then.

    Returns:
        Shape ``[len(images), 416]``, float32.

    Raises:
        DataError: If bytes are no image.
    """
    out = np.zeros((len(images), IMAGE_DIM), dtype=np.float32)
    given = [row for row, image in enumerate(images) if image is not None]

    def encode_row(row: int) -> None:
        out[row] = _encode_one(row, images[row] or b"")

    with ThreadPoolExecutor(threads) as pool:
        for done, _ in enumerate(pool.map(encode_row, given), start=1):
            if on_progress is not None and (done % REPORT_EVERY == 0 or done == len(given)):
                on_progress(done, len(given))
    logger.info("images: %d of %d rows encoded", len(given), len(images))
    return out


def _encode_one(row: int, content: bytes) -> FloatVector:
    """Return the vector of one image, ``[416]``."""
    picture = _decode(row, content)
    parts = np.concatenate([_colours(picture), _edges(picture)])
    vector: FloatVector = (parts * np.sqrt(0.5)).astype(np.float32)
    return vector


def _decode(row: int, content: bytes) -> Any:
    """Return the image as 64 x 64 RGB, laid on white where it is transparent."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.draft("RGB", (SIDE, SIDE))  # lets JPEG decode at a fraction of its size
            solid = _on_white(picture) if picture.has_transparency_data else picture.convert("RGB")
            return solid.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"image of row {row} must be a readable image (got {error}); validate the tables") from error


def _on_white(picture: Any) -> Any:
    from PIL import Image

    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _colours(picture: Any) -> npt.NDArray[np.float64]:
    """Return the square roots of the shares of 8 x 4 x 4 hues, saturations and values: length one."""
    hsv = np.asarray(picture.convert("HSV")).reshape(-1, 3).astype(np.int64)
    hue, saturation, value = hsv[:, 0] * HUES // 256, hsv[:, 1] * SATURATIONS // 256, hsv[:, 2] * VALUES // 256
    counts = np.bincount((hue * SATURATIONS + saturation) * VALUES + value, minlength=COLOUR_DIM)
    shares: npt.NDArray[np.float64] = np.sqrt(counts / len(hsv))
    return shares


def _edges(picture: Any) -> npt.NDArray[np.float64]:
    """Return the histogram of oriented gradients at length one; zero where the image is flat."""
    from skimage.feature import hog

    grey = np.asarray(picture.convert("L"), dtype=np.float64) / 255.0
    counts = hog(grey, ORIENTATIONS, (CELL, CELL), (BLOCK, BLOCK), block_norm="L2-Hys", feature_vector=True)
    scaled: npt.NDArray[np.float64] = counts / max(float(np.linalg.norm(counts)), 1e-12)
    return scaled
