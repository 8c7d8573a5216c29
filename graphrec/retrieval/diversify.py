"""Lists that are not all of one kind: a cap per author, and maximal marginal relevance."""

import numpy as np
import numpy.typing as npt

from graphrec.arrays import FloatMatrix
from graphrec.retrieval.scored import Scored


def within_cap(group: npt.NDArray[np.integer], most: int) -> npt.NDArray[np.int64]:
    """Return the places, ascending, of the first ``most`` of each group; a negative group is nobody's and has no cap.

    Args:
        group: Group of each candidate, best candidate first, ``[n]``.
        most: Places of one group at most.
    """
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=group[order[:1]] - 1))
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(starts, np.diff(np.append(starts, len(group))))
    return np.flatnonzero((rank < most) | (group < 0))


def marginal_relevance(found: Scored, vectors: FloatMatrix, k: int, diversity: float) -> npt.NDArray[np.int64]:
    """Return the places of ``k`` candidates, each the best of those left once nearness to those before it counts.

    Carbonell & Goldstein, "The use of MMR", SIGIR 1998: ``(1 - diversity) * score - diversity * nearest``, with the
    place of a candidate as its score, from 1 down to 0, so that no source's scale decides.

    Args:
        found: Candidates, best first.
        vectors: Embeddings of all flits, float32 ``[num_flits, dim]``.
        k: How many are wanted.
        diversity: 0 keeps the order, 1 looks at nearness alone.
    """
    own = np.asarray(vectors[found.rows])
    relevance = 1.0 - np.arange(len(own), dtype=np.float32) / np.float32(max(len(own), 1))
    nearest = np.zeros(len(own), dtype=np.float32)
    left = np.ones(len(own), dtype=np.bool_)
    chosen = np.empty(min(k, len(own)), dtype=np.int64)
    for place in range(len(chosen)):
        value = np.where(left, (1.0 - diversity) * relevance - diversity * nearest, -np.inf)
        chosen[place] = best = int(value.argmax())
        left[best] = False
        nearest = np.maximum(nearest, own @ own[best])
    return chosen
