"""From content to vectors: what nodes nobody has met get, where vectors are learnt per node.

Gantner et al., "Learning attribute-to-feature mappings for cold-start recommendations", ICDM 2010.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatMatrix

MOST_REGRESSED = 20_000
"""Rows that a regression learns from at most, drawn alike: more change little and take memory."""
RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ContentMap:
    """A ridge regression of vectors on content.

    Attributes:
        weight: float64 ``[dim, width]``.
        shift: float64 ``[dim]``.
    """

    weight: Doubles
    shift: Doubles

    @classmethod
    def fit(cls, content: FloatMatrix, vectors: FloatMatrix, seed: int = 0) -> "ContentMap":
        """Learn from nodes whose vectors are known; the penalty is chosen by leaving each out once (in closed form).

        Args:
            content: Features of content alone, float32 ``[rows, width]``, two rows or more.
            vectors: float32 ``[rows, dim]``.
            seed: Root of the draw where there are more than :data:`MOST_REGRESSED` rows.
        """
        from sklearn.linear_model import RidgeCV

        chosen = np.arange(len(content))
        if len(content) > MOST_REGRESSED:
            chosen = np.sort(np.random.default_rng(seed).choice(len(content), MOST_REGRESSED, replace=False))
        model = RidgeCV(RIDGES).fit(content[chosen].astype(np.float64), vectors[chosen])
        dim = vectors.shape[1]
        weight = np.asarray(model.coef_, dtype=np.float64).reshape(dim, content.shape[1])
        return cls(weight, np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64), (dim,)).copy())

    def save(self, path: Path) -> None:
        """Write it as one ``.npz`` file."""
        np.savez(path, weight=self.weight, shift=self.shift)

    @classmethod
    def open(cls, path: Path) -> "ContentMap":
        """Read what :meth:`save` wrote."""
        with np.load(path) as arrays:
            return cls(arrays["weight"], arrays["shift"])

    def apply(self, content: FloatMatrix) -> FloatMatrix:
        """Return the vectors that content speaks of, float32 ``[rows, dim]``."""
        return np.asarray(content.astype(np.float64) @ self.weight.T + self.shift, dtype=np.float32)
