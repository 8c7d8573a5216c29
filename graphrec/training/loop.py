"""The training loop: curriculum, schedule, early stop, checkpoints, log."""

import logging
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphrec.arrays import BoolVector
from graphrec.embed import embed
from graphrec.engine import LOCAL, Engine, Team
from graphrec.models.config import ModelConfig, TrainingConfig
from graphrec.models.pinsage import PinSage
from graphrec.training.batches import Batch, epoch_batches
from graphrec.training.checkpoint import Checkpoint, moments_of, restore_moments
from graphrec.training.content import Content
from graphrec.training.objective import step_loss
from graphrec.training.snapshots import Snapshot
from graphrec.training.validation import validation_recall

logger = logging.getLogger(__name__)
Bands = Sequence[Mapping[str, npt.NDArray[np.int32]]]


@dataclass(frozen=True)
class Material:
    """What a model is trained on.

    Attributes:
        content: What the nodes are.
        snapshots: The pasts to train on.
        validation: The past and the actions to validate on.
        bands: Per snapshot, query type to PageRank band (see :mod:`graphrec.training.hard`).
    """

    content: Content
    snapshots: list[Snapshot]
    validation: Snapshot
    bands: Bands


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came to be.

    Attributes:
        model: The encoder with the weights of the best epoch.
        log: One entry per epoch: ``epoch``, ``loss``, ``validation_recall``, ``hard_negatives``.
    """

    model: PinSage
    log: list[dict[str, float]]


def train(
    material: Material,
    model_config: ModelConfig,
    config: TrainingConfig,
    *,
    folder: Path | None = None,
    engine: Engine = LOCAL,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Trained:
    """Train PinSage on the snapshots, keep the epoch that validates best.

    A run that was killed goes on from its ``folder`` to the very weights an unbroken run reaches: each epoch's
    randomness derives from the seed and the epoch alone.

    Args:
        material: What to train on.
        model_config: Encoder and objective.
        config: Epochs, batches, rate.
        folder: Where checkpoints are kept, to go on from; ``None`` keeps nothing.
        engine: Where training runs.
        on_epoch: Called with each epoch's log entry.
    """
    with tempfile.TemporaryDirectory() as scratch:
        newest = engine.train(
            train_worker, material, model_config, config,
            folder=folder or Path(scratch), on_report=on_epoch or (lambda entry: None),
        )  # fmt: skip
        state = Checkpoint.open(newest)
    model = _new_model(material, model_config, config)
    model.load_state_dict(dict(state.best))
    return Trained(model, state.log)


def train_worker(team: Team, material: Material, model_config: ModelConfig, config: TrainingConfig) -> None:
    """Train as one of a team; every worker holds the same weights after every step.

    Batches, negatives and masks are drawn alike everywhere, each worker takes its share of the pairs, and gradients are
    averaged. Validation is computed by all: whoever waited for it would gain nothing.
    """
    model, validation = _new_model(material, model_config, config), material.validation
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    state = _resume(team.resume(), model, optimiser)
    for epoch in range(state.epoch, config.epochs):
        if _stalled(state.log, config.patience):
            break
        loss = _epoch(team, model, optimiser, material, config, epoch)
        vectors = embed(model, material.content, validation.neighbourhoods, validation.log_degree).vectors
        recall = validation_recall(vectors, validation.split)
        hard = float(_num_hard(model_config, epoch))
        entry = {"epoch": epoch + 1.0, "loss": loss, "validation_recall": recall, "hard_negatives": hard}
        best = state.best if state.log and recall <= _best(state.log) else _copy(model)
        state = Checkpoint(epoch + 1, _copy(model), best, moments_of(optimiser), [*state.log, entry])
        logger.info("epoch %d loss %.4f validation recall@50 %.4f", epoch + 1, loss, recall)
        team.report(entry, state.save)


def _new_model(material: Material, model_config: ModelConfig, config: TrainingConfig) -> PinSage:
    """Return the untrained encoder, the same on every worker."""
    torch.manual_seed(config.seed)
    num_nodes = {t: len(degree) for t, degree in material.validation.log_degree.items()}
    return PinSage(model_config, material.content.widths, num_nodes)


def _resume(path: Path | None, model: PinSage, optimiser: torch.optim.Optimizer) -> Checkpoint:
    """Return the checkpoint to go on from, put into ``model`` and ``optimiser``; a fresh one where there is none."""
    if path is None:
        return Checkpoint(0, {}, _copy(model), {}, [])
    state = Checkpoint.open(path)
    model.load_state_dict(dict(state.weights))
    restore_moments(optimiser, state.moments)
    logger.info("going on from epoch %d", state.epoch)
    return state


def _epoch(
    team: Team,
    model: PinSage,
    optimiser: torch.optim.Optimizer,
    material: Material,
    config: TrainingConfig,
    epoch: int,
) -> float:
    """Train one epoch and return its mean loss."""
    model.train()
    rng = np.random.default_rng([config.seed, epoch])
    steps = list(
        epoch_batches(
            material.snapshots, list(material.bands), batch_size=config.batch_size,
            num_negatives=model.config.negatives, num_hard=_num_hard(model.config, epoch), rng=rng,
        )
    )  # fmt: skip
    total = torch.zeros(1)
    for number, (snapshot, batches) in enumerate(steps):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(epoch + number / len(steps), config.epochs)
        optimiser.zero_grad()
        isolated = _isolated(snapshot, batches, config.content_only_share, rng)
        own = [batch.share(team.rank, team.size) for batch in batches]
        loss = step_loss(model, material.content, snapshot, own, isolated=isolated)
        loss.backward()  # type: ignore[no-untyped-call]
        team.average([one.grad for one in model.parameters() if one.grad is not None])
        optimiser.step()
        total += loss.detach()
    team.average([total])
    return float(total) / len(steps)


def _isolated(
    snapshot: Snapshot, batches: Sequence[Batch], share: float, rng: np.random.Generator
) -> dict[str, BoolVector]:
    """Choose targets that are embedded from content alone in this step, so that content learns to stand alone."""
    types = {batch.pairs.target_type for batch in batches}
    return {t: rng.random(len(snapshot.log_degree[t])) < share for t in sorted(types)} if share else {}


def _schedule(epoch: float, epochs: int) -> float:
    """Return the share of the peak rate: linear warm-up over the first epoch, then cosine decay."""
    if epoch < 1:
        return max(epoch, 0.02)
    return 0.5 * (1 + math.cos(math.pi * (epoch - 1) / max(epochs - 1, 1)))


def _num_hard(config: ModelConfig, epoch: int) -> int:
    """Return the hard negatives per positive in an epoch: none at first, then one more at a time."""
    return min(epoch // config.hard_negatives.epochs_per_step, config.hard_negatives.max_per_positive)


def _best(log: list[dict[str, float]]) -> float:
    return max(entry["validation_recall"] for entry in log)


def _stalled(log: list[dict[str, float]], patience: int) -> bool:
    """Return whether the last ``patience`` epochs brought no better validation recall."""
    recalls = [entry["validation_recall"] for entry in log]
    return len(recalls) > patience and max(recalls[-patience:]) <= max(recalls[:-patience])


def _copy(model: PinSage) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
