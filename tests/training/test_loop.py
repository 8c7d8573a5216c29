import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from graphrec.embed import embed
from graphrec.engine import Alone
from graphrec.errors import ArtifactError
from graphrec.models.config.pinsage import HardNegativeConfig, PinSageConfig
from graphrec.models.pinsage import PinSage
from graphrec.training import pinsage
from graphrec.training.batches import Batch
from graphrec.training.checkpoint import Checkpoint
from graphrec.training.config import TrainingConfig
from graphrec.training.hard import page_rank_bands
from graphrec.training.loop import Trained, _gradients, train
from graphrec.training.objective import step_loss
from graphrec.training.pinsage import Material, PinSageCourse
from graphrec.training.snapshots import Snapshot, build_snapshots
from tests.training.world import MODEL, NEIGHBOURS, World, communities
from tests.training.world import TRAINING as SLOWER

TRAINING = SLOWER.model_copy(update={"batch_size": 32})


@dataclass(frozen=True)
class Setup:
    """A world and its snapshots."""

    world: World
    snapshots: list[Snapshot]
    validation: Snapshot

    def train(
        self, training: TrainingConfig = TRAINING, model: PinSageConfig = MODEL, **rest: object
    ) -> Trained[PinSage]:
        bands = [page_rank_bands(one, model.hard_negatives, NEIGHBOURS) for one in self.snapshots]
        material = Material(self.world.content, self.snapshots, self.validation, bands)
        return train(PinSageCourse(material, model, training), **rest)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def setup() -> Setup:
    world = communities(num_users=20, num_flits=24, actions=10)
    return Setup(world, *build_snapshots(world.tables, NEIGHBOURS, MODEL, TRAINING, end_s=world.end_s))


def assert_equal_weights(one: Trained[PinSage], other: Trained[PinSage]) -> None:
    mine, theirs = one.model.state_dict(), other.model.state_dict()
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        assert torch.equal(tensor, theirs[name]), name


HARD = MODEL.model_copy(
    update={"hard_negatives": HardNegativeConfig(band=(0.05, 0.3), max_per_positive=2), "loss": "max_margin"}
)


@pytest.mark.parametrize("model", [MODEL, HARD], ids=["softmax", "margin-hard"])
def test_same_seed_same_weights_another_seed_others(setup: Setup, model: PinSageConfig) -> None:
    one, again = setup.train(model=model), setup.train(model=model)
    assert_equal_weights(one, again)
    assert one.log == again.log
    other = setup.train(TRAINING.model_copy(update={"seed": 1}), model)
    assert other.log[0]["loss"] != one.log[0]["loss"]


