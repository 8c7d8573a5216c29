"""Fine-tuning a text encoder on what a platform's users engage with, on several tasks at once.

After Twitter's Twice, of which the tasks are public: topic (multi-label), engagement and language over engaged posts.
Engagement is learnt from the graph's vectors of those posts, as in TwHIN-BERT (arXiv:2209.07562): k-means of them tells
the communities that posts are engaged with by, and a text shall point to the prototype of its community, by cosine at a
temperature so high that communities must lie far apart. Pooled vectors are trained directly, since those are what
features, neighbours and searches use.
"""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.arrays import FloatMatrix, RowVector
from graphrec.errors import ConfigError, DataError
from graphrec.features.config import FinetuneConfig, TextConfig
from graphrec.features.engagement import NEIGHBOURS, Engaged, agreement, communities, means
from graphrec.features.loading import torch_threads
from graphrec.features.precision import resolve_text_config
from graphrec.features.transformer import Transformer
from graphrec.features.weights import TextWeights
from graphrec.tensors import tensor_on

logger = logging.getLogger(__name__)
OnEpoch = Callable[[dict[str, float]], None]


class Heads(nn.Module):
    """A linear head per task that needs one, and the communities' prototypes; thrown away after training.

    Args:
        prototypes: Where the prototypes start, float32 ``[num_communities, dim]``.
        num_topics: Topics; 0 leaves the head out.
        num_languages: Languages; fewer than 2 leave the head out.
    """

    def __init__(self, prototypes: FloatMatrix, num_topics: int, num_languages: int) -> None:
        super().__init__()
        dim = prototypes.shape[1]
        self.prototypes = nn.Parameter(torch.from_numpy(prototypes))
        self.topics = nn.Linear(dim, num_topics) if num_topics else None
        self.language = nn.Linear(dim, num_languages) if num_languages > 1 else None


def finetune_text(
    engaged: Engaged, weights: TextWeights, text: TextConfig, config: FinetuneConfig, out: Path,
    *, threads: int = 2, device: str = "cpu", on_epoch: OnEpoch = lambda entry: None,
) -> list[dict[str, float]]:  # fmt: skip
    """Fine-tune an encoder and write it as a model folder that ``features.text.model`` may name.

    What is written is the mean of the weights before and after, by ``config.tuned_share`` (WiSE-FT, Wortsman et al.,
    CVPR 2022): tuned weights alone know the texts they were fitted to too well for a model that trains on those and
    meets new ones. The epoch whose vectors agree best with engagement on held texts is kept; epoch 0 is the encoder as
    it came, and is what is written where no epoch does better.

    Where texts are encoded in bfloat16, products are computed in it here, too; the weights learn in float32.

    Args:
        engaged: What to learn from.
        weights: The encoder to start from.
        text: Its settings.
        config: Epochs, rates, weights of the tasks.
        out: Folder to write; must not exist.
        threads: Threads that torch may use.
        device: Where it trains.
        on_epoch: Told of each epoch.

    Returns:
        An entry per epoch: ``epoch``, ``loss``, ``agreement``.

    Raises:
        DataError: If fewer texts are left to train on than a batch holds, or too few to validate on.
    """
    rows = np.flatnonzero(~engaged.held)
    if len(rows) < config.batch_size or int(engaged.held.sum()) < NEIGHBOURS:
        raise DataError(
            f"finetune.batch_size must be at most the texts engaged with (got {config.batch_size} for {len(rows)}); "
            "lower it, or lower finetune.min_actions"
        )
    torch.manual_seed(config.seed)
    mixed = resolve_text_config(text).precision == "bfloat16"
    exact = text.model_copy(update={"precision": "float32"})
    encoder = Transformer(weights, exact, threads, mixed=mixed, device=device)
    with torch_threads(threads):
        tuner = _Tuner(encoder, engaged, config)
        log = [{"epoch": 0.0, "loss": float("nan"), "agreement": agreement(engaged, tuner.before)}]
        on_epoch(log[0])
        encoder.save(out)
        for epoch in range(config.epochs):
            loss = tuner.train(epoch)
            with tuner.averaged():
                found = agreement(engaged, encoder.encode(engaged.texts))
                if found > max(entry["agreement"] for entry in log):
                    shutil.rmtree(out)
                    encoder.save(out)
            log.append({"epoch": epoch + 1.0, "loss": loss, "agreement": found})
            on_epoch(log[-1])
            logger.info("epoch %d loss %.4f agreement %.4f", epoch + 1, loss, found)
    (out / "finetune.json").write_text(json.dumps({"config": config.model_dump(mode="json"), "log": log}, indent=1))
    return log


