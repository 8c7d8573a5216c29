import io

import numpy as np
from PIL import Image

from graphrec.simulate.images import SIDE, draw_pixels, flit_images


def _rng() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(0))


def test_images_are_png_of_one_size_and_missing_ones_are_none() -> None:
    images = flit_images(_rng(), np.arange(6), np.array([True, False] * 3))
    assert [one is None for one in images] == [False, True] * 3
    for image in images:
        if image is not None:
            with Image.open(io.BytesIO(image)) as opened:
                assert opened.size == (SIDE, SIDE)
                assert opened.format == "PNG"


def test_colours_follow_the_parent_topic() -> None:
    topic = np.repeat([0, 24], 150)
    mean = draw_pixels(_rng(), topic).reshape(300, -1, 3).max(axis=1).astype(np.float64)
    same = np.median(mean[:150], axis=0), np.median(mean[150:], axis=0)
    assert np.abs(same[0] - same[1]).max() > 25
