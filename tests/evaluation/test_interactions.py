"""iALS and walks: planted communities, implicit itself and a dense twin."""

import numpy as np
import pytest
import scipy.sparse

from graphrec.errors import ShapeError
from graphrec.evaluation.interactions import Factors, Walks, ials
from graphrec.history import History
from graphrec.models.factors import user_flits
from tests.evaluation.worlds import World, own_side


def test_user_flits_adds_weights_up() -> None:
    users, flits = np.array([1, 1, 0], np.int32), np.array([2, 2, 1], np.int32)
    history = History.from_edges(users, flits, None, np.array([1, 2, 5], np.float32), 2)
    assert user_flits(history, 4).toarray().tolist() == [[0, 5, 0, 0], [0, 0, 3, 0]]
    assert history.rows.tolist() == [1, 2, 2]


def test_both_find_the_planted_side(world: World) -> None:
    warm = world.available & (world.history.actions_per_flit(200) > 0)
    factorized = ials(world.history, warm, factors=8)
    assert own_side(world, factorized.recommend(world.users, 10)) > 0.99
    assert own_side(world, Walks(world.history, warm).recommend(world.users, 10)) > 0.99


def test_ials_equals_what_implicit_recommends(world: World) -> None:
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    everything = np.ones(200, np.bool_)
    one = ials(world.history, everything, factors=8, alpha=3.0, regularization=2.0, seed=5)
    matrix = scipy.sparse.csr_matrix(user_flits(world.history, 200))
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(8, 2.0, 3.0, num_threads=2, random_state=5)
        model.fit(matrix, show_progress=False)
        theirs, _ = model.recommend(world.users, matrix, N=10, filter_already_liked_items=True)
    assert np.mean(one.recommend(world.users, 10) == theirs) > 0.99


def test_ials_does_not_depend_on_threads(world: World) -> None:
    one, other = (ials(world.history, world.available, factors=8, threads=n) for n in (1, 2))
    assert np.array_equal(one.user_factors, other.user_factors)


def test_a_user_without_actions_gets_the_popular() -> None:
    users, flits = np.array([0, 1, 1], np.int32), np.array([3, 3, 2], np.int32)
    history = History.from_edges(users, flits, None, None, 3)
    everything = np.ones(4, np.bool_)
    for one in (ials(history, everything, factors=2), Walks(history, everything)):
        assert one.recommend(np.array([2], np.int32), 2).tolist() == [[3, 2]]


def test_walks_equal_dense_transition_matrices(world: World) -> None:
    alpha, beta = 0.7, 0.3
    seen = (user_flits(world.history, 200).toarray() > 0).astype(float)
    forth = (seen / seen.sum(axis=1, keepdims=True)) ** alpha
    degree = np.maximum(seen.sum(axis=0), 1)
    back = (seen.T / degree[:, None]) ** alpha
    expected = forth @ (back @ forth / degree**beta)
    found = Walks(world.history, world.available, alpha=alpha, beta=beta, neighbours=200).scores(world.users)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_walks_keep_only_the_best_ends(world: World) -> None:
    ends = Walks(world.history, world.available, neighbours=3)._ends
    whole = Walks(world.history, world.available, neighbours=200)._ends.toarray()
    assert np.diff(ends.indptr).max() == 3
    assert ends.toarray()[0].max() == whole[0].max()
    assert ends.toarray()[0].sum() == pytest.approx(np.sort(whole[0])[-3:].sum())


def test_factors_must_fit(world: World) -> None:
    with pytest.raises(ShapeError, match="one row per user and flit"):
        Factors(world.history, world.available, np.zeros((1, 2), np.float32), np.zeros((200, 2), np.float32))
