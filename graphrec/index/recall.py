"""How much of the truth an approximate index finds."""

from typing import TYPE_CHECKING

import numpy as np

from graphrec.arrays import FloatMatrix
from graphrec.errors import ArtifactError
from graphrec.index.config import IndexConfig
from graphrec.index.exact import ExactIndex

if TYPE_CHECKING:
    from graphrec.index.kinds import VectorIndex


RECALL_QUERIES = 200
"""Indexed vectors that recall is measured on."""


def sampled_recall(index: "VectorIndex", exact: ExactIndex, vectors: FloatMatrix, config: IndexConfig) -> float:
    """Return the recall on a sample of the indexed vectors, at k = 100 or fewer; 1 without vectors."""
    if not len(vectors):
        return 1.0
    rng = np.random.Generator(np.random.PCG64(config.seed))
    sample = np.sort(rng.choice(len(vectors), size=min(RECALL_QUERIES, len(vectors)), replace=False))
    return measure_recall(index, exact, vectors[sample], min(100, len(vectors)))


def accepted(recall: float, config: IndexConfig) -> float:
    """Return a recall that is high enough.

    Raises:
        ArtifactError: If it is below ``config.min_recall``.
    """
    if recall < config.min_recall:
        raise ArtifactError(
            f"index.recall must be at least {config.min_recall} at k=100 (got {recall:.4f} on {RECALL_QUERIES} of its "
            "vectors); raise index.ef_search, index.max_links, index.ef_construction or index.probe_recall, or look "
            "for repeated vectors"
        )
    return recall


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
