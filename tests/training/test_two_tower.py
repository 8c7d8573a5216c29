from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from graphrec.arrays import RowVector
from graphrec.embed import embed_isolated
from graphrec.graph.build import build_graph
from graphrec.graph.split import split_at
from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.models.two_tower import TwoTower
from graphrec.training.checkpoint import load_model, save_model
from graphrec.training.config import TrainingConfig
from graphrec.training.loop import Trained, train
from graphrec.training.snapshots import log_degrees
from graphrec.training.two_tower import TowerStep, TwoTowerCourse, embed_towers
from tests.graph.conftest import DAY
from tests.training.test_loop import Killed, kill_after
from tests.training.test_twhin import LIKES
from tests.training.world import DAYS, World, communities, content_of

MODEL = TwoTowerConfig(dim=8, hidden_dim=16, history=5)
TRAINING = TrainingConfig(epochs=3, batch_size=64, windows=4, learning_rate=5e-3)


def course_of(world: World, training: TrainingConfig = TRAINING) -> TwoTowerCourse:
    split = split_at(world.tables, (DAYS - 7) * DAY, DAYS * DAY)
    content = content_of(world.features, log_degrees(build_graph(split.train, as_of_s=split.at_s)))
    return TwoTowerCourse(content, split, (LIKES,), MODEL, training)


@pytest.fixture(scope="module")
def course() -> TwoTowerCourse:
    return course_of(communities())


class Team:
    """One of several workers, without the others."""

    device = "cpu"

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    def average(self, gradients: Sequence[Tensor]) -> None:
        """Average nothing."""

    def resume(self) -> None:
        """Go on from nothing."""

    def report(self, *_: object) -> None:
        """Tell nobody."""


def step_of(course: TwoTowerCourse, number: int = 0) -> TowerStep:
    return course.steps(0, np.random.default_rng(0))[number]


def loss(course: TwoTowerCourse, model: TwoTower, step: TowerStep, team: Team | None = None) -> Tensor:
    return course.loss(model, step, team or Team(), np.random.default_rng(0))


def told_of(course: TwoTowerCourse, users: RowVector) -> Tensor:
    """Return the columns of users as the tower reads them: unit rows, nothing of degrees."""
    columns = course.content.gather("user", users, np.zeros(40, np.float32))
    columns[:, -1] = 0
    return torch.nn.functional.normalize(columns, dim=1)


def same(one: Trained[TwoTower], other: Trained[TwoTower]) -> bool:
    mine, theirs = one.model.state_dict(), other.model.state_dict()
    return all(torch.equal(mine[name], theirs[name]) for name in mine) and one.log == other.log


def test_the_loss_of_a_step_by_loops(course: TwoTowerCourse) -> None:
    """In-batch negatives, each counted for how seldom it is in a batch; a user's own targets are none."""
    model, step = course.new_model(), step_of(course)
    examples, content = step.examples, course.content
    rows = np.arange(60, dtype=np.int32)
    features = content.gather("flit", rows, np.zeros(60, np.float32))
    items = model.flits(features, torch.from_numpy(np.where(step.unknown, -1, rows).astype(np.int64)))
    columns = told_of(course, examples.users)
    share = np.bincount(course.examples.targets, minlength=60) / len(course.examples)
    total = 0.0
    for place, (user, target) in enumerate(zip(examples.users, examples.targets, strict=True)):
        before = course.history.rows[examples.start[place] : examples.stop[place]]
        mean = torch.zeros(8)
        for flit in before:
            mean = mean + torch.nn.functional.normalize(items[flit], dim=0) / len(before)
        age = torch.tensor([examples.ages[place]])
        vector = model.user_head(torch.cat([mean, columns[place], age.sqrt(), age, age**2])[None])[0]
        vector = torch.nn.functional.normalize(vector, dim=0)
        own = {int(t) for u, t in zip(examples.users, examples.targets, strict=True) if u == user}
        positive = torch.exp(vector @ items[target] / 0.2)
        partition = positive + sum(
            torch.exp(vector @ items[other] / 0.2) / (len(examples) * share[other])
            for other in examples.targets
            if int(other) not in own
        )
        total += float((partition.log() - positive.log()).detach())
    assert float(loss(course, model, step).detach()) == pytest.approx(total / len(examples), rel=1e-4)


