"""Id vectors: how they start, what is served."""

import numpy as np
import pytest
import torch

from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.lightgcn import LightGCN
from graphrec.models.propagation import Links
from tests.models.test_propagation import some_links


def model(**changes: object) -> LightGCN:
    values = {"dim": 8, "num_layers": 2, **changes}
    return LightGCN(Links.from_pairs(some_links(40, 30, 0.2, 1)), LightGCNConfig.parse(values))


def test_the_served_inner_product_is_the_cosine_over_the_temperature_and_the_bias() -> None:
    one = model(temperature=0.25)
    users, flits = one()
    served = one.served()
    cosine = torch.nn.functional.cosine_similarity(users[3], flits[4], dim=0)
    expected = float(cosine.detach()) / 0.25 + float(one.bias[4].detach())
    assert float(served.users[3] @ served.flits[4]) == pytest.approx(expected, rel=1e-5)
    assert (served.users.shape, served.flits.shape) == ((40, 8), (30, 8))


def test_without_a_bias_every_dimension_is_a_cosines() -> None:
    served = model(popularity_bias=False).served()
    assert np.linalg.norm(served.flits, axis=1) == pytest.approx(np.ones(30), abs=1e-5)


def test_the_bias_starts_at_popularity() -> None:
    one = model()
    degree = torch.from_numpy(one.links.flit_degree).clamp(min=1).float()
    torch.testing.assert_close(one.bias.detach(), 0.5 * torch.log(degree / degree.mean()))


def test_svd_start_rebuilds_the_links_where_it_is_wide_enough() -> None:
    pairs = some_links(12, 6, 0.5, 0)
    links = Links.from_pairs(pairs)
    one = LightGCN(links, LightGCNConfig(dim=7, num_layers=0))
    users, flits = one()
    got, wanted = (users @ flits.T).detach().numpy(), links.of_users.toarray()
    assert np.corrcoef(got.ravel(), wanted.ravel())[0, 1] > 0.999


def test_a_graph_smaller_than_the_width_is_filled_with_noise() -> None:
    one = LightGCN(Links.from_pairs(some_links(4, 3, 0.9, 0)), LightGCNConfig(dim=16))
    assert one.users.shape == (4, 15)
    assert bool((one.users.std(dim=0) > 0).all())


def test_the_same_seed_starts_alike_and_another_does_not() -> None:
    first, same, other = (model(svd_start=False, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.users, same.users)
    assert not torch.equal(first.users, other.users)
