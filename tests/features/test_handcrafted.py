import io

import numpy as np
import pytest
from PIL import Image

from graphrec.features import encode_images
from graphrec.features.handcrafted import COLOUR_DIM, IMAGE_DIM
from tests.features.conftest import Draw


def test_same_motif_or_colour_lies_nearer_than_another(draw: Draw) -> None:
    motifs, colours = ("disc", "stripes", "triangle"), ("red", "green", "navy")
    kinds = [(motif, colour) for motif in motifs for colour in colours]
    base = encode_images([draw(*kind) for kind in kinds])
    moved = encode_images([draw(*kind, shift=3) for kind in kinds])
    likeness = base @ moved.T
    np.testing.assert_array_equal(likeness.argmax(axis=1), np.arange(len(kinds)))
    for row, (motif, colour) in enumerate(kinds):
        neither = [c for c, other in enumerate(kinds) if motif != other[0] and colour != other[1]]
        for shared in (c for c, other in enumerate(kinds) if c != row and (motif == other[0] or colour == other[1])):
            assert likeness[row, shared] > likeness[row, neither].max()


def test_rows_and_parts_have_their_lengths(draw: Draw) -> None:
    vectors = encode_images([draw("disc", "red"), draw("none", "red")])
    assert vectors.shape == (2, IMAGE_DIM)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:, :COLOUR_DIM], axis=1), np.sqrt(0.5), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors[:, COLOUR_DIM:], axis=1), [np.sqrt(0.5), 0], atol=1e-6)


def test_flat_red_fills_one_colour() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (5, 9), (255, 0, 0)).save(buffer, "PNG")
    [vector] = encode_images([buffer.getvalue()])
    hue, saturation, value = 0, 3, 3
    expected = np.zeros(IMAGE_DIM)
    expected[(hue * 4 + saturation) * 4 + value] = np.sqrt(0.5)
    np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_missing_image_is_a_zero_row_and_threads_change_nothing(draw: Draw) -> None:
    images = [None, draw("disc", "red"), None, draw("stripes", "navy")]
    one = encode_images(images, threads=1)
    np.testing.assert_array_equal(one.any(axis=1), [False, True, False, True])
    np.testing.assert_array_equal(one, encode_images(images, threads=4))
    np.testing.assert_array_equal(one[3], encode_images(images[3:])[0])


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "WEBP", "BMP"])
def test_format_hardly_matters(draw: Draw, kind: str) -> None:
    png, other = encode_images([draw("disc", "red"), draw("disc", "red", kind=kind)])
    assert png @ other > 0.9
