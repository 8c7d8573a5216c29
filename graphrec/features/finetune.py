"""Fine-tuning a text encoder on what a platform's users engage with, on several tasks at once.

After Twitter's Twice, of which the tasks are public: topic (multi-label), engagement and language over engaged posts.
Engagement is learnt by listwise distillation: the texts of a batch shall be as near to each other as those who engage
with them are alike, told by collaborative factors (compare Barkan et al., "CB2CF", RecSys 2019). Pooled vectors are
trained directly, since those are what features, neighbours and searches use.
"""

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.arrays import BoolVector, FloatMatrix, IntVector, RowVector, normalise_rows
from graphrec.errors import DataError
from graphrec.features.config import FinetuneConfig, TextConfig
from graphrec.features.loading import torch_threads
from graphrec.features.transformer import Transformer
from graphrec.features.weights import TextWeights

logger = logging.getLogger(__name__)
NEIGHBOURS, LIST = 10, 50
"""Agreement: the share of a text's 10 nearest by engagement among its 50 nearest by text."""
OnEpoch = Callable[[dict[str, float]], None]


@dataclass(frozen=True, eq=False)
class Engaged:
    """Texts and what is known of those who engaged with them.

    Attributes:
        texts: Texts that somebody engaged with.
        bare: The same without their hashtags, seen in every second step.
        factors: Who engages, as collaborative vectors, float32 ``[num_texts, dim]``.
        topics: Which text has which topic, CSR ``[num_texts, num_topics]``; no column where none is known.
        language: Number of each text's language, int64 ``[num_texts]``, -1 where it is not known.
        held: Texts that are never trained on, but choose the epoch, bool ``[num_texts]``.
    """

    texts: Sequence[str]
    bare: Sequence[str]
    factors: FloatMatrix
    topics: scipy.sparse.csr_array
    language: IntVector
    held: BoolVector


class Heads(nn.Module):
    """A linear head per task that needs one; they are thrown away after training.

    Args:
        dim: Width of the encoder's vectors.
        num_topics: Topics; 0 leaves the head out.
        num_languages: Languages; fewer than 2 leave the head out.
    """

    def __init__(self, dim: int, num_topics: int, num_languages: int) -> None:
        super().__init__()
        self.topics = nn.Linear(dim, num_topics) if num_topics else None
        self.language = nn.Linear(dim, num_languages) if num_languages > 1 else None


def finetune_text(
    engaged: Engaged, weights: TextWeights, text: TextConfig, config: FinetuneConfig, out: Path,
    *, threads: int = 2, on_epoch: OnEpoch = lambda entry: None,
) -> list[dict[str, float]]:  # fmt: skip
    """Fine-tune an encoder and write it as a model folder that ``features.text.model`` may name.

    The epoch whose vectors agree best with engagement on held texts is kept; epoch 0 is the encoder as it came, and is
    what is written where no epoch does better.

    Args:
        engaged: What to learn from.
        weights: The encoder to start from.
        text: Its settings.
        config: Epochs, rates, weights of the tasks.
        out: Folder to write; must not exist.
        threads: Threads that torch may use.
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
    encoder = Transformer(weights, text.model_copy(update={"precision": "float32"}), threads)
    tuner = _Tuner(encoder, engaged, config)
    with torch_threads(threads):
        log = [{"epoch": 0.0, "loss": float("nan"), "agreement": agreement(engaged, encoder.encode(engaged.texts))}]
        on_epoch(log[0])
        encoder.save(out)
        for epoch in range(config.epochs):
            loss = tuner.train(epoch)
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
        self._factors = torch.from_numpy(normalise_rows(engaged.factors))
        self._heads = Heads(encoder.weights.dim, engaged.topics.shape[1], int(engaged.language.max(initial=-1)) + 1)
        groups = [{"params": encoder.module.parameters()}, {"params": self._heads.parameters(), "lr": config.head_rate}]
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

    def _batches(self, epoch: int) -> Iterator[RowVector]:
        order = np.random.default_rng([self._config.seed, epoch]).permutation(self._rows)
        size = self._config.batch_size
        return (order[start : start + size] for start in range(0, len(order) - size + 1, size))

    def _loss(self, pooled: Tensor, rows: RowVector) -> Tensor:
        """Return the weighted sum of the tasks' losses over one batch."""
        config, place = self._config, torch.from_numpy(rows)
        loss = config.engagement * listwise(pooled, self._factors[place], config.temperature)
        if self._heads.topics is not None:
            wanted = torch.from_numpy(self._engaged.topics[rows].toarray())
            loss = loss + config.topics * F.binary_cross_entropy_with_logits(self._heads.topics(pooled), wanted)
        if self._heads.language is not None:
            language = torch.from_numpy(self._engaged.language)[place]
            if bool((language >= 0).any()):
                logits = self._heads.language(pooled)
                loss = loss + config.language * F.cross_entropy(logits, language, ignore_index=-1)
        return loss


def listwise(pooled: Tensor, factors: Tensor, temperature: float) -> Tensor:
    """Return how far the texts' nearness is from that of those who engage, a scalar.

    The divergence, per text, between two softmaxes over the other texts of the batch: of the factors' cosines at twice
    the temperature, and of the texts' cosines.

    Args:
        pooled: Vectors of the texts, float32 ``[batch, dim]``.
        factors: Unit vectors of who engages, float32 ``[batch, factor_dim]``.
        temperature: Divides the texts' cosines.
    """
    itself = torch.eye(len(pooled), dtype=torch.bool)
    unit = F.normalize(pooled, dim=1)
    ours = (unit @ unit.T / temperature).masked_fill(itself, -1e4)
    theirs = (factors @ factors.T / (2 * temperature)).masked_fill(itself, -1e4)
    return F.kl_div(F.log_softmax(ours, dim=1), F.softmax(theirs, dim=1), reduction="batchmean")


def agreement(engaged: Engaged, vectors: FloatMatrix) -> float:
    """Return how much of a held text's nearest by engagement is near by text, 0 to 1; neighbours are trained texts."""
    held, known = np.flatnonzero(engaged.held), np.flatnonzero(~engaged.held)
    wanted = _nearest(normalise_rows(engaged.factors), held, known, NEIGHBOURS)
    found = _nearest(vectors, held, known, LIST)
    return float(np.mean([np.isin(one, other).mean() for one, other in zip(wanted, found, strict=True)]))


def _nearest(vectors: FloatMatrix, rows: IntVector, among: IntVector, k: int) -> Any:
    scores = vectors[rows] @ vectors[among].T
    return np.argpartition(-scores, min(k, len(among)) - 1, axis=1)[:, :k]
