"""What two towers are trained on, and how they embed a graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.arrays import BoolVector, RowVector, spans
from graphrec.engine import Team
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph, Triplet
from graphrec.graph.pasts import first_actions
from graphrec.graph.split import Split
from graphrec.history import History
from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.models.losses import sampled_softmax
from graphrec.models.two_tower import Lists, TowerShape, TwoTower
from graphrec.tensors import device_of, tensor_on
from graphrec.training.config import TrainingConfig
from graphrec.training.content import Content
from graphrec.training.examples import Examples, examples_of
from graphrec.training.validation import validation_recall
from graphrec.vectors import Embeddings

CHUNK = 16_384
"""Nodes embedded at once."""


@dataclass(frozen=True)
class TowerStep:
    """One step: examples, and the flits that it takes for unknown, bool ``[num_flits]``."""

    examples: Examples
    unknown: BoolVector


@dataclass(frozen=True, eq=False)
class TwoTowerCourse:
    """The towers' training; see :class:`graphrec.training.loop.Course`.

    Attributes:
        content: What users and flits are.
        split: The past, whose actions are the examples, and the actions to validate on.
        actions: The relations that are actions.
        model: Towers and objective.
        config: Epochs, batches, rate.
    """

    content: Content
    split: Split
    actions: tuple[Triplet, ...]
    model: TwoTowerConfig
    config: TrainingConfig

    @cached_property
    def graph(self) -> InteractionGraph:
        """The graph of the past."""
        return build_graph(self.split.train, as_of_s=self.split.at_s)

    @cached_property
    def history(self) -> History:
        """What users did in it."""
        return first_actions(self.graph, self.actions, seed=self.config.seed)

    @cached_property
    def examples(self) -> Examples:
        """What is predicted, and from what."""
        return examples_of(self.history, self.model, self.config, as_of_s=self.split.at_s)

    @cached_property
    def known(self) -> BoolVector:
        """Flits that some example has as its target or before it, bool ``[num_flits]``: their id vectors are learnt."""
        out = np.zeros(self.shape.num_flits, dtype=np.bool_)
        out[self.examples.targets] = True
        out[self.history.rows[spans(self.examples.start, self.examples.stop)[0]]] = True
        return out

    @cached_property
    def shape(self) -> TowerShape:
        """What the towers stand on."""
        return TowerShape(self.actions, self.content.widths, self.graph.num_nodes[self.actions[0][2]])

    @cached_property
    def chance(self) -> npt.NDArray[np.float64]:
        """How often each flit is the target of an example, float64 ``[num_flits]``, summing to 1."""
        counts = np.bincount(self.examples.targets, minlength=self.shape.num_flits)
        return np.asarray(counts / max(counts.sum(), 1))

    def new_model(self) -> TwoTower:
        """Return the untrained towers."""
        torch.manual_seed(self.config.seed)
        model = TwoTower(self.model, self.shape)
        model.known.copy_(torch.from_numpy(self.known))
        return model

    def steps(self, epoch: int, rng: np.random.Generator) -> list[TowerStep]:
        """Return the steps of an epoch: every example once."""
        order = rng.permutation(len(self.examples))
        parts = np.array_split(order, max(1, round(len(order) / self.config.batch_size)))
        share = self.config.content_only_share
        return [TowerStep(self.examples.take(part), rng.random(self.shape.num_flits) < share) for part in parts]

    def loss(self, model: TwoTower, step: TowerStep, team: Team, rng: np.random.Generator) -> Tensor:
        """Return the loss of this worker's examples against the flits of all."""
        targets = step.examples.targets
        expected = len(targets) * self.chance[targets]
        own = np.arange(len(targets))[team.rank :: team.size] if len(targets) >= team.size else np.arange(len(targets))
        mine = step.examples.take(own)
        positions, starts = spans(mine.start, mine.stop)
        before = self.history.rows[positions]
        rows, places = np.unique(np.concatenate([targets, before]), return_inverse=True)
        on = partial(tensor_on, device_of(model))
        flits = _flits(model, self.content, rows, ~step.unknown[rows])
        lately = Lists(on(places[len(targets) :]), on(starts))
        users = model.users(flits, lately, _columns(model, self.content, mine.users), on(mine.ages))
        items = flits[on(places[: len(targets)])]
        scores = users @ items.T
        return sampled_softmax(
            scores[on(np.arange(len(own))), on(own)],
            scores,
            on(~_own_targets(step.examples)[own]),
            temperature=self.model.temperature,
            log_expected=on(np.log(expected).astype(np.float32))[None, :],
        ).mean()

    def recall(self, model: TwoTower) -> float:
        """Return the recall of held-out actions."""
        return validation_recall(embed_towers(model, self.content, self.graph).vectors, self.split)

    def figures(self, epoch: int) -> dict[str, float]:
        """Return nothing more."""
        return {}


def _own_targets(examples: Examples) -> BoolVector:
    """Return which targets are of the same user as each example, its own among them, bool ``[examples, examples]``."""
    users, user = np.unique(examples.users, return_inverse=True)
    flits, flit = np.unique(examples.targets, return_inverse=True)
    acted = np.zeros((len(users), len(flits)), dtype=np.bool_)
    acted[user, flit] = True
    return np.asarray(acted[user][:, flit])


@torch.inference_mode()
def embed_towers(model: TwoTower, content: Content, graph: InteractionGraph) -> Embeddings:
    """Embed the users and the flits of a graph, those without a single edge included.

    Args:
        model: Trained towers; they compute where they are.
        content: What the nodes are, for every row of the graph.
        graph: Whose actions tell what users did lately, and which flits were met. Its "now" has the example age 0.
    """
    model.eval()
    shape, history = model.shape, first_actions(graph, model.shape.actions)
    met = history.actions_per_flit(shape.num_flits) > 0
    rows = np.arange(shape.num_flits, dtype=np.int32)
    flits = torch.cat([_flits(model, content, rows[part], met[part]) for part in _parts(shape.num_flits)])
    newest = history.newest(model.config.history)
    users = [_users(model, content, newest, flits, part) for part in _parts(history.num_users)]
    return Embeddings(
        {shape.user_type: torch.cat(users).cpu().numpy(), shape.flit_type: F.normalize(flits, dim=1).cpu().numpy()},
        {shape.flit_type: np.asarray(flits.norm(dim=1).cpu().numpy())},
    )


def _parts(number: int) -> Sequence[slice]:
    return [slice(start, start + CHUNK) for start in range(0, max(number, 1), CHUNK)]


def _users(model: TwoTower, content: Content, newest: History, flits: Tensor, part: slice) -> Tensor:
    """Return the vectors of some users, by what they did lately."""
    rows = np.arange(newest.num_users, dtype=np.int32)[part]
    positions, starts = spans(newest.indptr[:-1][part], newest.indptr[1:][part])
    lately = Lists(tensor_on(flits.device, newest.rows[positions].astype(np.int64)), tensor_on(flits.device, starts))
    return model.users(flits, lately, _columns(model, content, rows), flits.new_zeros(len(rows)))


def _flits(model: TwoTower, content: Content, rows: RowVector, met: BoolVector) -> Tensor:
    """Return the vectors of some flits, float32 ``[rows, dim]``; those not met by their content alone."""
    features, device = content.unmet(model.shape.flit_type, rows), device_of(model)  # towers read no degree
    return model.flits(features.to(device), tensor_on(device, np.where(met, rows, -1).astype(np.int64)))


def _columns(model: TwoTower, content: Content, rows: RowVector) -> Tensor:
    return content.unmet(model.shape.user_type, rows).to(device_of(model))
