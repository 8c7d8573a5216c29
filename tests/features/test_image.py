"""Images through an encoder and its cache: each content once, none where it is known."""

import copy
import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.arrays import FloatMatrix
from graphrec.errors import ArtifactError, ConfigError, DataError
from graphrec.features import ImageConfig, ImageEncoder, VectorCache, encode_images, image_key
from graphrec.features import image as image_module
from graphrec.features.handcrafted import IMAGE_DIM, Handcrafted
from graphrec.features.vision import VisionModel
from graphrec.features.weights import find_image_weights
from graphrec.tables.image_store import Images
from tests.features.conftest import Draw, encoded, noise, vision_config

FILES = [encoded(noise(seed=seed)) for seed in range(5)]


class CountedVision(VisionModel):
    encoded = 0
    loaded = 0

    def __init__(self, *args: object) -> None:
        type(self).loaded += 1
        super().__init__(*args)  # type: ignore[arg-type]

    def encode(self, images: list[bytes]) -> FloatMatrix:  # type: ignore[override]
        type(self).encoded += len(images)
        return super().encode(images)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> type[CountedVision]:
    CountedVision.encoded = CountedVision.loaded = 0
    monkeypatch.setattr(image_module, "VisionModel", CountedVision)
    return CountedVision


def test_missing_images_are_zero_rows_and_equal_ones_are_encoded_once(
    tiny_vit: Path, counted: type[CountedVision]
) -> None:
    vectors = encode_images([None, FILES[0], FILES[1], None, FILES[0]], vision_config(tiny_vit))
    np.testing.assert_array_equal(vectors.any(axis=1), [False, True, True, False, True])
    np.testing.assert_array_equal(vectors[1], vectors[4])
    assert (counted.encoded, counted.loaded) == (2, 1)


def test_second_run_loads_nothing_and_a_third_encodes_only_what_is_new(
    tiny_vit: Path, tmp_path: Path, counted: type[CountedVision]
) -> None:
    config = vision_config(tiny_vit)
    key = image_key(config)
    first = encode_images(FILES[:3], config, cache=VectorCache(tmp_path, key))
    cache = VectorCache(tmp_path, key)
    np.testing.assert_array_equal(encode_images(FILES[2::-1], config, cache=cache), first[::-1])
    assert (cache.hits, cache.misses, counted.encoded, counted.loaded) == (3, 0, 3, 1)
    encode_images(FILES[1:], config, cache=cache)
    assert (cache.hits, cache.misses, counted.encoded, counted.loaded) == (5, 2, 5, 2)


def test_known_images_need_no_bytes(tiny_vit: Path, tmp_path: Path) -> None:
    config = vision_config(tiny_vit)
    cache = VectorCache(tmp_path, image_key(config))
    first = encode_images(FILES, config, cache=cache)
    digests = pl.Series([hashlib.sha256(file).digest() for file in FILES], dtype=pl.Binary)
    np.testing.assert_array_equal(ImageEncoder(config, cache).encode(digests, Images()), first)
    with pytest.raises(ArtifactError, match=r"bytes of every image \(got 1 without\)"):
        ImageEncoder(config, cache).encode(pl.Series([b"x" * 32], dtype=pl.Binary), Images())


def test_interrupted_run_keeps_its_finished_chunks(
    tiny_vit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_module, "CHUNK", 2)
    config = vision_config(tiny_vit)

    def interrupt(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_images(FILES, config, cache=VectorCache(tmp_path, image_key(config)), on_progress=interrupt)
    cache = VectorCache(tmp_path, image_key(config))
    encode_images(FILES, config, cache=cache)
    assert (cache.hits, cache.misses) == (4, 1)


def test_parts_of_the_images_change_nothing(draw: Draw, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = [draw(motif, colour) for motif in ("disc", "stripes") for colour in ("red", "navy")]
    whole = encode_images([None, *files])
    monkeypatch.setattr("graphrec.tables.image_store.PART_BYTES", 1)
    held, digests = Images.of([None, *files])
    held.save(tmp_path)
    opened = Images.open(tmp_path)
    assert len(opened.parts) == 4
    for images in (held, opened):
        np.testing.assert_array_equal(ImageEncoder(ImageConfig()).encode(digests, images), whole)


def test_key_follows_what_shapes_a_vector(tiny_vit: Path, tiny_clip: Path) -> None:
    base = vision_config(tiny_vit)
    changes: list[dict[str, object]] = [{"precision": "bfloat16"}, {"pooling": "mean"}, {"image_size": 64}]
    others = [vision_config(tiny_clip), ImageConfig(), *(base.model_copy(update=change) for change in changes)]
    assert len({image_key(config) for config in [base, *others]}) == 6
    assert image_key(base) == image_key(base.model_copy(update={"batch_size": 2}))
    assert image_key(ImageConfig()) == image_key(ImageConfig(model="anything"))


def test_cache_of_other_weights_is_refused(tiny_vit: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"VectorCache.key must be"):
        ImageEncoder(vision_config(tiny_vit), VectorCache(tmp_path, image_key(ImageConfig())))


def test_nothing_encodes_with_none() -> None:
    with pytest.raises(ConfigError, match=r"ImageConfig\.encoder must be"):
        encode_images([], ImageConfig(encoder="none"))


def test_other_weights_on_another_machine_are_refused(tiny_vit: Path) -> None:
    model = image_module.LazyImageModel("0" * 64, vision_config(tiny_vit), 1)
    with pytest.raises(ArtifactError, match="must be the same on every machine"):
        model.encode(pl.DataFrame({"digest": [b""], "image": FILES[:1]}))


def test_progress_counts_distinct_images_to_the_end(draw: Draw, tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, image_key(ImageConfig()))
    for _ in range(2):
        seen: list[tuple[int, int]] = []
        images = [draw("disc", "red"), None, draw("disc", "navy")] * 2
        encode_images(images, cache=cache, on_progress=lambda done, total, seen=seen: seen.append((done, total)))  # type: ignore[misc]
        assert seen[-1] == (2, 2)


def test_unreadable_bytes_are_refused() -> None:
    with pytest.raises(DataError, match="image must be readable"):
        encode_images([None, b"no image"])


def test_no_images(tiny_vit: Path) -> None:
    assert encode_images([]).shape == (0, IMAGE_DIM) == (0, Handcrafted.dim)
    assert encode_images([None], vision_config(tiny_vit)).shape == (1, 16)


def test_a_loaded_model_travels_without_its_weights(tiny_vit: Path) -> None:
    weights = find_image_weights(vision_config(tiny_vit))
    model = image_module.LazyImageModel(weights.digest, vision_config(tiny_vit), 1)
    assert model.dim == 16
    sent = copy.copy(model)
    assert sent._loaded is None
    rows = pl.DataFrame({"digest": [b"x"], "image": FILES[:1]})
    np.testing.assert_array_equal(sent.encode(rows)["vector"].to_numpy(), model.encode(rows)["vector"].to_numpy())
