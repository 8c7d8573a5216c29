"""A pretrained vision model as a function from encoded images to unit vectors."""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphrec.arrays import FloatMatrix, normalise_rows
from graphrec.errors import ConfigError
from graphrec.features.config import ImageConfig
from graphrec.features.loading import offline, quiet, torch_threads
from graphrec.features.picture import open_picture
from graphrec.features.weights import Weights

LONGEST = 16
"""Longest side, in shortest sides, of what is shown to a model that brings the shortest one to its size."""


class VisionModel:
    """A loaded model: one vector per image, at length one.

    Reads the folder only: no network, no code from the folder, safetensors alone. Images are prepared by the model's
    own processor on pillow, which gives the same pixels on every machine, one image after the other, so that no more
    than one is held at full size.

    Args:
        weights: The checked model folder.
        config: Resolved settings (no ``auto`` precision).
        threads: Threads that torch may use while it encodes.
        device: Where the model is, as torch names it.

    Attributes:
        dim: Width of a vector.

    Raises:
        ConfigError: If ``precision`` is still ``auto``, the folder holds no vision model, weights are missing from it,
            or the model does not have the pooling or take the image size asked for.
    """

    def __init__(self, weights: Weights, config: ImageConfig, threads: int = 2, device: str = "cpu") -> None:
        if config.precision == "auto":
            raise ConfigError("ImageConfig.precision must be resolved (got 'auto'); call resolve_image_config first")
        self._config, self._threads = config, threads
        self._processor, self._model, untrained = _load(weights, config)
        self._model.to(device)
        self._pooling = self._chosen_pooling(untrained)
        tower = getattr(self._model, "vision_model", self._model)
        self._call = self._model.get_image_features if self._pooling == "projection" else tower.forward
        resizes = "interpolate_pos_encoding" in inspect.signature(self._call).parameters
        self._options = {"interpolate_pos_encoding": True} if resizes and config.image_size is not None else {}
        self.dim = self._probe()

    def encode(self, images: Sequence[bytes]) -> FloatMatrix:
        """Return the unit vectors of encoded images in their order.

        Returns:
            Shape ``[len(images), dim]``, float32.

        Raises:
            DataError: If bytes are no image.
        """
        out = np.zeros((len(images), self.dim), dtype=np.float32)
        for start in range(0, len(images), self._config.batch_size):
            batch = images[start : start + self._config.batch_size]
            out[start : start + len(batch)] = self._forward([open_picture(content) for content in batch])
        return normalise_rows(out)

    def _forward(self, pictures: Sequence[Any]) -> FloatMatrix:
        """Return the vectors of one batch as the model gives them, ``[len(pictures), dim]`` float32."""
        import torch

        pixels = torch.cat([self._pixels(picture) for picture in pictures]).to(self._model.device, self._model.dtype)
        with torch_threads(self._threads), torch.inference_mode():
            vectors = _pooled(self._call(pixel_values=pixels, **self._options), self._pooling)
        out: FloatMatrix = vectors.flatten(1).float().cpu().numpy()
        return out

    def _pixels(self, picture: Any) -> Any:
        """Return one picture as the model is shown it, a tensor ``[1, 3, height, width]``."""
        if "shortest_edge" in dict(self._processor.size or {}):
            picture = _without_ends(picture)
        prepared = self._processor(
            np.asarray(picture), input_data_format="channels_last", return_tensors="pt", **self._sizes()
        )
        return prepared["pixel_values"]

    def _sizes(self) -> dict[str, Any]:
        """Return what to tell the processor for ``image_size``: what it crops keeps its share of what it scales."""
        side, processor = self._config.image_size, self._processor
        if side is None:
            return {}
        crop = dict(processor.crop_size or {}) if getattr(processor, "do_center_crop", False) else {}
        shares = {name: value / min(crop.values()) if crop else 1.0 for name, value in dict(processor.size).items()}
        sizes: dict[str, Any] = {"size": {name: round(side * share) for name, share in shares.items()}}
        return {**sizes, "crop_size": dict.fromkeys(crop, side)} if crop else sizes

    def _chosen_pooling(self, untrained: bool) -> str:
        """Return the pooling in use; a pooling layer that the file holds no weights of is never taken."""
        asked, projects = self._config.pooling, hasattr(self._model, "get_image_features")
        if asked == "auto":
            return "projection" if projects else "cls" if untrained else "pooler"
        if (asked == "projection" and not projects) or (asked == "pooler" and untrained):
            raise ConfigError(
                f"ImageConfig.pooling must be one that the weights hold (got {asked!r}, which {self._config.model!r} "
                "has not); take pooling: auto"
            )
        return asked

    def _probe(self) -> int:
        """Return the width of a vector, found on a blank picture."""
        from PIL import Image

        try:
            return int(self._forward([Image.new("RGB", (32, 32), "white")]).shape[1])
        except Exception as error:  # whatever a model raises on input that it does not take
            raise ConfigError(
                f"ImageConfig must suit its model (got pooling {self._pooling!r} and image_size "
                f"{self._config.image_size} for {self._config.model!r}: {_first_line(error)}); take pooling: auto and "
                "image_size: null"
            ) from error


def _load(weights: Weights, config: ImageConfig) -> tuple[Any, Any, bool]:
    """Return the processor, the model, and whether its pooling layer has no weights in the file."""
    import torch
    from transformers import AutoImageProcessor, AutoModel

    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    dtype = torch.bfloat16 if config.precision == "bfloat16" else torch.float32
    try:
        with offline(), quiet():
            processors: Any = AutoImageProcessor  # untyped
            processor = processors.from_pretrained(weights.folder, backend="pil", **local)
            model, told = AutoModel.from_pretrained(
                weights.folder, use_safetensors=True, dtype=dtype, output_loading_info=True, **local
            )
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, safetensors' own and more
        raise ConfigError(
            f"ImageConfig.model must be a vision model that transformers knows (got {config.model!r}: "
            f"{_first_line(error)}); take another model"
        ) from error
    pooler = {key for key in told["missing_keys"] if "pooler" in key.split(".")}
    lacking = sorted(set(told["missing_keys"]) - pooler)
    if lacking:
        raise ConfigError(
            f"ImageConfig.model must hold all weights of its model (got {config.model!r} without {lacking[0]} and "
            f"{len(lacking) - 1} others); take another model"
        )
    return processor, model.eval(), bool(pooler)


def _pooled(output: Any, pooling: str) -> Any:
    """Return one vector per image of a model's output, ``[n, width]``, or ``[n, width, 1, 1]``."""
    if pooling in ("projection", "pooler"):
        return output.pooler_output
    last = output.last_hidden_state
    if pooling == "cls":
        if last.dim() != 3:
            raise ValueError("it has no first token")
        return last[:, 0]
    return last.mean(1) if last.dim() == 3 else last.mean((2, 3))


def _without_ends(picture: Any) -> Any:
    """Return the middle of a picture that is very long; the processor cuts to the middle anyway."""
    width, height = picture.size
    longest = LONGEST * min(width, height)
    if max(width, height) <= longest:
        return picture
    left, top = max(0, (width - longest) // 2), max(0, (height - longest) // 2)
    return picture.crop((left, top, left + min(width, longest), top + min(height, longest)))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
