"""Recommenders by who did what, without content: matrix factorization and item-item walks."""

import logging

import numpy as np
import scipy.sparse

from graphrec.arrays import BoolVector, FloatMatrix, RowVector
from graphrec.errors import ShapeError
from graphrec.evaluation.recommender import Scorer, Setting, popularity
from graphrec.history import History
from graphrec.models.config.factors import FactorConfig
from graphrec.models.factors import alternating_least_squares, user_flits

log = logging.getLogger(__name__)


class Factors(Scorer):
    """Inner products of one vector per user and one per flit; popularity where a user did nothing.

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        user_factors: float32 ``[num_users, dim]``.
        flit_factors: float32 ``[num_flits, dim]``.
        setting: For the report.

    Raises:
        ShapeError: If there is not one vector per user and per flit.
    """

    def __init__(
        self,
        history: History,
        available: BoolVector,
        user_factors: FloatMatrix,
        flit_factors: FloatMatrix,
        setting: Setting | None = None,
    ) -> None:
        super().__init__(history, available, setting)
        got, wanted = (len(user_factors), len(flit_factors)), (history.num_users, self.num_flits)
        if got != wanted:
            raise ShapeError(f"factors must have one row per user and flit, {wanted} (got {got})")
        self.user_factors, self.flit_factors = user_factors, flit_factors
        self._popularity = popularity(history, self.num_flits)

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return inner products, float32 ``[users, num_flits]``."""
        out: FloatMatrix = self.user_factors[users] @ self.flit_factors.T
        out[self.history.actions_per_user[users] == 0] = self._popularity
        return out


def ials(
    history: History,
    available: BoolVector,
    *,
    factors: int = 64,
    alpha: float = 20.0,
    regularization: float = 1.0,
    iterations: int = 15,
    threads: int = 2,
    seed: int = 0,
) -> Factors:
    """Factorize with implicit's alternating least squares.

    Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008.

    Args:
        history: Training actions; weights of repeated pairs add up.
        available: Flits that exist at the split, bool ``[num_flits]``.
        factors: Width of the vectors.
        alpha: Confidence per unit of weight.
        regularization: L2 penalty.
        iterations: Sweeps over users and flits.
        threads: Threads of the solver; the answer does not depend on them.
        seed: Root of the first factors.
    """
    config = FactorConfig(dim=factors, alpha=alpha, regularization=regularization, iterations=iterations, seed=seed)
    model = alternating_least_squares(user_flits(history, len(available)), config, threads)
    log.info("ials: %d factors, alpha %g, regularization %g", factors, alpha, regularization)
    setting = {"factors": factors, "alpha": alpha, "regularization": regularization, "iterations": iterations}
    return Factors(history, available, model.user_factors, model.item_factors, setting)


class Walks(Scorer):
    """The chance that a three-step random walk from the user ends at a flit, damped by the flit's degree.

    Paudel et al., "Updatable, accurate, diverse, and scalable recommendations for interactive applications" (RP3beta),
    TiiS 2016: from the user to a flit, to another user, to another flit, transition probabilities to the power
    ``alpha``, the end divided by its degree to the power ``beta``.

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        alpha: Power of the transition probabilities.
        beta: Power of the degree that divides.
        neighbours: How many ends each flit keeps.
    """

    def __init__(
        self, history: History, available: BoolVector, *, alpha: float = 0.7, beta: float = 0.3, neighbours: int = 200
    ) -> None:
        super().__init__(history, available, {"alpha": alpha, "beta": beta, "neighbours": neighbours})
        seen = user_flits(history, self.num_flits)
        seen.data[:] = 1.0
        self._steps = _transitions(seen, alpha)
        self._ends = _three_steps(seen, self._steps, alpha, beta, neighbours)
        self._popularity = popularity(history, self.num_flits)

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return damped chances, float32 ``[users, num_flits]``."""
        out = np.asarray((self._steps[users] @ self._ends).todense(), dtype=np.float32)
        out[self.history.actions_per_user[users] == 0] = self._popularity
        return out


def _transitions(seen: scipy.sparse.csr_array, alpha: float) -> scipy.sparse.csr_array:
    """Return the chances of a step from each line to each column, to the power ``alpha``."""
    degree = np.maximum(np.asarray(seen.sum(axis=1)).ravel(), 1.0)
    steps: scipy.sparse.csr_array = (scipy.sparse.diags_array((1.0 / degree).astype(np.float32)) @ seen).tocsr()
    steps.data **= np.float32(alpha)
    return steps


def _three_steps(
    seen: scipy.sparse.csr_array, steps: scipy.sparse.csr_array, alpha: float, beta: float, neighbours: int
) -> scipy.sparse.csr_array:
    """Return flit to flit chances ``[num_flits, num_flits]``, damped, each line cut to its best ``neighbours``."""
    back = _transitions(seen.T.tocsr(), alpha)
    degree = np.maximum(np.diff(back.indptr), 1)
    damp = scipy.sparse.diags_array((degree**-beta).astype(np.float32))
    lines = []
    for start in range(0, back.shape[0], 1024):
        block = (back[start : start + 1024] @ steps @ damp).tocsr()
        lines.append(_best_of_lines(block, neighbours))
    return scipy.sparse.vstack(lines).tocsr()


def _best_of_lines(block: scipy.sparse.csr_array, neighbours: int) -> scipy.sparse.csr_array:
    """Keep the ``neighbours`` largest entries of each line, equal ones by column."""
    line = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    order = np.lexsort((block.indices, -block.data, line))
    place = np.arange(len(line)) - np.repeat(block.indptr[:-1], np.diff(block.indptr))
    kept = order[place < neighbours]
    return scipy.sparse.csr_array((block.data[kept], (line[kept], block.indices[kept])), shape=block.shape)
