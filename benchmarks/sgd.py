"""Matrix factorization by plain stochastic gradient descent: log loss, drawn negatives, biases, nothing else.

As in Rendle et al., "Neural Collaborative Filtering vs. Matrix Factorization Revisited" (RecSys 2020).
"""

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt
import scipy.sparse

from graphrec.arrays import FloatMatrix, FloatVector, RowVector

LEARNING_RATE, PENALTY, NEGATIVES, EPOCHS = 0.002, 0.005, 8, 256
"""As published for MovieLens 1M; not chosen here."""
SPREAD = 0.1


def train_sgd(
    pairs: scipy.sparse.csr_array, *, dim: int, seed: int
) -> Callable[[RowVector, npt.NDArray[np.int64]], FloatMatrix]:
    """Train user and item vectors with biases, and return the scoring function.

    Args:
        pairs: Known pairs, ``[num_users, num_items]``.
        dim: Width of the vectors.
        seed: Root of vectors, order and negatives.
    """
    rng = np.random.default_rng(seed)
    known = pairs.tocoo()
    users, items = (rng.normal(0, SPREAD, (size, dim + 1)).astype(np.float32) for size in pairs.shape)
    users[:, dim], items[:, dim] = 0.0, 0.0  # biases
    start = np.zeros(1, dtype=np.float32)
    for _ in range(EPOCHS):
        order = rng.permutation(known.nnz)
        drawn = rng.integers(0, pairs.shape[1], (known.nnz, NEGATIVES), dtype=np.int32)
        _epoch(
            users,
            items,
            start,
            known.row[order].astype(np.int32),
            known.col[order].astype(np.int32),
            drawn,
            np.float32(LEARNING_RATE),
            np.float32(PENALTY),
        )
    return lambda asked, listed: np.einsum("nd,nmd->nm", users[asked, :dim], items[listed, :dim]) + items[listed, dim]


@numba.njit(cache=True, fastmath=True)
def _epoch(
    users: FloatMatrix,
    items: FloatMatrix,
    start: FloatVector,
    user_rows: RowVector,
    item_rows: RowVector,
    negatives: npt.NDArray[np.int32],
    rate: np.float32,
    penalty: np.float32,
) -> None:
    dim = users.shape[1] - 1
    for place in range(len(user_rows)):
        user = users[user_rows[place]]
        for number in range(negatives.shape[1] + 1):
            item = items[item_rows[place] if number == 0 else negatives[place, number - 1]]
            score = start[0] + user[dim] + item[dim]
            for axis in range(dim):
                score += user[axis] * item[axis]
            wanted = np.float32(1.0) if number == 0 else np.float32(0.0)
            error = wanted - np.float32(1.0) / (np.float32(1.0) + np.exp(-score))
            for axis in range(dim):
                before = user[axis]
                user[axis] += rate * (error * item[axis] - penalty * before)
                item[axis] += rate * (error * before - penalty * item[axis])
            user[dim] += rate * (error - penalty * user[dim])
            item[dim] += rate * (error - penalty * item[dim])
            start[0] += rate * (error - penalty * start[0])
