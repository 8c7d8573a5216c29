"""What PinSage is trained on: snapshots of the past, each with the positives that follow it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import BoolVector
from graphrec.embed import embed
from graphrec.engine import Team
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.pinsage import PinSage
from graphrec.training.batches import Batch, epoch_batches
from graphrec.training.config import TrainingConfig
from graphrec.training.content import Content
from graphrec.training.hard import Bands
from graphrec.training.objective import step_loss
from graphrec.training.snapshots import Snapshot
from graphrec.training.start import start
from graphrec.training.validation import validation_recall

SnapshotStep = tuple[Snapshot, list[Batch]]
"""One step: a past, and a batch of each kind of positive that follows it."""


@dataclass(frozen=True)
class Material:
    """What a model is trained on.

    Attributes:
        content: What the nodes are.
        snapshots: The pasts to train on.
        validation: The past and the actions to validate on.
        bands: Per snapshot, where hard negatives come from.
    """

    content: Content
    snapshots: list[Snapshot]
    validation: Snapshot
    bands: Sequence[Bands]


@dataclass(frozen=True)
class Embedding:
    """What all ways to train PinSage share: how it begins, and how well it does.

    Attributes:
        material: What to train on.
        model: Encoder and objective.
        config: Epochs, batches, rate.
    """

    material: Material
    model: PinSageConfig
    config: TrainingConfig

    def new_model(self) -> PinSage:
        """Return the untrained encoder."""
        torch.manual_seed(self.config.seed)
        past = self.material.validation
        num_nodes = {t: len(degree) for t, degree in past.log_degree.items()}
        biased = (past.flit_type,) if self.model.popularity_bias else ()
        model = PinSage(self.model, self.material.content.widths, num_nodes, biased)
        start(model, self.material.content, past, self.config.seed)
        return model

    def recall(self, model: PinSage) -> float:
        """Return the recall of held-out actions."""
        validation = self.material.validation
        vectors = embed(model, self.material.content, validation.neighbourhoods, validation.log_degree).vectors
        return validation_recall(vectors, validation.split)


@dataclass(frozen=True)
class PinSageCourse(Embedding):
    """Training on what follows each snapshot; see :class:`graphrec.training.loop.Course`."""

    def steps(self, epoch: int, rng: np.random.Generator) -> list[SnapshotStep]:
        """Return the steps of an epoch."""
        return list(
            epoch_batches(
                self.material.snapshots, self.material.bands, batch_size=self.config.batch_size,
                num_negatives=self.model.negatives, num_hard=self._num_hard(epoch), rng=rng,
            )
        )  # fmt: skip

    def loss(self, model: PinSage, step: SnapshotStep, team: Team, rng: np.random.Generator) -> Tensor:
        """Return the loss of this worker's pairs."""
        snapshot, batches = step
        isolated = _isolated(snapshot, batches, self.config.content_only_share, rng)
        own = [batch.share(team.rank, team.size) for batch in batches]
        return step_loss(model, self.material.content, snapshot, own, isolated=isolated)

    def figures(self, epoch: int) -> dict[str, float]:
        """Return the number of hard negatives per positive."""
        return {"hard_negatives": float(self._num_hard(epoch))}

    def _num_hard(self, epoch: int) -> int:
        """Return the hard negatives per positive in an epoch: none at first, then one more at a time."""
        hard = self.model.hard_negatives
        return min(epoch // hard.epochs_per_step, hard.max_per_positive)


def _isolated(
    snapshot: Snapshot, batches: Sequence[Batch], share: float, rng: np.random.Generator
) -> dict[str, BoolVector]:
    """Choose targets that are embedded from content alone in this step, so that content learns to stand alone."""
    types = {batch.pairs.target_type for batch in batches}
    return {t: rng.random(len(snapshot.log_degree[t])) < share for t in sorted(types)} if share else {}
