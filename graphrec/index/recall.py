"""How much of the truth an approximate index finds."""

from typing import TYPE_CHECKING

import numpy as np

from graphrec.arrays import FloatMatrix
from graphrec.index.exact import ExactIndex

if TYPE_CHECKING:
    from graphrec.index.kinds import VectorIndex


def measure_recall(index: "VectorIndex", exact: ExactIndex, queries: FloatMatrix, k: int) -> float:
    """Return the mean share of the k true neighbours that ``index`` finds.

    A found row counts if it scores at least as well as the k-th true one, up to rounding, so that repeated vectors,
    which tie, count whichever of them is found.

    Args:
        index: The index to measure.
        exact: Exact search over the same vectors.
        queries: Shape ``[queries, dim]``, float32.
        k: Neighbours per query.
    """
    truth = exact.query(queries, k)
    found = index.query(queries, k)
    wanted = (truth.rows >= 0).sum(axis=1)
    if not wanted.all() or not len(queries):
        return 1.0
    worst = truth.scores[np.arange(len(queries)), wanted - 1][:, None]
    slack = 1e-5 * np.maximum(1.0, np.abs(worst))
    hits = ((found.rows >= 0) & (found.scores >= worst - slack)).sum(axis=1)
    return float(np.mean(np.minimum(hits, wanted) / wanted))
