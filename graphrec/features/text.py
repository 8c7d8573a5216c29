"""Texts to unit vectors: what is known comes from the cache, what is new goes through the model once."""

import hashlib
import json
import logging
from collections.abc import Sequence

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix
from graphrec.engine import LOCAL, Engine, Worker
from graphrec.errors import ConfigError
from graphrec.features.cache import VectorCache, text_digests
from graphrec.features.config import TextConfig
from graphrec.features.precision import resolve_text_config
from graphrec.features.transformer import Progress, Transformer
from graphrec.features.weights import Weights, find_weights

logger = logging.getLogger(__name__)

ENCODER_VERSION = 1
"""Raised when the same weights and settings give other vectors."""
CHUNK = 512
"""New texts a worker is given at once, and between two writes to the cache: what an interrupted run loses at most."""


def text_key(config: TextConfig) -> str:
    """Return what text vectors depend on besides the text, as a sha256: weights, tokenizer and settings.

    Args:
        config: Settings of a transformer; ``auto`` is resolved for this machine.

    Raises:
        MissingWeightsError: If the weights are not there.
    """
    resolved = resolve_text_config(config)
    return _key(find_weights(resolved), resolved)


class TextEncoder:
    """Text to unit vectors with one model, for a table or for a single query.

    The model is loaded when the first text needs it: a run whose texts are all in the cache never loads it.

    Args:
        config: Settings with ``encoder: transformer``; ``auto`` is resolved for this machine.
        cache: Vectors of earlier runs; ``None`` keeps nothing.
        threads: Threads that torch may use while it encodes.
        engine: Where texts are encoded.

    Attributes:
        config: The resolved settings.
        key: What the vectors depend on besides the text.
        dim: Width of a vector.

    Raises:
        MissingWeightsError: If the weights are not there.
        ConfigError: If the cache belongs to other weights or settings.
    """

    def __init__(
        self, config: TextConfig, cache: VectorCache | None = None, threads: int = 2, engine: Engine = LOCAL
    ) -> None:
        if config.encoder != "transformer":
            raise ConfigError(
                f"TextConfig.encoder must be 'transformer' to encode single texts (got {config.encoder!r})"
            )
        self.config = resolve_text_config(config)
        self._weights = find_weights(self.config)
        self.key = _key(self._weights, self.config)
        self.dim = self._weights.dim
        if cache is not None and cache.key != self.key:
            raise ConfigError(
                f"VectorCache.key must be that of the weights and settings in use, {self.key[:12]}… "
                f"(got {cache.key[:12]}…); build it with text_key(config)"
            )
        self._cache = cache
        self._engine = engine
        self._model = LazyModel(self._weights.digest, self.config, threads, engine.worker_device)

    def encode(self, texts: Sequence[str], on_progress: Progress | None = None) -> FloatMatrix:
        """Return the unit vectors of ``texts`` in their order; a blank text is a zero row.

        Args:
            texts: Any texts; equal ones are encoded once.
            on_progress: Called with (done, total) distinct texts.

        Returns:
            Shape ``[len(texts), dim]``, float32.
        """
        place_of: dict[str, int] = {}
        places = [place_of.setdefault(text, len(place_of)) if text.strip() else -1 for text in texts]
        distinct = self._encode_distinct(list(place_of), on_progress)
        blank = np.zeros((1, self.dim), dtype=np.float32)
        out: FloatMatrix = np.concatenate([distinct, blank])[np.asarray(places, dtype=np.int64)]
        return out

    def _encode_distinct(self, texts: list[str], on_progress: Progress | None) -> FloatMatrix:
        """Return the vectors of distinct texts, from the cache where it has them."""
        if self._cache is None:
            out, known = np.zeros((len(texts), self.dim), dtype=np.float32), np.zeros(len(texts), dtype=np.bool_)
        else:
            out, known = self._cache.lookup(text_digests(texts), self.dim)
        new = sorted(np.flatnonzero(~known).tolist(), key=lambda place: len(texts[place]))
        done = len(texts) - len(new)
        if on_progress is not None:
            on_progress(done, len(texts))
        rows = pl.DataFrame({"text": [texts[place] for place in new]}, schema={"text": pl.String})
        at = 0
        for batch in self._engine.map_batches(
            _worker, rows, self._model, name="texts", batch_size=CHUNK, on_device=True
        ):
            vectors = batch["vector"].to_numpy()
            places, at = new[at : at + len(vectors)], at + len(vectors)
            out[places] = vectors
            if self._cache is not None:
                self._cache.add(text_digests([texts[place] for place in places]), vectors)
            if on_progress is not None:
                on_progress(done + at, len(texts))
        logger.info("texts: %d distinct, %d from the cache, %d encoded", len(texts), done, len(new))
        return out


class LazyModel:
    """A model that is found, checked and loaded by the process that first encodes with it.

    Args:
        digest: sha256 that the weights must have, on whichever machine this is.
        config: Resolved settings.
        threads: Threads that torch may use.
        device: Where it encodes.
    """

    def __init__(self, digest: str, config: TextConfig, threads: int, device: str = "cpu") -> None:
        self._digest, self._config, self._threads, self._device = digest, config, threads, device
        self._loaded: Transformer | None = None

    def encode(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return ``vector``, an array of float32, for every ``text``."""
        if self._loaded is None:
            weights = find_weights(self._config)
            weights.check_same(self._digest, self._config.model)
            self._loaded = Transformer(weights, self._config, self._threads, device=self._device)
        return pl.DataFrame({"vector": self._loaded.encode(rows["text"].to_list())})


def _worker(model: LazyModel) -> Worker:
    """Return the function that encodes batches of texts."""
    return model.encode


def encode_texts(
    texts: Sequence[str],
    config: TextConfig,
    *,
    cache: VectorCache | None = None,
    threads: int = 2,
    engine: Engine = LOCAL,
    on_progress: Progress | None = None,
) -> FloatMatrix:
    """Return the unit vectors of ``texts`` under ``config``; see :class:`TextEncoder`."""
    return TextEncoder(config, cache, threads, engine).encode(texts, on_progress)


def _key(weights: Weights, config: TextConfig) -> str:
    """Return the sha256 of what shapes a vector; the batch size does not, beyond rounding."""
    parts = {
        "encoder_version": ENCODER_VERSION,
        "weights": weights.digest,
        "max_tokens": config.max_tokens,
        "precision": config.precision,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