def test_every_epoch_draws_its_own_batches(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    def watching(
        model: object, content: object, snapshot: object, batches: list[Batch], **rest: object
    ) -> torch.Tensor:
        seen.append(batches[0].negatives.tobytes())
        return step_loss(model, content, snapshot, batches, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pinsage, "step_loss", watching)
    setup.train()
    assert len(seen) > 3
    assert len(set(seen)) == len(seen)


class Killed(Exception):
    """Stands for a kill between two epochs."""


def kill_after(epoch: int):  # type: ignore[no-untyped-def]  # noqa: ANN201
    def on_epoch(entry: dict[str, float]) -> None:
        if entry["epoch"] == epoch:
            raise Killed

    return on_epoch


@pytest.mark.parametrize("model", [MODEL, HARD], ids=["softmax", "margin-hard"])
@pytest.mark.parametrize("epoch", [1, 2])
def test_a_killed_training_goes_on_to_the_same_bits(
    setup: Setup, tmp_path: Path, epoch: int, model: PinSageConfig
) -> None:
    path = tmp_path / "checkpoints"
    with pytest.raises(Killed):
        setup.train(model=model, folder=path, on_epoch=kill_after(epoch))
    torch.manual_seed(12345)  # whatever happened meanwhile
    seen: list[float] = []
    resumed = setup.train(model=model, folder=path, on_epoch=lambda entry: seen.append(entry["epoch"]))
    unbroken = setup.train(model=model)
    assert seen == list(range(epoch + 1, 4))
    assert resumed.log == unbroken.log
    assert_equal_weights(resumed, unbroken)


def test_a_kill_within_an_epoch_repeats_that_epoch(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, steps = tmp_path / "checkpoints", 0
    real = step_loss

    def dying(*args: object, **rest: object) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps == 6:
            raise Killed
        return real(*args, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pinsage, "step_loss", dying)
    with pytest.raises(Killed):
        setup.train(folder=path)
    monkeypatch.undo()
    assert_equal_weights(setup.train(folder=path), setup.train())


def test_a_finished_checkpoint_trains_no_further(setup: Setup, tmp_path: Path) -> None:
    path = tmp_path / "checkpoints"
    first = setup.train(folder=path)
    assert_equal_weights(first, setup.train(folder=path, on_epoch=kill_after(3)))


def test_a_torn_checkpoint_raises_rather_than_starting_over(setup: Setup, tmp_path: Path) -> None:
    path = tmp_path / "checkpoints"
    setup.train(TRAINING.model_copy(update={"epochs": 1}), folder=path)
    file = path / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ArtifactError, match="delete it to start over"):
        setup.train(folder=path)


def test_training_stops_after_patience_and_keeps_the_best_epoch(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    recalls = iter([0.1, 0.4, 0.3, 0.4, 0.2, 0.3, 0.1, 0.9])
    states: list[dict[str, torch.Tensor]] = []

    def planned(*_: object) -> float:
        return next(recalls)

    monkeypatch.setattr(pinsage, "validation_recall", planned)
    real = embed

    def watching(model: torch.nn.Module, *rest: object) -> object:
        states.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return real(model, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pinsage, "embed", watching)
    trained = setup.train(TRAINING.model_copy(update={"epochs": 8, "patience": 3}))
    assert [entry["validation_recall"] for entry in trained.log] == [0.1, 0.4, 0.3, 0.4, 0.2, 0.3, 0.1]
    for name, tensor in trained.model.state_dict().items():
        assert torch.equal(tensor, states[3][name])


def test_where_validation_tells_nothing_all_epochs_are_trained_and_the_last_is_kept(
    setup: Setup, tmp_path: Path
) -> None:
    trained = setup.train(TRAINING.model_copy(update={"epochs": 4, "patience": 1}), folder=tmp_path)
    assert [entry["validation_recall"] for entry in trained.log] == [1.0] * 4  # of 24 flits, 50 hold all
    last = Checkpoint.open(tmp_path / "checkpoint.safetensors").weights
    for name, tensor in trained.model.state_dict().items():
        assert torch.equal(tensor, last[name])


def test_the_curriculum_adds_hard_negatives_one_by_one(setup: Setup) -> None:
    assert [entry["hard_negatives"] for entry in setup.train(model=HARD).log] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("loss", ["softmax", "max_margin"])
def test_planted_communities_are_learnt(loss: str) -> None:
    """Content says nothing of the sides: whatever separates them was learnt from the edges."""
    world = communities(num_flits=160)
    setup = Setup(world, *build_snapshots(world.tables, NEIGHBOURS, MODEL, TRAINING, end_s=world.end_s))
    model = PinSageConfig.parse({**MODEL.model_dump(), "loss": loss})
    trained = setup.train(TRAINING.model_copy(update={"epochs": 10, "patience": 10}), model)
    losses = [entry["loss"] for entry in trained.log]
    assert losses[-1] < 0.9 * losses[0]
    recalls = [entry["validation_recall"] for entry in trained.log]
    assert max(recalls) > 0.4  # 50 of 160 at random: .31
    vectors = embed(trained.model, world.content, setup.validation.neighbourhoods, setup.validation.log_degree).vectors
    met = setup.validation.log_degree["flit"] > 0
    flits, side = vectors["flit"][met], world.flit_side[met]
    for own_side, queries in ((world.user_side, vectors["user"]), (side, flits)):
        same = own_side[:, None] == side[None, :]
        cosines = queries @ flits.T
        if queries is flits:
            np.fill_diagonal(cosines, 0)
        own, strange = (np.where(mask, cosines, 0).sum(axis=1) / mask.sum(axis=1) for mask in (same, ~same))
        assert (own > strange).mean() > 0.9


class Pair(Alone):
    """One of two workers on threads of this process."""

    size = 2

    def __init__(self, meeting: threading.Barrier, lent: list[list[torch.Tensor]], rank: int) -> None:
        super().__init__()
        self._meeting, self._lent, self._rank = meeting, lent, rank

    def average(self, gradients: Sequence[torch.Tensor]) -> None:
        self._lent[self._rank] = [one.clone() for one in gradients]
        self._meeting.wait()
        for own, one, other in zip(gradients, *self._lent, strict=True):
            own.copy_((one + other) / 2)
        self._meeting.wait()


def test_workers_whose_shares_reach_other_weights_average_the_same_ones() -> None:
    """A share of a step may hold no node of a type, and its worker no gradient of what embeds that type."""
    torch.manual_seed(0)
    models = [torch.nn.ModuleList([torch.nn.Linear(2, 1, bias=False) for _ in range(3)]) for _ in range(2)]
    inputs = torch.ones(1, 2)
    models[0][0](inputs).backward()
    for layer in models[1][:2]:
        layer(inputs).backward()
    meeting, lent = threading.Barrier(2, timeout=10), [[], []]  # type: ignore[var-annotated]

    def averaged(rank: int) -> None:
        team = Pair(meeting, lent, rank)
        team.average(_gradients(team, models[rank]))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(averaged, range(2)))
    for model in models:
        found = [None if one.grad is None else one.grad.tolist() for one in model.parameters()]
        assert found == [[[1.0, 1.0]], [[0.5, 0.5]], None]
