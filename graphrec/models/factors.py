"""Collaborative factors of flits, by iALS: what content does not tell. A user's vector follows from his actions alone.

Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008; flits nobody has acted on get
theirs by a regression on content.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import scipy.sparse

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector, mapped
from graphrec.compiled import FAST, products
from graphrec.errors import ShapeError
from graphrec.history import History
from graphrec.models.config.factors import FactorConfig
from graphrec.regression import ContentMap

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Taste:
    """A user's factors, and what scores they give the flits that were fitted.

    Attributes:
        vector: float32 ``[dim]``.
        mean: Mean score.
        spread: Standard deviation of the scores.
    """

    vector: FloatVector
    mean: float
    spread: float


@dataclass(frozen=True, eq=False)
class FlitFactors:
    """One vector per flit; a user's score for a flit is the inner product of both vectors.

    Attributes:
        vectors: float32 ``[num_flits, dim]``; 0 where nothing is known.
        fitted: Flits with actions, bool ``[num_flits]``.
        alpha: Confidence per unit of weight.
        regularization: L2 penalty.
    """

    vectors: FloatMatrix
    fitted: BoolVector
    alpha: float
    regularization: float

    @cached_property
    def _moments(self) -> tuple[Doubles, Doubles, Doubles]:
        """Gram matrix with the penalty, mean and covariance of the fitted vectors."""
        known = self.vectors[self.fitted].astype(np.float64)
        gram, count = known.T @ known, max(len(known), 1)
        mean = known.sum(axis=0) / count
        return gram + self.regularization * np.eye(gram.shape[0]), mean, gram / count - np.outer(mean, mean)

    def taste(self, rows: RowVector, weight: FloatVector) -> Taste | None:
        """Return the factors of whoever acted like this: the exact least-squares answer, in any order of actions.

        Args:
            rows: Flits acted on, int32 ``[n]``; repeated ones add up.
            weight: float32 ``[n]``.

        Returns:
            ``None`` where no action was on a fitted flit.
        """
        penalised, mean, covariance = self._moments
        order = np.lexsort((weight, rows))
        vector = _solved(rows[order], weight[order], self.alpha, self.vectors, self.fitted, penalised)
        spread = max(float(vector @ covariance @ vector), 0.0) ** 0.5
        return Taste(vector.astype(np.float32), float(vector @ mean), spread) if spread > 1e-9 else None

    def standardised(self, taste: Taste | None, rows: RowVector) -> FloatVector:
        """Return how many deviations above his mean a user's scores for ``rows`` lie, float32; 0 without a taste."""
        if taste is None:
            return np.zeros(len(rows), dtype=np.float32)
        scores = products(self.vectors, rows, taste.vector)
        return np.asarray((scores - np.float32(taste.mean)) / np.float32(taste.spread), dtype=np.float32)

    def completed(self, content: FloatMatrix, seed: int = 0) -> "FlitFactors":
        """Return factors for all: those of flits without actions regressed on content.

        See :class:`graphrec.regression.ContentMap`.

        Args:
            content: Features of content alone, float32 ``[num_flits, width]``.
            seed: Root of the draw where there are more flits than the regression learns from.

        Raises:
            ShapeError: If there is not one line of content per flit.
        """
        if len(content) != len(self.vectors):
            raise ShapeError(f"content must have one row per flit, {len(self.vectors)} (got {len(content)})")
        known, unmet = np.flatnonzero(self.fitted), np.flatnonzero(~self.fitted)
        if len(known) < 2 or not len(unmet) or not content.shape[1]:
            return self
        regressed = ContentMap.fit(content[known], self.vectors[known], seed)
        vectors = np.array(self.vectors)
        vectors[unmet] = regressed.apply(content[unmet])
        return replace(self, vectors=vectors)

    def save(self, folder: Path) -> None:
        """Write the arrays as ``.npy`` files into ``folder``, which must exist."""
        np.save(folder / "vectors.npy", self.vectors)
        np.save(folder / "fitted.npy", self.fitted)
        np.save(folder / "fit.npy", np.array([self.alpha, self.regularization]))

    @classmethod
    def open(cls, folder: Path) -> "FlitFactors":
        """Map what :meth:`save` wrote."""
        alpha, regularization = np.load(folder / "fit.npy").tolist()
        vectors = mapped(folder / "vectors.npy")
        return cls(vectors, np.load(folder / "fitted.npy"), alpha, regularization)


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def _solved(
    rows: RowVector, weight: FloatVector, alpha: float, vectors: FloatMatrix, fitted: BoolVector, penalised: Doubles
) -> npt.NDArray[np.floating[Any]]:
    """Return the least-squares vector, float64 ``[dim]``, of confidence c on each flit acted on and 1 elsewhere.

    That is ``penalised + sum (c - 1) y y'`` on the left and ``sum c y`` on the right. ``rows`` ascend.
    """
    left, right, at = penalised.copy(), np.zeros(len(penalised)), 0
    while at < len(rows):
        row, confidence = rows[at], 0.0
        while at < len(rows) and rows[at] == row:
            confidence += alpha * np.float64(weight[at])
            at += 1
        if fitted[row]:
            for one in range(len(right)):
                right[one] += confidence * vectors[row, one]
                for other in range(one + 1):
                    left[one, other] += (confidence - 1.0) * vectors[row, one] * vectors[row, other]
    for one in range(len(right)):
        left[:one, one] = left[one, :one]
    return np.linalg.solve(left, right)


def user_flits(history: History, num_flits: int) -> scipy.sparse.csr_array:
    """Return the summed weights as float32 CSR ``[num_users, num_flits]``, each pair once."""
    parts = (history.weight.astype(np.float32), history.rows.copy(), history.indptr.copy())
    matrix = scipy.sparse.csr_array(parts, shape=(history.num_users, num_flits))
    matrix.sum_duplicates()
    return matrix


def alternating_least_squares(matrix: scipy.sparse.csr_array, config: FactorConfig, threads: int = 2) -> Any:
    """Fit implicit's model to ``[num_users, num_flits]``.

    BLAS is held to one thread meanwhile: its own pool inside implicit's would cost speed and reproducibility.
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            config.dim, config.regularization, config.alpha, iterations=config.iterations, num_threads=threads,
            random_state=config.seed,
        )  # fmt: skip
        model.fit(scipy.sparse.csr_matrix(matrix), show_progress=False)
    return model


def fit_factors(history: History, num_flits: int, config: FactorConfig) -> FlitFactors:
    """Fit the factors of the flits that have actions.

    Args:
        history: Actions; weights of repeated pairs add up.
        num_flits: Size of the catalogue.
        config: Width, confidence, penalty.
    """
    fitted = history.actions_per_flit(num_flits) > 0
    if not fitted.any():
        vectors = np.zeros((num_flits, config.dim), dtype=np.float32)
    else:
        model = alternating_least_squares(user_flits(history, num_flits), config)
        vectors = np.where(fitted[:, None], model.item_factors, np.float32(0))
    return FlitFactors(vectors.astype(np.float32), fitted, config.alpha, config.regularization)
