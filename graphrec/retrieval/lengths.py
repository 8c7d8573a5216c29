"""How much the lengths of the flits' vectors count: each scaled to its length to a power, found by inner product."""

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix, FloatVector
from graphrec.index import EXACT_BELOW, IndexConfig, VectorIndex, build_index


def scale_of(lengths: FloatVector, exponent: float) -> FloatVector:
    """Return what the unit vector of each flit is multiplied by, float32 ``[num_flits]``.

    Lengths are told by their median, so that a usual flit keeps its cosine and weights in cosine keep their meaning.

    Args:
        lengths: As the model learnt them, float32 ``[num_flits]``, all above 0.
        exponent: 0 leaves unit vectors as they are, 1 gives each its full length.
    """
    return np.asarray((lengths / np.median(lengths)) ** np.float32(exponent), dtype=np.float32)


def build_scaled(
    vectors: FloatMatrix, scale: FloatVector | None, config: IndexConfig, valid: BoolVector
) -> VectorIndex:
    """Index unit vectors by cosine, or scaled ones by inner product; see :func:`graphrec.index.build_index`.

    Args:
        vectors: Unit vectors, float32 ``[num_flits, dim]``.
        scale: What each is multiplied by, float32 ``[num_flits]``; ``None``: nothing.
        config: Settings of the index.
        valid: Flits to index, bool ``[num_flits]``.
    """
    if scale is None:
        return build_index(vectors, config, valid)
    return build_index(vectors * scale[:, None], by_inner_product(config, int(valid.sum())), valid)


def by_inner_product(config: IndexConfig, count: int) -> IndexConfig:
    """Return settings with scores that are inner products; ``auto`` takes inverted files where vectors are many.

    A graph of links loses short vectors, which are nobody's neighbours, and may be refused for it; lists around
    centroids are scanned until enough is found.

    Args:
        config: Settings of an index by cosine.
        count: How many vectors it will hold.
    """
    kind = config.kind
    if kind == "auto":
        kind = "exact" if count < EXACT_BELOW else "ivf"
    return config.model_copy(update={"space": "inner_product", "kind": kind})
