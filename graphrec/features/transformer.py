"""A pretrained BERT-family model as a function from texts to unit vectors."""

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphrec.arrays import FloatMatrix, IntVector, normalise_rows
from graphrec.errors import ConfigError
from graphrec.features.config import TextConfig
from graphrec.features.loading import offline, quiet, torch_threads
from graphrec.features.weights import FILES, TENSORS, TextWeights

if TYPE_CHECKING:
    from torch import Tensor

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


class Transformer:
    """A loaded model: mean of the last layer over the tokens of a text, at length one.

    Reads the folder only: no network, no code from the folder, safetensors alone. Sentence-BERT's pooling
    (Reimers and Gurevych, 2019, arXiv:1908.10084).

    Args:
        weights: The checked model folder.
        config: Resolved settings (no ``auto``).
        threads: Threads that torch may use while it encodes.
        mixed: Whether products are computed in bfloat16 on weights that stay float32 and may learn (autocast).
        device: Where the model is, as torch names it.

    Raises:
        ConfigError: If ``precision`` is still ``auto`` or the model takes fewer than ``max_tokens`` tokens.
    """

    def __init__(
        self, weights: TextWeights, config: TextConfig, threads: int = 2, *, mixed: bool = False, device: str = "cpu"
    ) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer

        from graphrec.features.fused import fuse

        if config.precision == "auto":
            raise ConfigError("TextConfig.precision must be resolved (got 'auto'); call resolve_text_config first")
        self.weights = weights
        self._config = config
        self._threads = threads if device == "cpu" else 1  # a GPU takes one batch after the other
        self._mixed = mixed
        self.device = torch.device(device)
        dtype = torch.bfloat16 if config.precision == "bfloat16" else torch.float32
        with offline(), quiet():
            self._tokenizer: Any = AutoTokenizer.from_pretrained(weights.folder, local_files_only=True)
            model: Any = AutoModel.from_pretrained(
                weights.folder, local_files_only=True, use_safetensors=True, dtype=dtype
            )
        self.module = model.eval().to(self.device)
        if dtype == torch.bfloat16 and device == "cpu":
            fuse(model)
        self._check_length()
        _warn_of_other_pooling(weights)

    def encode(self, texts: Sequence[str], on_progress: Progress | None = None) -> FloatMatrix:
        """Return the unit vectors of ``texts`` in their order.

        Batches hold texts of like length, so that little is computed on padding, and each is one thread's: threads that
        share a batch wait for each other at every product.

        Args:
            texts: Any texts.
            on_progress: Called with (done, total) after every batch.

        Returns:
            Shape ``[len(texts), dim]``, float32.
        """
        import torch

        out = np.zeros((len(texts), self.weights.dim), dtype=np.float32)
        tokens = self.tokenise(texts)
        order, size = np.argsort([-len(one) for one in tokens], kind="stable"), self._config.batch_size
        batches = [order[start : start + size] for start in range(0, len(order), size)]

        def encode_batch(places: IntVector) -> int:
            with torch.inference_mode():
                out[places] = self.pooled([tokens[place] for place in places]).cpu().numpy()
            return len(places)

        alone, done = len(batches) < 2, 0
        with torch_threads(self._threads if alone else 1), ThreadPoolExecutor(self._threads) as pool:
            for encoded in map(encode_batch, batches) if alone else pool.map(encode_batch, batches):
                done += encoded
                if on_progress is not None:
                    on_progress(done, len(texts))
        return normalise_rows(out)

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of every text, cut to ``max_tokens``."""
        if not len(texts):
            return []
        cut = self._tokenizer(
            list(texts), truncation=True, max_length=self._config.max_tokens, return_attention_mask=False
        )
        ids: list[list[int]] = cut["input_ids"]
        return ids

    def pooled(self, tokens: list[list[int]]) -> "Tensor":
        """Return the mean token vector of one batch, float32 ``[len(tokens), dim]``, with gradients where asked for."""
        import torch

        width = max(len(one) for one in tokens)
        ids = torch.full((len(tokens), width), int(self._tokenizer.pad_token_id or 0), dtype=torch.int64)
        mask = torch.zeros((len(tokens), width), dtype=torch.int64)
        for row, one in enumerate(tokens):
            ids[row, : len(one)] = torch.tensor(one)
            mask[row, : len(one)] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._mixed):
            hidden = self.module(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        share = mask.unsqueeze(-1).float()
        mean: Tensor = (hidden * share).sum(1) / share.sum(1).clamp(min=1.0)
        return mean

    def save(self, folder: Path) -> None:
        """Write the model as it is now into a new folder: settings, safetensors and tokenizer."""
        state = {name: one.cpu() for name, one in self.module.state_dict().items()}
        with quiet():
            self.module.save_pretrained(folder, state_dict=state, safe_serialization=True)
        for pattern in FILES[len(TENSORS) :]:
            for path in self.weights.folder.glob(pattern):
                shutil.copy2(path, folder / path.name)

    def _check_length(self) -> None:
        limit = min(
            int(getattr(self.module.config, "max_position_embeddings", 1 << 30)), int(self._tokenizer.model_max_length)
        )
        if self._config.max_tokens > limit:
            raise ConfigError(
                f"TextConfig.max_tokens must be at most {limit} for {self._config.model!r} "
                f"(got {self._config.max_tokens}); lower it"
            )


def _warn_of_other_pooling(weights: TextWeights) -> None:
    """Say so where the model was trained with another pooling than the mean."""
    path = weights.folder / "1_Pooling" / "config.json"
    if path.is_file() and not json.loads(path.read_text(encoding="utf-8")).get("pooling_mode_mean_tokens", True):
        logger.warning("%s was trained with another pooling than the mean; its vectors may be poor", weights.folder)
