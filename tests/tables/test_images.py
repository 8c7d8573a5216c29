"""Images: what is broken, and what is not."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from graphrec.tables.images import image_faults
from tests.tables.world import png


def encoded(kind: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims a huge size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png()[33:]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_whole_images_pass_and_truncated_ones_do_not(kind: str) -> None:
    whole = encoded(kind)
    assert image_faults([whole, None, whole[: len(whole) // 2]], 10_000) == [None, None, "undecodable image"]


@pytest.mark.parametrize("size", [(101, 100), (6_000, 6_000), (10_000, 10_000), (50_000, 50_000)])
def test_large_images_are_refused_by_their_header(size: tuple[int, int]) -> None:
    assert image_faults([bomb(*size)], 10_000) == ["image too large"]


def test_no_bytes_and_other_bytes() -> None:
    assert image_faults([b"", b"GIF89a", b"\xff\xd8\xff", b"%!PS-Adobe-3.0 EPSF-3.0"], 10_000) == [
        "empty image",
        *["undecodable image"] * 3,
    ]
