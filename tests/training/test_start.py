"""Where PinSage begins: together id vectors and content are the SVD's, content alone is its regression."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.lightgcn import BIAS_START, svd_start
from graphrec.models.pinsage import PinSage
from graphrec.models.propagation import Links
from graphrec.regression import ContentMap
from graphrec.training.past import PastCourse
from graphrec.training.pinsage import Material
from graphrec.training.snapshots import Snapshot
from tests.training.world import TRAINING, World

STARTED = PinSageConfig.parse(
    {"hidden_dim": 16, "dim": 8, "positives": {"past": 1}, "id_vectors": True, "svd_start": True,
     "popularity_bias": True}
)  # fmt: skip


@pytest.fixture(scope="module")
def model(world: World, past: Snapshot) -> PinSage:
    return PastCourse(Material(world.content, [], past, []), STARTED, TRAINING).new_model().eval()


@pytest.fixture(scope="module")
def sides(past: Snapshot) -> dict[str, torch.Tensor]:
    """The SVD's vectors, of mean length one."""
    both = svd_start(Links.from_pairs(past.acted), 16, TRAINING.seed)
    lengths = [one.norm(dim=1) for one in both]
    return {t: one / length[length > 0].mean() for t, one, length in zip(("user", "flit"), both, lengths, strict=True)}


@pytest.mark.parametrize("node_type", ["user", "flit"])
@torch.no_grad()
def test_id_vectors_and_content_together_are_the_svd(
    node_type: str, world: World, past: Snapshot, model: PinSage, sides: dict[str, torch.Tensor]
) -> None:
    svd = sides[node_type]
    met = np.flatnonzero(svd.norm(dim=1) > 0)
    nobody = np.zeros(len(svd), dtype=np.float32)
    features = world.content.gather(node_type, met.astype(np.int32), nobody)
    found = model.start(node_type, features, torch.from_numpy(met))
    np.testing.assert_allclose(found, F.normalize(svd[met], dim=1), atol=1e-5)


@torch.no_grad()
def test_content_alone_is_a_regression_of_the_svd(world: World, model: PinSage, sides: dict[str, torch.Tensor]) -> None:
    svd = sides["flit"].numpy()
    met, rows = np.flatnonzero(np.abs(svd).sum(axis=1)), np.arange(len(svd), dtype=np.int32)
    content = world.content.gather("flit", rows, np.zeros(len(svd), dtype=np.float32))
    told = torch.from_numpy(ContentMap.fit(content.numpy()[met], svd[met]).apply(content.numpy()))
    np.testing.assert_allclose(model.start("flit", content, None), F.normalize(told, dim=1), atol=1e-5)


def test_popularity_starts_as_the_logarithm_of_the_number_of_users(past: Snapshot, model: PinSage) -> None:
    degree = np.maximum(np.bincount(past.acted.indices, minlength=40), 1)
    assert list(model.bias) == ["flit"]
    expected = BIAS_START * np.log(degree / degree.mean())
    np.testing.assert_allclose(model.bias["flit"].detach(), expected, rtol=1e-5)


def test_a_popular_flit_is_longer_and_an_unmet_one_as_long_as_the_usual(past: Snapshot, model: PinSage) -> None:
    degree = np.bincount(past.acted.indices, minlength=40)
    met = degree > 0
    met[:5] = False
    lengths = model.lengths("flit", met)
    assert np.corrcoef(lengths[met], degree[met])[0, 1] > 0.9
    np.testing.assert_array_equal(lengths[~met], np.median(np.exp(0.2 * model.bias["flit"].detach().numpy())[met]))


def test_without_the_settings_nothing_of_the_actions_is_in_the_start(world: World, past: Snapshot) -> None:
    plain = STARTED.model_copy(update={"svd_start": False, "popularity_bias": False})
    model = PastCourse(Material(world.content, [], past, []), plain, TRAINING).new_model()
    torch.manual_seed(TRAINING.seed)
    untouched = PinSage(plain, world.content.widths, {"user": 30, "flit": 40})
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, untouched.state_dict()[name]), name
