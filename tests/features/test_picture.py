"""Every kind of image becomes upright pixels in red, green and blue."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from graphrec.errors import DataError
from graphrec.features import encode_images
from graphrec.features.picture import open_picture
from tests.features.conftest import encoded, noise

ORIENTATION = 0x112


def pixels(content: bytes) -> npt.NDArray[np.int64]:
    picture = open_picture(content)
    assert picture.mode == "RGB"
    return np.asarray(picture).astype(np.int64)


def test_pixels_are_those_of_the_file() -> None:
    np.testing.assert_array_equal(pixels(encoded(noise())), np.asarray(noise()))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "I;16"])
def test_every_mode_of_png_is_read(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (20, 10)).save(buffer, "TIFF" if mode == "PA" else "PNG")
    assert pixels(buffer.getvalue()).shape == (10, 20, 3)


def test_grey_has_three_equal_channels() -> None:
    grey = pixels(encoded(noise().convert("L")))
    np.testing.assert_array_equal(grey, np.asarray(noise().convert("L"))[:, :, None].repeat(3, axis=2))


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    shades = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    np.testing.assert_array_equal(pixels(encoded(Image.fromarray(shades)))[:, :, 0], shades >> 8)


def test_palette_holds_its_colours() -> None:
    few = noise().quantize(256)
    np.testing.assert_array_equal(pixels(encoded(few)), np.asarray(few.convert("RGB")))


def test_cmyk_is_read_as_colour() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(pixels(encoded(red, "JPEG", quality=95)) - [255, 0, 0]).max() < 12


@pytest.mark.parametrize(("alpha", "expected"), [(0, [255, 255, 255]), (255, [255, 0, 0])])
def test_transparent_is_white(alpha: int, expected: list[int]) -> None:
    assert (pixels(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, alpha)))) == expected).all()


def test_transparent_colour_of_a_palette_is_white() -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    assert (pixels(encoded(picture, transparency=1)) == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("turn", [2, 3, 4, 5, 6, 7, 8])
def test_turned_pictures_stand_upright(kind: str, turn: int) -> None:
    """A camera writes the pixels as they fell and notes how to turn them."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # PIL's transposition that the note asks to take back
    lying = noise((48, 32)).transpose(Image.Transpose(undo[turn]))
    notes = Image.Exif()
    notes[ORIENTATION] = turn
    lossless = {"lossless": True} if kind == "WEBP" else {"quality": 98} if kind == "JPEG" else {}
    found = pixels(encoded(lying, kind, exif=notes, **lossless))
    assert found.shape == (32, 48, 3)
    assert np.abs(found - np.asarray(noise((48, 32)))).mean() < (12 if kind == "JPEG" else 0.01)


def test_broken_notes_leave_the_picture_as_it_lies() -> None:
    broken, whole = encoded(noise(), "JPEG", exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff"), encoded(noise(), "JPEG")
    np.testing.assert_array_equal(*encode_images([broken, whole]))


def test_first_frame_stands_for_a_moving_picture() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (pixels(content) == [255, 0, 0]).all()


@pytest.mark.parametrize("content", [b"", b"no image", encoded(noise())[:900]])
def test_unreadable_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match=r"image must be readable \(got \d+ bytes: .*validate the tables"):
        open_picture(content)
