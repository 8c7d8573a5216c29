"""Training id vectors: planted communities, every parameter, the same seed."""

import numpy as np
import pytest
import scipy.sparse
import torch

from graphrec.errors import DataError
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.lightgcn import LightGCN
from graphrec.training.lightgcn import train_lightgcn

QUICK = {"dim": 8, "num_layers": 2, "epochs": 6, "users_per_step": 16, "negatives": 20}


def communities(num_users: int = 60, num_flits: int = 40) -> scipy.sparse.csr_array:
    """Users have about half of the flits of their own side."""
    rng = np.random.default_rng(0)
    same = np.arange(num_users)[:, None] % 2 == np.arange(num_flits)[None, :] % 2
    return scipy.sparse.csr_array((same & (rng.random(same.shape) < 0.5)).astype(np.float32))


@pytest.mark.parametrize("changes", [{}, {"num_layers": 0}, {"svd_start": False}, {"negatives": 1000}])
def test_the_planted_side_comes_first(changes: dict[str, object]) -> None:
    pairs = communities()
    served = train_lightgcn(pairs, LightGCNConfig.parse({**QUICK, **changes})).served()
    scores = served.users @ served.flits.T
    best = np.argsort(-scores, axis=1)[:, :10]
    assert (best % 2 == np.arange(60)[:, None] % 2).mean() > 0.95


def test_every_parameter_moves_and_the_loss_falls(caplog: pytest.LogCaptureFixture) -> None:
    pairs, config = communities(), LightGCNConfig.parse(QUICK)
    with caplog.at_level("INFO", "graphrec.training.lightgcn"):
        trained = train_lightgcn(pairs, config)
    start = LightGCN(trained.links, config)
    for (name, before), after in zip(start.named_parameters(), trained.parameters(), strict=True):
        assert not torch.equal(before, after), name
    losses = [float(record.args[1]) for record in caplog.records if isinstance(record.args, tuple)]  # type: ignore[arg-type]
    assert losses[-1] < losses[0]


def test_a_seed_reproduces() -> None:
    one, other = (train_lightgcn(communities(), LightGCNConfig.parse(QUICK)).served() for _ in range(2))
    assert np.array_equal(one.users, other.users)
    assert np.array_equal(one.flits, other.flits)


def test_users_without_flits_are_carried_along() -> None:
    pairs = communities().toarray()
    pairs[5] = 0
    served = train_lightgcn(scipy.sparse.csr_array(pairs), LightGCNConfig.parse(QUICK)).served()
    assert np.isfinite(served.users).all()


def test_no_pairs_are_refused() -> None:
    with pytest.raises(DataError, match="pairs must name at least one user and flit"):
        train_lightgcn(scipy.sparse.csr_array((3, 4), dtype=np.float32), LightGCNConfig())


def test_epochs_are_told() -> None:
    told: list[int] = []
    train_lightgcn(communities(), LightGCNConfig.parse(QUICK), on_epoch=lambda epoch, model: told.append(epoch))
    assert told == [1, 2, 3, 4, 5, 6]