class _Tuner:
    """Steps of one fine-tuning."""

    def __init__(self, encoder: Transformer, engaged: Engaged, config: FinetuneConfig) -> None:
        self._encoder, self._engaged, self._config = encoder, engaged, config
        self._rows = np.flatnonzero(~engaged.held)
        self._tokens = [encoder.tokenise(one) for one in (engaged.texts, engaged.bare)]
        self.before = encoder.encode(engaged.texts)
        number = config.communities or round(len(self._rows) ** 0.5)
        self._community = communities(engaged.vectors, self._rows, number, config.seed)
        prototypes = means(self.before[self._rows], self._community[self._rows], number)
        heads = Heads(prototypes, engaged.topics.shape[1], int(engaged.language.max(initial=-1)) + 1)
        self._heads = heads.to(encoder.device)
        self._learning = _topmost(encoder.module, config.layers)
        self._start = [one.detach().clone() for one in self._learning]
        groups: list[dict[str, Any]] = [
            {"params": self._learning},
            {"params": self._heads.parameters(), "lr": config.head_rate},
        ]
        self._optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=0.01)
        self._peaks = [group["lr"] for group in self._optimiser.param_groups]

    def train(self, epoch: int) -> float:
        """Train one epoch and return its mean loss."""
        self._encoder.module.train()
        batches = list(self._batches(epoch))
        total = 0.0
        for number, rows in enumerate(batches):
            done = (epoch + number / len(batches)) / self._config.epochs
            for group, peak in zip(self._optimiser.param_groups, self._peaks, strict=True):
                group["lr"] = peak * min(1.0, 10 * done + 0.02) * (1.0 - done)
            tokens = self._tokens[number % 2]
            loss = self._loss(self._encoder.pooled([tokens[row] for row in rows]), rows)
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            total += float(loss.detach())
        self._encoder.module.eval()
        return total / len(batches)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the encoder hold the mean of its weights before and after while the context lasts."""
        after = [one.detach().clone() for one in self._learning]
        with torch.no_grad():
            for one, start in zip(self._learning, self._start, strict=True):
                one.copy_(torch.lerp(start, one, self._config.tuned_share))
        yield
        with torch.no_grad():
            for one, tuned in zip(self._learning, after, strict=True):
                one.copy_(tuned)

    def _batches(self, epoch: int) -> Iterator[RowVector]:
        order = np.random.default_rng([self._config.seed, epoch]).permutation(self._rows)
        size = self._config.batch_size
        return (order[start : start + size] for start in range(0, len(order) - size + 1, size))

    def _loss(self, pooled: Tensor, rows: RowVector) -> Tensor:
        """Return the weighted sum of the tasks' losses over one batch."""
        config, on = self._config, partial(tensor_on, self._encoder.device)
        community = on(self._community[rows])
        loss = config.engagement * to_prototypes(pooled, self._heads.prototypes, community, config.temperature)
        if self._heads.topics is not None:
            wanted = on(self._engaged.topics[rows].toarray())
            loss = loss + config.topics * F.binary_cross_entropy_with_logits(self._heads.topics(pooled), wanted)
        if self._heads.language is not None:
            language = self._engaged.language[rows]
            if (language >= 0).any():
                logits = self._heads.language(pooled)
                loss = loss + config.language * F.cross_entropy(logits, on(language), ignore_index=-1)
        return loss


def to_prototypes(pooled: Tensor, prototypes: Tensor, community: Tensor, temperature: float) -> Tensor:
    """Return how badly texts point to their community, a scalar: cross-entropy over cosines.

    Args:
        pooled: Vectors of the texts, float32 ``[batch, dim]``.
        prototypes: Of the communities, float32 ``[num_communities, dim]``.
        community: Number of each text's community, int64 ``[batch]``.
        temperature: Divides the cosines.
    """
    return F.cross_entropy(F.normalize(pooled, dim=1) @ F.normalize(prototypes, dim=1).T / temperature, community)


def _topmost(module: nn.Module, layers: int | None) -> list[nn.Parameter]:
    """Return the parameters that learn, and hold the others: no gradient is computed below the lowest that learns.

    Raises:
        ConfigError: If the encoder has fewer layers, or keeps them under another name than BERT does.
    """
    if layers is not None:
        stack: Any = getattr(getattr(module, "encoder", None), "layer", ())
        if layers > len(stack):
            raise ConfigError(
                f"FinetuneConfig.layers must be at most the encoder's {len(stack)} (got {layers}); null trains all"
            )
        module.requires_grad_(requires_grad=False)
        stack[len(stack) - layers :].requires_grad_(requires_grad=True)
    return [one for one in module.parameters() if one.requires_grad]
