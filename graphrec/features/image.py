"""Images to vectors: what is known comes from the cache, what is new is encoded once."""

import hashlib
import json
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix
from graphrec.engine import LOCAL, Engine, Worker
from graphrec.errors import ArtifactError, ConfigError
from graphrec.features.cache import VectorCache
from graphrec.features.config import ImageConfig
from graphrec.features.handcrafted import Handcrafted
from graphrec.features.precision import resolve_image_config
from graphrec.features.transformer import Progress
from graphrec.features.vision import VisionModel
from graphrec.features.weights import Weights, find_image_weights
from graphrec.tables.image_store import DIGEST, IMAGE, Images

logger = logging.getLogger(__name__)

ENCODER_VERSION = 1
"""Raised when the same weights and settings give other vectors, or the handcrafted ones change."""
CHUNK = 128
"""New images a worker is given at once, and between two writes to the cache."""


def image_key(config: ImageConfig) -> str:
    """Return what image vectors depend on besides the image, as a sha256: weights, processor and settings.

    Args:
        config: Settings; ``auto`` is resolved for this machine.

    Raises:
        MissingWeightsError: If the weights are not there.
    """
    resolved = resolve_image_config(config)
    return _key(_weights(resolved), resolved)


class ImageEncoder:
    """Images to vectors with one encoder.

    A model is loaded when the first image needs it: a run whose images are all in the cache never loads it.

    Args:
        config: Settings; ``auto`` is resolved for this machine.
        cache: Vectors of earlier runs; ``None`` keeps nothing.
        threads: Threads to encode with.
        engine: Where images are encoded.

    Attributes:
        config: The resolved settings.
        key: What the vectors depend on besides the image.

    Raises:
        MissingWeightsError: If the weights are not there.
        ConfigError: If ``encoder`` is ``none``, or the cache belongs to other weights or settings.
    """

    def __init__(
        self, config: ImageConfig, cache: VectorCache | None = None, threads: int = 2, engine: Engine = LOCAL
    ) -> None:
        if config.encoder == "none":
            raise ConfigError("ImageConfig.encoder must be 'handcrafted' or 'transformer' to encode (got 'none')")
        self.config = resolve_image_config(config)
        weights = _weights(self.config)
        self.key = _key(weights, self.config)
        if cache is not None and cache.key != self.key:
            raise ConfigError(
                f"VectorCache.key must be that of the weights and settings in use, {self.key[:12]}… "
                f"(got {cache.key[:12]}…); build it with image_key(config)"
            )
        self._cache = cache
        self._engine = engine
        digest = None if weights is None else weights.digest
        self._model = LazyImageModel(digest, self.config, threads, engine.worker_device)

    def encode(self, digests: pl.Series, images: Images, on_progress: Progress | None = None) -> FloatMatrix:
        """Return the vectors of images in the order of ``digests``; a null is a zero row.

        One part of ``images`` is in memory at a time.

        Args:
            digests: sha256 of each image, as bytes; null where there is none.
            images: Holds their bytes.
            on_progress: Called with (done, total) distinct images.

        Returns:
            Shape ``[len(digests), dim]``, float32.

        Raises:
            ArtifactError: If ``images`` does not hold one that is asked for.
            DataError: If bytes are no image.
        """
        distinct = digests.drop_nulls().unique(maintain_order=True).alias(DIGEST)
        vectors = self._encode_distinct(distinct, images, on_progress)
        place_of = {digest: place for place, digest in enumerate(distinct)}
        places = [-1 if digest is None else place_of[digest] for digest in digests]
        blank = np.zeros((1, vectors.shape[1]), dtype=np.float32)
        out: FloatMatrix = np.concatenate([vectors, blank])[np.asarray(places, dtype=np.int64)]
        return out

    def _encode_distinct(self, digests: pl.Series, images: Images, on_progress: Progress | None) -> FloatMatrix:
        """Return the vectors of distinct images, from the cache where it has them."""
        dim = (self._cache.dim if self._cache is not None else None) or self._model.dim
        out, known = np.zeros((len(digests), dim), dtype=np.float32), np.zeros(len(digests), dtype=np.bool_)
        if self._cache is not None:
            out, known = self._cache.lookup(digests, dim)
        found = done = int(known.sum())
        place_of = {digest: place for place, digest in enumerate(digests)}
        for part in images.batches(digests.filter(pl.Series(~known))):
            for encoded in self._engine.map_batches(
                _worker,
                part,
                self._model,
                name="images",
                batch_size=CHUNK,
                on_device=self.config.encoder == "transformer",
            ):
                out[[place_of[digest] for digest in encoded[DIGEST]]] = encoded["vector"].to_numpy()
                if self._cache is not None:
                    self._cache.add(encoded[DIGEST], encoded["vector"].to_numpy())
                done += len(encoded)
                if on_progress is not None:
                    on_progress(done, len(digests))
        if done != len(digests):
            raise ArtifactError(
                f"tables must hold the bytes of every image (got {len(digests) - done} without); run the stage again"
            )
        if on_progress is not None and found == done:
            on_progress(done, len(digests))
        logger.info("images: %d distinct, %d from the cache, %d encoded", len(digests), found, done - found)
        return out


class LazyImageModel:
    """An encoder that is found, checked and loaded by the process that first encodes with it.

    Args:
        digest: sha256 that the weights must have, on whichever machine this is; ``None`` where there are none.
        config: Resolved settings.
        threads: Threads to encode with.
        device: Where a model encodes.
    """

    def __init__(self, digest: str | None, config: ImageConfig, threads: int, device: str = "cpu") -> None:
        self._digest, self._config, self._threads, self._device = digest, config, threads, device
        self._loaded: Handcrafted | VisionModel | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other processes without what was loaded."""
        return type(self), (self._digest, self._config, self._threads, self._device)

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self._model().dim

    def encode(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return ``digest`` and ``vector``, an array of float32, for every ``image``."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pillow warns of notes beside a picture that is whole
            return rows.select(DIGEST).with_columns(vector=pl.Series(self._model().encode(rows[IMAGE].to_list())))

    def _model(self) -> Handcrafted | VisionModel:
        if self._loaded is None:
            weights = _weights(self._config)
            if weights is None or self._digest is None:
                self._loaded = Handcrafted(self._threads)
            else:
                weights.check_same(self._digest, self._config.model)
                self._loaded = VisionModel(weights, self._config, self._threads, self._device)
        return self._loaded


def _worker(model: LazyImageModel) -> Worker:
    """Return the function that encodes batches of images."""
    return model.encode


def encode_images(
    images: Sequence[bytes | None],
    config: ImageConfig = ImageConfig(),  # noqa: B008, frozen
    *,
    cache: VectorCache | None = None,
    threads: int = 2,
    on_progress: Progress | None = None,
) -> FloatMatrix:
    """Return the vectors of encoded images under ``config``; ``None`` is a zero row. See :class:`ImageEncoder`."""
    held, digests = Images.of(images)
    return ImageEncoder(config, cache, threads).encode(digests, held, on_progress)


def _weights(config: ImageConfig) -> Weights | None:
    """Return the weights in use, ``None`` where images are encoded by hand."""
    return find_image_weights(config) if config.encoder == "transformer" else None


def _key(weights: Weights | None, config: ImageConfig) -> str:
    """Return the sha256 of what shapes a vector; the batch size does not, beyond rounding."""
    parts: dict[str, object] = {"encoder_version": ENCODER_VERSION, "encoder": config.encoder}
    if weights is not None:
        parts |= {
            "weights": weights.digest,
            "pooling": config.pooling,
            "image_size": config.image_size,
            "precision": config.precision,
        }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
