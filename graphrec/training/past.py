"""PinSage's training on the actions of the past itself: many positives a step, as LightGCN takes them.

Windows that come after a snapshot teach to foresee, but of undated data only the hidden share of all actions is ever a
positive. Here a step takes some users with *all* their flits against flits that all of them share. Every node is
embedded once a step however many pairs ask for it, so a step of a hundred thousand pairs costs little more than one of
ten thousand, and few steps make a training.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from graphrec.arrays import RowVector
from graphrec.engine import Team
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.losses import softmax_of_sets
from graphrec.models.pinsage import PinSage
from graphrec.tensors import device_of, tensor_on
from graphrec.training.config import TrainingConfig
from graphrec.training.content import Content
from graphrec.training.objective import embedded
from graphrec.training.pinsage import Embedding
from graphrec.training.snapshots import PastGraph


@dataclass(frozen=True)
class PastLesson:
    """Steps of users with all their flits, and their loss.

    Attributes:
        content: What the nodes are.
        past: Where they stand, and who acted on what.
        model: Encoder and objective.
        config: Epochs, batches, rate.
    """

    content: Content
    past: PastGraph
    model: PinSageConfig
    config: TrainingConfig

    @cached_property
    def flits(self) -> RowVector:
        """Flits that somebody acted on, sorted: what negatives are drawn from.

        Nobody has turned the others down: as negatives they would be pushed away from everybody, by their content.
        """
        return np.unique(self.past.acted.indices)

    def steps(self, epoch: int, rng: np.random.Generator) -> list[RowVector]:
        """Return the users of each step, about ``batch_size`` pairs together: their rows, sorted, int32."""
        users = rng.permutation(np.flatnonzero(np.diff(self.past.acted.indptr)).astype(np.int32))
        number = min(max(1, round(self.past.acted.nnz / self.config.batch_size)), max(1, len(users)))
        return [np.sort(part) for part in np.array_split(users, number)]

    def loss(self, model: PinSage, step: RowVector, team: Team, rng: np.random.Generator) -> Tensor:
        """Return the loss of this worker's users with all their flits, as large as its share of the step's pairs."""
        acted, user_type, flit_type = self.past.acted, self.past.user_type, self.past.flit_type
        drawn = rng.choice(self.flits, min(self.model.negatives, len(self.flits)), replace=False)
        # The masks of a step are drawn before it is shared out: every worker's stream stands where the others' do.
        alone = rng.random(acted.shape[1]) < self.config.content_only_share
        users = step[team.rank :: team.size] if len(step) >= team.size else step
        chosen = acted[users]
        share = chosen.nnz * team.size / acted[step].nnz if len(users) < len(step) else 1.0
        needed, place = np.unique(np.concatenate([chosen.indices, drawn]), return_inverse=True)
        seeds = {t: np.zeros(0, dtype=np.int32) for t in model.types}
        seeds |= {user_type: users, flit_type: needed.astype(np.int32)}
        vectors = embedded(model, self.content, self.past, seeds, isolated={flit_type: alone})
        on = partial(tensor_on, device_of(model))
        bias = model.bias[flit_type][on(needed).long()] if flit_type in model.bias else None
        queries, keys = _scored(vectors[user_type] / self.model.temperature, vectors[flit_type], bias)
        line = on(np.repeat(np.arange(len(users)), np.diff(chosen.indptr)))
        positives, negatives = (keys[on(one)] for one in np.split(place, [chosen.nnz]))
        return share * softmax_of_sets(queries, positives, line, negatives, catalogue=len(self.flits))


@dataclass(frozen=True)
class PastCourse(Embedding):
    """Training on the past of the validation window; see :class:`graphrec.training.loop.Course`."""

    @cached_property
    def lesson(self) -> PastLesson:
        """What a step is, and its loss."""
        return PastLesson(self.material.content, self.material.validation, self.model, self.config)

    def steps(self, epoch: int, rng: np.random.Generator) -> list[RowVector]:
        """Return the users of each step."""
        return self.lesson.steps(epoch, rng)

    def loss(self, model: PinSage, step: RowVector, team: Team, rng: np.random.Generator) -> Tensor:
        """Return the loss of this worker's share of a step."""
        return self.lesson.loss(model, step, team, rng)

    def figures(self, epoch: int) -> dict[str, float]:
        """Return nothing more."""
        return {}


def _scored(queries: Tensor, keys: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return both sides of the inner product, the popularity bias as one more dimension of it."""
    if bias is None:
        return queries, keys
    return torch.cat([queries, queries.new_ones(len(queries), 1)], dim=1), torch.cat([keys, bias[:, None]], dim=1)