def test_gradients_reach_every_parameter(course: TwoTowerCourse) -> None:
    model = course.new_model()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):  # heads start as linear maps: what bends them is reached once they are left
        optimiser.zero_grad()
        loss(course, model, step_of(course)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name
    gradient = model.ids.weight.grad
    assert gradient is not None
    assert float(gradient[-1].abs().sum()) > 0  # the shared one of unknown flits


def test_a_team_has_the_gradient_of_one(course: TwoTowerCourse) -> None:
    model, step = course.new_model(), step_of(course)
    step = replace(step, examples=step.examples.take(np.arange(60)))
    whole = float(loss(course, model, step).detach())
    shares = [float(loss(course, model, step, Team(rank, 3)).detach()) for rank in range(3)]
    assert np.mean(shares) == pytest.approx(whole, rel=1e-5)


def test_same_seed_same_weights_another_seed_others(course: TwoTowerCourse) -> None:
    one, again = train(course), train(course)
    assert same(one, again)
    other = train(replace(course, config=TRAINING.model_copy(update={"seed": 1})))
    assert other.log[0]["loss"] != one.log[0]["loss"]


def test_a_killed_training_goes_on_to_the_same_bits(course: TwoTowerCourse, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        train(course, folder=tmp_path, on_epoch=kill_after(1))
    assert same(train(course, folder=tmp_path), train(course))


def test_planted_communities_are_learnt() -> None:
    longer = {"epochs": 12, "patience": 12, "windows": 6, "learning_rate": 1e-2}
    course = course_of(communities(num_flits=160), TRAINING.model_copy(update=longer))
    trained = train(course)
    assert max(entry["validation_recall"] for entry in trained.log) > 0.6  # 50 of 160 at random: .31
    vectors = embed_towers(trained.model, course.content, course.graph).vectors
    met = course.known
    side = np.arange(160) % 2
    same = np.arange(40)[:, None] % 2 == side[None, met]
    cosine = vectors["user"] @ vectors["flit"][met].T
    assert cosine[same].mean() > cosine[~same].mean() + 0.3


def test_nothing_that_comes_after_the_instant_changes_the_weights() -> None:
    """A planted leak: the week after the split is rewritten; examples, ages, degrees and known flits stay."""
    world = communities()
    likes = world.tables.edges[0]
    late = likes.frame["time_s"] >= (DAYS - 7) * DAY
    flits = likes.frame["target_row"].to_numpy().copy()
    flits[late.to_numpy()] = (flits[late.to_numpy()] * 7 + 3) % 60
    moved = type(likes)(likes.config, likes.frame.with_columns(target_row=flits))
    other = replace(world, tables=type(world.tables)(world.tables.nodes, (moved,)))
    one, planted = course_of(world), course_of(other)
    assert not one.split.test.equals(planted.split.test)
    config = TRAINING.model_copy(update={"epochs": 1})
    first, second = (train(replace(each, config=config)).model.state_dict() for each in (one, planted))
    for name in first:
        assert torch.equal(first[name], second[name]), name


def test_example_age_is_0_where_vectors_are_served(course: TwoTowerCourse) -> None:
    model = course.new_model()
    served = embed_towers(model, course.content, course.graph)
    history = course.history.newest(MODEL.history)
    rows = np.arange(60, dtype=np.int32)
    features = course.content.gather("flit", rows, np.zeros(60, np.float32))
    met = torch.from_numpy(np.where(course.history.actions_per_flit(60) > 0, rows, -1).astype(np.int64))
    flits = torch.nn.functional.normalize(model.flits(features, met), dim=1).detach()
    columns = told_of(course, rows[:40])
    for user in range(5):
        mean = flits[torch.from_numpy(history.of(user).rows.astype(np.int64))].mean(dim=0)
        told = model.user_head(torch.cat([mean, columns[user], torch.zeros(3)])[None])[0].detach()
        np.testing.assert_allclose(served.vectors["user"][user], torch.nn.functional.normalize(told, dim=0), atol=1e-5)


def test_vectors_and_lengths_of_flits_are_the_towers(course: TwoTowerCourse) -> None:
    model = course.new_model()
    served = embed_towers(model, course.content, course.graph)
    np.testing.assert_allclose(np.linalg.norm(served.vectors["flit"], axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(served.vectors["user"], axis=1), 1.0, atol=1e-5)
    assert (served.lengths["flit"] > 0).all()
    assert list(served.lengths) == ["flit"]
    assert np.ptp(served.lengths["flit"]) > 0


def test_flits_nobody_has_met_are_embedded_as_outside_the_graph() -> None:
    world = communities(num_flits=60)
    likes = world.tables.edges[0]
    known = type(likes)(likes.config, likes.frame.filter(likes.frame["target_row"] < 50))
    course = course_of(replace(world, tables=type(world.tables)(world.tables.nodes, (known,))))
    model = train(course).model
    vectors = embed_towers(model, course.content, course.graph).vectors["flit"]
    cold = np.arange(50, 60, dtype=np.int32)
    alone = embed_isolated(model, "flit", course.content.gather("flit", cold, np.zeros(60, np.float32)))
    np.testing.assert_allclose(vectors[cold], alone, atol=1e-6)


def test_degrees_are_not_read(course: TwoTowerCourse) -> None:
    """A degree of now would tell the examples of the past how popular a flit is to become."""
    model = course.new_model()
    before = embed_towers(model, course.content, course.graph)
    whole = build_graph(communities().tables, as_of_s=DAYS * DAY)
    after = embed_towers(model, course.content, whole)
    both = (course.history.actions_per_flit(60) > 0) == (whole.degrees("flit") > 0)
    np.testing.assert_array_equal(before.vectors["flit"][both], after.vectors["flit"][both])


def test_a_model_opens_as_it_was_saved(course: TwoTowerCourse, tmp_path: Path) -> None:
    model = train(course).model
    save_model(model, tmp_path)
    opened = load_model(tmp_path)
    assert isinstance(opened, TwoTower)
    assert (opened.config, opened.shape) == (model.config, model.shape)
    one, other = (embed_towers(each, course.content, course.graph).vectors for each in (model, opened))
    for node_type, vectors in one.items():
        np.testing.assert_array_equal(vectors, other[node_type])
