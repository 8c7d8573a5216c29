"""More recommenders by who did what: spectral vectors, item neighbours, trained id vectors, and mixtures of all."""

import logging
from collections.abc import Sequence

import numpy as np
import scipy.sparse
from sklearn.utils.extmath import randomized_svd

from graphrec.arrays import BoolVector, FloatMatrix, RowVector
from graphrec.errors import ConfigError
from graphrec.evaluation.interactions import Factors
from graphrec.evaluation.recommender import Scorer
from graphrec.history import History
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.factors import user_flits
from graphrec.models.propagation import Links
from graphrec.training.lightgcn import train_lightgcn

log = logging.getLogger(__name__)


def pairs_of(history: History, num_flits: int) -> scipy.sparse.csr_array:
    """Return who acted on what as ones, float32 CSR ``[num_users, num_flits]``, each pair once."""
    pairs = user_flits(history, num_flits)
    pairs.data[:] = 1.0
    return pairs


def svd(history: History, available: BoolVector, *, factors: int = 64, seed: int = 0) -> Factors:
    """Project on the leading right singular vectors of the degree-normalised links.

    A user is the sum of his flits' vectors; a flit's length grows with the root of its degree, which the normalisation
    had taken away.

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        factors: Width of the vectors.
        seed: Root of the randomised decomposition.
    """
    pairs = pairs_of(history, len(available))
    links = Links.from_pairs(pairs)
    _, _, right = randomized_svd(links.of_users, min(factors, *pairs.shape), n_iter=4, random_state=seed)
    vectors = right.T.astype(np.float32)
    served = vectors * np.sqrt(links.flit_degree.astype(np.float32))[:, None]
    return Factors(history, available, np.asarray(pairs @ vectors), served, {"factors": factors})


def lightgcn(history: History, available: BoolVector, config: LightGCNConfig) -> Factors:
    """Train id vectors over the links (see :mod:`graphrec.models.lightgcn`)."""
    served = train_lightgcn(pairs_of(history, len(available)), config).served()
    return Factors(history, available, served.users, served.flits, config.model_dump(mode="json"))


def bpr(
    history: History,
    available: BoolVector,
    *,
    factors: int = 64,
    learning_rate: float = 0.01,
    regularization: float = 0.01,
    iterations: int = 100,
    seed: int = 0,
) -> Factors:
    """Factorize with implicit's Bayesian personalised ranking; one thread, so that a seed gives the same factors again.

    Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009.

    Args:
        history: Training actions; each pair counts once.
        available: Flits that exist at the split, bool ``[num_flits]``.
        factors: Width of the vectors, beside a bias per flit.
        learning_rate: Rate of the gradient steps.
        regularization: L2 penalty.
        iterations: Passes over all pairs.
        seed: Root of the first factors and of the draws.
    """
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    setting = {"factors": factors, "learning_rate": learning_rate, "regularization": regularization}
    model = BayesianPersonalizedRanking(**setting, iterations=iterations, num_threads=1, random_state=seed)
    model.fit(scipy.sparse.csr_matrix(pairs_of(history, len(available))), show_progress=False)
    return Factors(history, available, model.user_factors, model.item_factors, setting)


class ItemNeighbours(Scorer):
    """Sum of the cosines between a flit's users and those of each flit the user acted on (implicit's item-item kNN).

    Args:
        history: Training actions.
        available: Flits that exist at the split, bool ``[num_flits]``.
        neighbours: How many nearest flits each flit keeps.
    """

    def __init__(self, history: History, available: BoolVector, *, neighbours: int = 200) -> None:
        from implicit.nearest_neighbours import ItemItemRecommender

        super().__init__(history, available, {"neighbours": neighbours})
        self._pairs = pairs_of(history, self.num_flits)
        length = np.sqrt(np.maximum(np.bincount(self._pairs.indices, minlength=self.num_flits), 1.0))
        unit = self._pairs @ scipy.sparse.diags_array(1.0 / length)
        model = ItemItemRecommender(K=neighbours, num_threads=0)
        unit = scipy.sparse.csr_matrix(
            (unit.data, unit.indices.astype(np.int32), unit.indptr.astype(np.int32)), unit.shape
        )
        model.fit(unit, show_progress=False)
        self._near = scipy.sparse.csr_array(model.similarity).astype(np.float32)

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return summed cosines, float32 ``[users, num_flits]``."""
        return np.asarray((self._pairs[users] @ self._near).todense(), dtype=np.float32)


class Fused(Scorer):
    """A weighted sum of other recommenders' scores, each as the root of its share of the user's total.

    Scores of different kinds meet on one scale as probabilities; the root keeps the strongest flit of one source from
    deciding alone.

    Args:
        members: Recommenders over the same history and flits. Scores of :class:`Factors` are taken as logits.
        weights: One per member.

    Raises:
        ConfigError: If there is not one weight per member.
    """

    def __init__(self, members: Sequence[Scorer], weights: Sequence[float]) -> None:
        if not members or len(members) != len(weights):
            raise ConfigError(f"weights must be one per member (got {len(weights)} for {len(members)})")
        super().__init__(members[0].history, members[0].available, {"weights": str(list(weights))})
        self._members, self._weights = members, weights

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return fused scores, float32 ``[users, num_flits]``."""
        total = np.zeros((len(users), self.num_flits), dtype=np.float32)
        for member, weight in zip(self._members, self._weights, strict=True):
            total += np.float32(weight) * np.sqrt(_shares(member.scores(users), logits=isinstance(member, Factors)))
        return total


def _shares(scores: FloatMatrix, *, logits: bool) -> FloatMatrix:
    """Return scores as shares of each line's total."""
    if logits:
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    total = scores.sum(axis=1, keepdims=True)
    return np.asarray(scores / np.maximum(total, np.float32(1e-12)), dtype=np.float32)
