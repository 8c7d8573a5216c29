"""Training on the past itself: users with all their flits a step."""

from pathlib import Path

import numpy as np
import pytest
import torch

from graphrec.embed import embed
from graphrec.graph.split import split_at
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.training.checkpoint import load_model, save_model
from graphrec.training.loop import train
from graphrec.training.past import PastCourse
from graphrec.training.pinsage import Material
from graphrec.training.snapshots import Snapshot, build_snapshot
from tests.graph.conftest import DAY
from tests.training.test_start import STARTED
from tests.training.test_two_tower import Team
from tests.training.world import DAYS, MODEL, NEIGHBOURS, TRAINING, World, communities

SHORT = TRAINING.model_copy(update={"batch_size": 100, "learning_rate": 2e-3})


def course_of(world: World, past: Snapshot, **changes: object) -> PastCourse:
    model = PinSageConfig.parse({**STARTED.model_dump(), **changes})
    return PastCourse(Material(world.content, [], past, []), model, SHORT)


def test_a_step_is_users_with_about_as_many_pairs_as_a_batch(world: World, past: Snapshot) -> None:
    course = course_of(world, past)
    steps = course.steps(0, np.random.default_rng(0))
    assert len(steps) == round(course.lesson.past.acted.nnz / 100)
    acted = np.flatnonzero(np.diff(course.lesson.past.acted.indptr))
    np.testing.assert_array_equal(np.sort(np.concatenate(steps)), acted)
    assert not np.array_equal(steps[0], course.steps(1, np.random.default_rng(1))[0])


def test_flits_that_nobody_acted_on_are_no_negatives() -> None:
    few = communities(num_users=6, num_flits=40, actions=4)
    split = split_at(few.tables, (DAYS - 7) * DAY, DAYS * DAY)
    course = course_of(few, build_snapshot(few.tables, split, NEIGHBOURS, MODEL))
    acted = set(split.train.edges[0].frame["target_row"].to_list())
    assert set(course.lesson.flits.tolist()) == acted
    assert len(acted) < split.available.sum()


@pytest.mark.parametrize("bias", [True, False])
def test_the_loss_is_the_softmax_over_all_flits(world: World, past: Snapshot, bias: bool) -> None:
    course = course_of(world, past, popularity_bias=bias)
    course = PastCourse(course.material, course.model, SHORT.model_copy(update={"content_only_share": 0.0}))
    model, users = course.new_model(), np.array([1, 4, 9], dtype=np.int32)
    with torch.no_grad():
        found = float(course.loss(model, users, Team(), np.random.default_rng(0)))
    vectors = embed(model, world.content, past.neighbourhoods, past.log_degree).vectors
    logits = vectors["user"][users] @ vectors["flit"].T / course.model.temperature
    logits = logits + (model.bias["flit"].detach().numpy() if bias else 0)
    chance = np.log(np.exp(logits[:, course.lesson.flits]).sum(axis=1))[:, None] - logits
    each = [chance[place, course.lesson.past.acted[[user]].indices] for place, user in enumerate(users)]
    assert found == pytest.approx(float(np.concatenate(each).mean()), rel=5e-3)  # the partition is in bfloat16


def test_gradients_reach_every_weight(world: World, past: Snapshot) -> None:
    course = course_of(world, past)
    model = course.new_model()
    torch.nn.init.normal_(model.head["flit"].outer.weight)  # type: ignore[union-attr, arg-type]
    torch.nn.init.normal_(model.head["user"].outer.weight)  # type: ignore[union-attr, arg-type]
    (users,) = course.steps(0, np.random.default_rng(0))[:1]
    course.loss(model, users, Team(), np.random.default_rng(0)).backward()  # type: ignore[no-untyped-call]
    untouched = [name for name, one in model.named_parameters() if one.grad is None or not one.grad.abs().sum()]
    assert not untouched


def test_workers_of_a_team_share_the_users(world: World, past: Snapshot) -> None:
    course = course_of(world, past)
    model, users = course.new_model(), np.array([1, 4, 9, 12], dtype=np.int32)
    with torch.no_grad():
        both = [float(course.loss(model, users, Team(rank, 2), np.random.default_rng(0))) for rank in (0, 1)]
        whole = float(course.loss(model, users, Team(), np.random.default_rng(0)))
    assert whole == pytest.approx(float(np.mean(both)), rel=1e-3)


def test_training_gains_and_a_saved_model_embeds_alike(world: World, past: Snapshot, tmp_path: Path) -> None:
    course = course_of(world, past, svd_start=False)
    untrained = course.recall(course.new_model())
    done, again = train(course), train(course)
    assert done.log == again.log
    assert done.log[-1]["loss"] < done.log[0]["loss"]
    assert max(entry["validation_recall"] for entry in done.log) >= untrained
    save_model(done.model, tmp_path)
    opened = load_model(tmp_path)
    mine, read = (embed(one, world.content, past.neighbourhoods, past.log_degree) for one in (done.model, opened))  # type: ignore[arg-type]
    for node_type, vectors in mine.vectors.items():
        np.testing.assert_array_equal(vectors, read.vectors[node_type])
    np.testing.assert_array_equal(mine.lengths["flit"], read.lengths["flit"])
    assert list(mine.lengths) == ["flit"]
