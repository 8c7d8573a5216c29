"""Images to vectors by hand: which colours, and which edges where."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.features.picture import open_picture

SIDE = 64
"""Images are brought to 64 x 64 pixels."""
HUES, SATURATIONS, VALUES = 8, 4, 4
ORIENTATIONS, CELL, BLOCK = 8, 16, 2
COLOUR_DIM = HUES * SATURATIONS * VALUES
EDGE_DIM = (SIDE // CELL - BLOCK + 1) ** 2 * BLOCK**2 * ORIENTATIONS
IMAGE_DIM = COLOUR_DIM + EDGE_DIM


class Handcrafted:
    """A colour histogram and oriented gradients.

    The first 128 columns are a histogram over hue, saturation and value, square-rooted (Hellinger) to length one; the
    other 288 are a histogram of oriented gradients (Dalal and Triggs, CVPR 2005) of length one; both are scaled so
    that the row has length one. A flat image has no edges and length 0.71.

    Args:
        threads: Threads to decode and count with.
    """

    dim = IMAGE_DIM

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads

    def encode(self, images: Sequence[bytes]) -> FloatMatrix:
        """Return the vectors of encoded images.

        Returns:
            Shape ``[len(images), 416]``, float32.

        Raises:
            DataError: If bytes are no image.
        """
        out = np.zeros((len(images), IMAGE_DIM), dtype=np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for row, vector in enumerate(pool.map(_encode_one, images)):
                out[row] = vector
        return out


def _encode_one(content: bytes) -> FloatVector:
    """Return the vector of one image, ``[416]``."""
    from PIL import Image

    whole = open_picture(content, draft=SIDE)
    picture = whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    parts = np.concatenate([_colours(picture), _edges(picture)])
    vector: FloatVector = (parts * np.sqrt(0.5)).astype(np.float32)
    return vector


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
