"""One value per flit from several interests: by the interest that suits it best, or by all that agree."""

import numba
import numpy as np

from graphrec.arrays import FloatMatrix, FloatVector, RowVector
from graphrec.compiled import AHEAD, FAST, fetch


def weigh_interests(similarity: FloatMatrix, share: FloatVector, importance: float) -> FloatMatrix:
    """Return ``similarity + importance * log share``, float32 ``[interests, n]``."""
    weighted: FloatMatrix = similarity + lift_of(share, importance)[:, None]
    return weighted


def lift_of(share: FloatVector, importance: float) -> FloatVector:
    """Return what its share of importance is worth to each interest, float32 ``[interests]``."""
    lift: FloatVector = np.float32(importance) * np.log(np.maximum(share, np.float32(1e-9)))
    return lift


def merge_interests(weighted: FloatMatrix, softness: float) -> FloatVector:
    """Return one value per flit from one per interest, float32 ``[n]``: the best, or their log-sum-exp."""
    best: FloatVector = weighted.max(axis=0)
    if not softness:
        return best
    width = np.float32(softness)
    summed = np.exp((weighted - best) / width).sum(axis=0)
    out: FloatVector = best + width * np.log(summed)
    return out


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def merged(
    rows: RowVector, vectors: FloatMatrix, scale: FloatVector, medoids: FloatMatrix, lift: FloatVector,
    softness: np.float32,
) -> tuple[FloatVector, RowVector, FloatVector]:  # fmt: skip
    """Return what :func:`merge_interests` gives for some flits, the interest that suits each best, and its cosine.

    In one pass over the vectors: a user's few hundred candidates are too few for whole-array steps to pay.

    Args:
        rows: The flits, int32 ``[n]``.
        vectors: Of all flits, unit length, float32 ``[num_flits, dim]``, C order.
        scale: What multiplies the cosines of each flit, float32 ``[num_flits]``; empty: nothing does.
        medoids: Vectors of the interests, float32 ``[interests, dim]``, one at least.
        lift: What is added for each interest, float32 ``[interests]``.
        softness: Temperature of the log-sum-exp; 0 takes the best.

    Returns:
        Values, float32 ``[n]``, interests, int32 ``[n]``, cosines, float32 ``[n]``.
    """
    values, cosines = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    interests, weighted = np.empty(len(rows), np.int32), np.empty(len(medoids), np.float32)
    numbers, dim = vectors.ravel(), vectors.shape[1]
    for place in range(len(rows)):
        fetch(numbers, rows[min(place + AHEAD, len(rows) - 1)] * dim, dim)
        row = rows[place]
        factor = scale[row] if len(scale) else np.float32(1)
        best = 0
        for interest in range(len(medoids)):
            cosine = np.float32(0)
            for at in range(dim):
                cosine += vectors[row, at] * medoids[interest, at]
            weighted[interest] = cosine * factor + lift[interest]
            if interest == 0 or weighted[interest] > weighted[best]:
                best, cosines[place] = interest, cosine
        values[place], interests[place] = weighted[best], best
        if softness:
            values[place] += softness * np.log(np.exp((weighted - weighted[best]) / softness).sum())
    return values, interests, cosines
