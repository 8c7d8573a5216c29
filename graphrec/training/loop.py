"""The training loop: schedule, early stop, checkpoints, log. What is trained is a course."""

import logging
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from graphrec.engine import LOCAL, Alone, Engine, Team
from graphrec.tensors import device_of
from graphrec.training.checkpoint import Checkpoint, moments_of, restore_moments
from graphrec.training.config import TrainingConfig
from graphrec.training.validation import best_entry

logger = logging.getLogger(__name__)
Model = TypeVar("Model", bound=nn.Module)
Taught = TypeVar("Taught", bound=nn.Module, contravariant=True)
Step = TypeVar("Step")


class Lesson(Protocol[Taught, Step]):
    """What an epoch consists of. Every worker of a team holds the same one, and draws alike from equal streams."""

    @property
    def config(self) -> TrainingConfig:
        """Epochs, batches, rate."""

    def steps(self, epoch: int, rng: np.random.Generator) -> Sequence[Step]:
        """Return the steps of an epoch (from 0), in their order."""

    def loss(self, model: Taught, step: Step, team: Team, rng: np.random.Generator) -> Tensor:
        """Return the mean loss of this worker's share of a step, a scalar."""


class Course(Lesson[Model, Step], Protocol[Model, Step]):
    """What a training consists of: lessons, where it begins and how well it does."""

    def new_model(self) -> Model:
        """Return the untrained encoder, the same on every worker."""

    def recall(self, model: Model) -> float:
        """Return how well a model does on the validation window."""

    def figures(self, epoch: int) -> dict[str, float]:
        """Return what else the log tells of an epoch (from 0)."""


@dataclass(frozen=True)
class Trained(Generic[Model]):
    """A trained model and how it came to be.

    Attributes:
        model: The encoder with the weights of the best epoch.
        log: One entry per epoch: ``epoch``, ``loss``, ``validation_recall`` and the course's own figures.
    """

    model: Model
    log: list[dict[str, float]]


def train(
    course: Course[Model, Step],
    *,
    folder: Path | None = None,
    engine: Engine = LOCAL,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Trained[Model]:
    """Train a model, keep the epoch that validates best.

    A run that was killed goes on from its ``folder`` to the very weights an unbroken run reaches: each epoch's
    randomness derives from the seed and the epoch alone.

    Args:
        course: What is trained, and on what.
        folder: Where checkpoints are kept, to go on from; ``None`` keeps nothing.
        engine: Where training runs.
        on_epoch: Called with each epoch's log entry.
    """
    with tempfile.TemporaryDirectory() as scratch:
        newest = engine.train(
            train_worker, course, folder=folder or Path(scratch), on_report=on_epoch or (lambda entry: None)
        )
        state = Checkpoint.open(newest)
    model = course.new_model()
    model.load_state_dict(dict(state.best))
    return Trained(model, state.log)


def train_worker(team: Team, course: Course[Model, Step]) -> None:
    """Train as one of a team; every worker holds the same weights after every step.

    Batches, negatives and masks are drawn alike everywhere, each worker takes its share of the pairs, and gradients are
    averaged. Validation is computed by all: whoever waited for it would gain nothing.
    """
    model, config = course.new_model().to(team.device), course.config
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    state = _resume(team.resume(), model, optimiser)
    for epoch in range(state.epoch, config.epochs):
        if _stalled(state.log, config.patience):
            break
        loss = _epoch(team, model, optimiser, course, epoch)
        recall = course.recall(model)
        entry = {"epoch": epoch + 1.0, "loss": loss, "validation_recall": recall, **course.figures(epoch)}
        log = [*state.log, entry]
        best = _copy(model) if best_entry(log) is entry else state.best
        state = Checkpoint(epoch + 1, _copy(model), best, moments_of(optimiser), log)
        logger.info("epoch %d loss %.4f validation recall@50 %.4f", epoch + 1, loss, recall)
        team.report(entry, state.save)


def fit(model: Model, lesson: Lesson[Model, Step]) -> None:
    """Train those weights of a model that want gradients for all epochs, where it is, alone and unvalidated."""
    config = lesson.config
    wanted = [one for one in model.parameters() if one.requires_grad]
    optimiser = torch.optim.AdamW(wanted, lr=config.learning_rate, weight_decay=config.weight_decay)
    for epoch in range(config.epochs):
        logger.info("epoch %d loss %.4f", epoch + 1, _epoch(Alone(), model, optimiser, lesson, epoch))


def _resume(path: Path | None, model: nn.Module, optimiser: torch.optim.Optimizer) -> Checkpoint:
    """Return the checkpoint to go on from, put into ``model`` and ``optimiser``; a fresh one where there is none."""
    if path is None:
        return Checkpoint(0, {}, _copy(model), {}, [])
    state = Checkpoint.open(path)
    model.load_state_dict(dict(state.weights))
    restore_moments(optimiser, state.moments)
    logger.info("going on from epoch %d", state.epoch)
    return state


def _epoch(
    team: Team, model: Model, optimiser: torch.optim.Optimizer, lesson: Lesson[Model, Step], epoch: int
) -> float:
    """Train one epoch and return its mean loss."""
    model.train()
    config = lesson.config
    rng = np.random.default_rng([config.seed, epoch])
    steps = lesson.steps(epoch, rng)
    total = torch.zeros(1, device=device_of(model))
    for number, step in enumerate(steps):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(epoch + number / len(steps), config.epochs)
        optimiser.zero_grad()
        loss = lesson.loss(model, step, team, rng)
        loss.backward()  # type: ignore[no-untyped-call]
        team.average(_gradients(team, model))
        optimiser.step()
        total += loss.detach()
    team.average([total])
    return float(total) / len(steps)


def _gradients(team: Team, model: nn.Module) -> list[Tensor]:
    """Return the gradients that any worker has: a share of a step may reach no node of a type that others reach."""
    wanted = [one for one in model.parameters() if one.requires_grad]
    reached = torch.tensor([float(one.grad is not None) for one in wanted])
    if team.size > 1:
        reached = reached.to(team.device)
        team.average([reached])
    for one, share in zip(wanted, reached.tolist(), strict=True):
        if share and one.grad is None:
            one.grad = torch.zeros_like(one)
    return [one.grad for one in wanted if one.grad is not None]


def _schedule(epoch: float, epochs: int) -> float:
    """Return the share of the peak rate: linear warm-up over the first epoch, then cosine decay."""
    if epoch < 1:
        return max(epoch, 0.02)
    return 0.5 * (1 + math.cos(math.pi * (epoch - 1) / max(epochs - 1, 1)))


def _stalled(log: list[dict[str, float]], patience: int) -> bool:
    """Return whether the last ``patience`` epochs all did worse than the best before them."""
    return bool(log) and log[-1]["epoch"] - best_entry(log)["epoch"] >= patience


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in model.state_dict().items()}
