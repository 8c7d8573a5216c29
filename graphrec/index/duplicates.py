"""Flits that say the same: one of them stands for all, so that a list does not repeat itself."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from graphrec.arrays import BoolVector, FloatMatrix, IntVector, RowVector, normalise_rows
from graphrec.errors import ConfigError
from graphrec.index.config import IndexConfig
from graphrec.index.kinds import build_index

NEIGHBOURS = 16
"""Nearest neighbours looked at: those of equal content count as one."""


def representatives(
    blocks: Mapping[str, FloatMatrix], born: IntVector, valid: BoolVector, min_cosine: float
) -> RowVector:
    """Return the flit that stands for each: the oldest of those with almost the same content, mostly itself.

    Two flits are near-duplicates where both have the same kinds of content (text, image) and each kind lies within
    ``min_cosine``; what is near-duplicate of one's near-duplicate is one's own.

    Args:
        blocks: Kind of content to vectors, float32 ``[num_flits, width]``; a zero row has none of it.
        born: What orders flits by age, int64 ``[num_flits]``; equal ones go by row.
        valid: Flits that may stand for others or be stood for, bool ``[num_flits]``.
        min_cosine: Cosine at and above which content is the same.

    Returns:
        int32 ``[num_flits]``.

    Raises:
        ConfigError: If there is no content to compare.
    """
    if not blocks:
        raise ConfigError("index.near_duplicates must be 1.0 where flits have neither text nor image (got less)")
    everyone = np.arange(len(born), dtype=np.int32)
    has = np.stack([np.asarray(block).any(axis=1) for block in blocks.values()], axis=1)
    rows = np.flatnonzero(valid & has.any(axis=1))
    if not len(rows):
        return everyone
    content = np.hstack([_unit(np.asarray(block[rows])) for block in blocks.values()])
    same = content.view(f"V{content[0].nbytes}").ravel()
    _, first, group = np.unique(same, return_index=True, return_inverse=True)
    one, other = _near(content[first], np.cumsum([block.shape[1] for block in blocks.values()]), min_cosine)
    links = coo_matrix((np.ones(len(one)), (one, other)), shape=(len(first), len(first)))
    label = connected_components(links, directed=False)[1][group]
    oldest = np.lexsort((rows, born[rows], label))
    leader = oldest[np.searchsorted(label[oldest], np.arange(label.max() + 1))]
    everyone[rows] = rows[leader[label]]
    return everyone


def _unit(block: FloatMatrix) -> FloatMatrix:
    """Return rows of length one, zero rows as they are."""
    out = np.zeros_like(block)
    some = block.any(axis=1)
    out[some] = normalise_rows(block[some])
    return out


def _near(content: FloatMatrix, ends: IntVector, min_cosine: float) -> tuple[IntVector, IntVector]:
    """Return the pairs of places whose every kind of content is missing on both sides, or as near as it must be."""
    index = build_index(content, IndexConfig(min_recall=0.0))
    found = index.query(content, NEIGHBOURS).rows
    one = np.repeat(np.arange(len(content)), found.shape[1])[found.ravel() >= 0]
    other = found.ravel()[found.ravel() >= 0].astype(np.int64)
    keep = one < other
    one, other = one[keep], other[keep]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        a, b = content[one, start:end], content[other, start:end]
        same = np.einsum("ij,ij->i", a, b) >= min_cosine
        neither = ~a.any(axis=1) & ~b.any(axis=1)
        one, other = one[same | neither], other[same | neither]
    return one, other
