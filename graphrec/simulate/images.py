"""Small drawn images: the motif tells the leaf, the colours tell the parent topic, both with noise."""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from graphrec.arrays import IntVector
from graphrec.simulate.topics import LEAVES, PARENTS
from graphrec.simulate.world import parent_of

SIDE = 48
_CHUNK = 1024
Grid = npt.NDArray[np.float32]

_MOTIFS: tuple[Callable[[Grid, Grid], npt.NDArray[np.bool_]], ...] = (
    lambda x, y: x * x + y * y < 0.45,
    lambda x, y: np.abs(np.sqrt(x * x + y * y) - 0.6) < 0.18,
    lambda x, y: np.sin(9.0 * x) > 0.1,
    lambda x, y: np.sin(8.0 * x) * np.sin(8.0 * y) > 0.0,
    lambda x, y: (y > -0.6) & (y < 0.7 - 1.6 * np.abs(x)),
    lambda x, y: (np.abs(x) < 0.22) | (np.abs(y) < 0.22),
    lambda x, y: np.sin(7.0 * y + 2.0 * np.sin(4.0 * x)) > 0.0,
    lambda x, y: np.sin(10.0 * x) * np.sin(10.0 * y) > 0.55,
    lambda x, y: np.abs(x) + np.abs(y) < 0.75,
    lambda x, y: np.cos(5.0 * np.arctan2(y, x)) * 0.35 + 0.5 > np.sqrt(x * x + y * y),
    lambda x, y: np.sin(14.0 * np.sqrt(x * x + y * y)) > 0.0,
    lambda x, y: (np.abs(x) < 0.7) & (np.abs(y) < 0.35),
)


def _colour(hue: Grid, value: Grid) -> Grid:
    """Return ``[n, 3]`` colours in 0..1 from hue and value, saturation 0.7 (a cosine palette)."""
    phase = hue[:, None] + np.array([0.0, 1 / 3, 2 / 3], dtype=np.float32)
    out: Grid = (value[:, None] * (0.62 + 0.38 * np.cos(2 * np.pi * phase))).astype(np.float32)
    return out


def draw_pixels(rng: np.random.Generator, topic: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    """Draw one image per entry of ``topic``.

    One image in five takes its motif, and one in five its colour, from another topic: an image hints, no more.

    Returns:
        ``[n, 48, 48, 3]``, uint8.
    """
    n = len(topic)
    shown = np.where(rng.random(n) < 0.2, rng.integers(0, len(LEAVES), size=n), topic)
    tinted = np.where(rng.random(n) < 0.2, rng.integers(0, len(LEAVES), size=n), topic)
    axis = np.linspace(-1.0, 1.0, SIDE, dtype=np.float32)
    angle, zoom = rng.normal(0, 0.25, size=n), rng.uniform(0.8, 1.4, size=n)
    shift = rng.normal(0, 0.15, size=(2, n, 1, 1))
    gx, gy = axis[None, None, :] - shift[0], axis[None, :, None] - shift[1]
    cos, sin = (np.cos(angle) * zoom)[:, None, None], (np.sin(angle) * zoom)[:, None, None]
    x, y = (cos * gx - sin * gy).astype(np.float32), (sin * gx + cos * gy).astype(np.float32)
    mask = np.zeros((n, SIDE, SIDE), dtype=np.bool_)
    motif = shown % len(_MOTIFS)
    for kind, drawn in enumerate(_MOTIFS):
        rows = np.flatnonzero(motif == kind)
        mask[rows] = drawn(x[rows], y[rows])
    hue = parent_of(tinted) / len(PARENTS) + rng.normal(0, 0.03, size=n)
    front = _colour(hue.astype(np.float32), rng.uniform(0.75, 1.0, size=n).astype(np.float32))
    back = _colour((hue + 0.45).astype(np.float32), rng.uniform(0.25, 0.5, size=n).astype(np.float32))
    image = np.where(mask[..., None], front[:, None, None, :], back[:, None, None, :])
    return (np.clip(image, 0.0, 1.0) * 255).astype(np.uint8)


def flit_images(
    rng: np.random.Generator, topic: npt.NDArray[np.integer], has_image: npt.NDArray[np.bool_]
) -> list[bytes | None]:
    """Return the PNG of every flit that has an image, ``None`` for the others."""
    from PIL import Image

    out: list[bytes | None] = [None] * len(topic)
    rows: IntVector = np.flatnonzero(has_image)
    for begin in range(0, len(rows), _CHUNK):
        part = rows[begin : begin + _CHUNK]
        for row, pixels in zip(part.tolist(), draw_pixels(rng, topic[part]), strict=True):
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, format="PNG", compress_level=3)
            out[row] = buffer.getvalue()
    return out
