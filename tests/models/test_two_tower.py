import pytest
import torch
from torch.nn import functional as F

from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.models.two_tower import Lists, TowerShape, TwoTower

SHAPE = TowerShape((("user", "likes", "flit"),), {"user": 3, "flit": 6}, 10)
NOW = torch.zeros(2)


@pytest.fixture
def towers() -> TwoTower:
    torch.manual_seed(0)
    model = TwoTower(TwoTowerConfig(dim=8, hidden_dim=16), SHAPE)
    model.known[:7] = True
    return model


def content(rows: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))


def test_flits_that_training_did_not_know_share_one_id(towers: TwoTower) -> None:
    same = content(1, 6).repeat(4, 1)
    vectors = towers.flits(same, torch.tensor([2, 8, 9, -1]))
    torch.testing.assert_close(vectors[1], vectors[2])
    torch.testing.assert_close(vectors[1], vectors[3])
    assert not torch.allclose(vectors[0], vectors[1])


def test_an_untrained_user_stands_near_the_mean_of_what_he_did(towers: TwoTower) -> None:
    flits = towers.flits(content(6, 6), torch.arange(6))
    lately = Lists(torch.tensor([0, 1, 4]), torch.tensor([0, 2]))
    users = towers.users(flits, lately, content(2, 3), NOW)
    unit = F.normalize(flits, dim=1)
    mean = torch.stack([unit[:2].mean(dim=0), unit[4]])
    assert (F.cosine_similarity(users, mean) > 0.9).all()
    torch.testing.assert_close(users.norm(dim=1), torch.ones(2))


def test_the_age_of_an_example_is_read(towers: TwoTower) -> None:
    flits = towers.flits(content(6, 6), torch.arange(6))
    lately = Lists(torch.tensor([0, 1]), torch.tensor([0, 1]))
    now, then = (towers.users(flits, lately, content(2, 3), torch.full((2,), age)) for age in (0.0, 1.0))
    assert not torch.allclose(now, then)


def test_a_user_without_actions_is_embedded_as_one_outside_the_graph(towers: TwoTower) -> None:
    flits, columns = towers.flits(content(6, 6), torch.arange(6)), content(2, 3)
    inside = towers.users(flits, Lists(torch.tensor([3]), torch.tensor([0, 1])), columns, NOW)
    outside = towers.isolated("user", columns)
    torch.testing.assert_close(inside[1], outside[1])
    assert not torch.allclose(inside[0], outside[0])
    torch.testing.assert_close(outside.norm(dim=1), torch.ones(2))


def test_a_flit_nobody_has_met_is_embedded_from_its_content(towers: TwoTower) -> None:
    own = content(3, 6)
    inside = towers.flits(own, torch.tensor([-1, 9, 8]))
    torch.testing.assert_close(towers.isolated("flit", own), F.normalize(inside, dim=1))
