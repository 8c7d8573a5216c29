"""Training and embedding on a device that is not the processor, with the results that the processor gets."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphrec.embed import embed
from graphrec.engine import LocalEngine
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import build_neighbourhoods
from graphrec.graph.split import action_triplets
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.config.pinsage import HardNegativeConfig, PinSageConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.pinsage import PinSage
from graphrec.training.checkpoint import Checkpoint
from graphrec.training.config import TrainingConfig
from graphrec.training.hard import page_rank_bands
from graphrec.training.ids import IdFit
from graphrec.training.lookup import fit
from graphrec.training.loop import train
from graphrec.training.past import PastCourse
from graphrec.training.pinsage import Material, PinSageCourse
from graphrec.training.snapshots import Snapshot, build_snapshots
from graphrec.training.two_tower import embed_towers
from tests.second_device import ELSEWHERE, Away
from tests.training.test_ids import SHORT
from tests.training.test_start import STARTED
from tests.training.test_twhin import LIKES
from tests.training.test_two_tower import course_of as towers_of
from tests.training.world import MODEL, NEIGHBOURS, TRAINING, World, communities

BRIEF = TRAINING.model_copy(update={"epochs": 2})
HARD = HardNegativeConfig(band=(0.05, 0.3), max_per_positive=2)
THERE = LocalEngine(device=ELSEWHERE)


def assert_close(found: Mapping[Any, Any], wanted: Mapping[Any, Any], atol: float = 2e-5) -> None:
    assert found.keys() == wanted.keys()
    for name, one in wanted.items():
        np.testing.assert_allclose(found[name], one, atol=atol, err_msg=str(name))


def assert_here(model: torch.nn.Module) -> None:
    assert {one.device.type for one in model.state_dict().values()} == {"cpu"}


def test_the_second_device_refuses_what_a_gpu_refuses() -> None:
    away = torch.ones(2, 2, device=ELSEWHERE)
    assert isinstance(away, Away)
    assert float((away[torch.tensor([1])] @ away).sum()) == 4.0
    for wrong in (lambda: away + torch.ones(2, 2), lambda: torch.cat([away, torch.ones(2, 2)]), away.numpy):
        with pytest.raises((RuntimeError, TypeError)):
            wrong()


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "softmax", "log_q": True, "id_vectors": True},
        {"loss": "max_margin", "hard_negatives": HARD},
        {"loss": "bpr", "pooling": "mean", "hard_negatives": HARD},
        {"loss": "logistic", "pooling": "max"},
    ],
)
def test_pinsage_by_windows(changes: dict[str, object], tmp_path: Path) -> None:
    world = communities(num_users=20, num_flits=24, actions=10)
    model = MODEL.model_copy(update=changes)
    snapshots, validation = build_snapshots(world.tables, NEIGHBOURS, model, BRIEF, end_s=world.end_s)
    bands = [page_rank_bands(one, model.hard_negatives, NEIGHBOURS) for one in snapshots]
    course = PinSageCourse(Material(world.content, snapshots, validation, bands), model, BRIEF)
    here, there = train(course), train(course, folder=tmp_path, engine=THERE)
    assert_here(there.model)
    assert_close(there.model.state_dict(), here.model.state_dict())
    for mine, theirs in zip(here.log, there.log, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)
    kept = Checkpoint.open(next(tmp_path.iterdir()))
    assert kept.moments
    assert {one.device.type for part in (kept.weights, kept.moments) for one in part.values()} == {"cpu"}


def test_a_training_goes_on_from_its_checkpoint(past: Snapshot, world: World, tmp_path: Path) -> None:
    def course(epochs: int) -> PastCourse:
        config = TrainingConfig.parse({**SHORT.model_dump(), "epochs": 4, "patience": epochs})
        return PastCourse(Material(world.content, [], past, []), STARTED, config)

    whole = train(course(9), engine=THERE)

    def stop(entry: dict[str, float]) -> None:
        if entry["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(course(9), folder=tmp_path, engine=THERE, on_epoch=stop)
    resumed = train(course(9), folder=tmp_path, engine=THERE)
    assert_close(resumed.model.state_dict(), whole.model.state_dict())


def test_pinsage_by_the_past_and_its_id_vectors_fitted_anew(past: Snapshot, world: World) -> None:
    course = PastCourse(Material(world.content, [], past, []), STARTED, SHORT.model_copy(update={"epochs": 2}))
    here, there = train(course).model, train(course, engine=THERE).model
    assert_close(there.state_dict(), here.state_dict())
    graph = build_graph(world.tables, as_of_s=world.end_s)
    id_fit = IdFit(action_triplets(world.tables), SHORT.model_copy(update={"epochs": 2}))
    found, wanted = (
        id_fit.embedded(here, world.content, graph, build_neighbourhoods(graph, NEIGHBOURS), engine=engine)
        for engine in (THERE, LocalEngine())
    )
    assert_close(found.vectors, wanted.vectors)
    assert_close(found.lengths, wanted.lengths)
    assert_here(here)


@pytest.mark.parametrize("layers", [0, 2])
def test_embedding_a_graph(past: Snapshot, world: World, layers: int) -> None:
    config = PinSageConfig.parse({**MODEL.model_dump(), "num_layers": layers})
    model = PinSage(config, world.content.widths, {t: len(one) for t, one in past.log_degree.items()}, ("flit",))
    wanted = embed(model, world.content, past.neighbourhoods, past.log_degree)
    found = embed(model.to(ELSEWHERE), world.content, past.neighbourhoods, past.log_degree, engine=THERE)
    assert_close(found.vectors, wanted.vectors)
    assert_close(found.lengths, wanted.lengths)


def test_two_towers() -> None:
    course = towers_of(communities(num_users=20, num_flits=24, actions=10), BRIEF)
    here, there = train(course).model, train(course, engine=THERE).model
    assert_close(there.state_dict(), here.state_dict())
    wanted = embed_towers(here, course.content, course.graph)
    found = embed_towers(there.to(ELSEWHERE), course.content, course.graph)
    assert_close(found.vectors, wanted.vectors)
    assert_close(found.lengths, wanted.lengths)
    flits = course.content.unmet("flit", np.arange(3, dtype=np.int32))
    users = course.content.unmet("user", np.arange(3, dtype=np.int32))
    for node_type, features in (("flit", flits), ("user", users)):
        assert there.isolated(node_type, features.to(ELSEWHERE)).device.type == ELSEWHERE


@pytest.mark.parametrize(
    "config",
    [
        LightGCNConfig(dim=8, num_layers=2, epochs=3),
        LightGCNConfig.parse({"preset": "matrix_factorization", "dim": 8, "epochs": 3, "popularity_bias": False}),
        TwhinConfig(dim=8, negatives=32, batch_size=64, epochs=3),
    ],
    ids=lambda config: str(config.preset),
)
def test_vectors_fitted_to_a_graph(config: LightGCNConfig | TwhinConfig) -> None:
    world = communities(num_users=20, num_flits=24, actions=10)
    graph = build_graph(world.tables, as_of_s=world.end_s)
    seen: list[int] = []
    wanted = fit(graph, [LIKES], config)
    found = fit(graph, [LIKES], config, device=ELSEWHERE, on_epoch=lambda epoch, _: seen.append(epoch))
    assert seen == [1, 2, 3]
    for field in dataclasses.fields(wanted):
        # logits in bfloat16 make more of how sums are rounded
        assert_close(getattr(found, field.name), getattr(wanted, field.name), atol=2e-3)
