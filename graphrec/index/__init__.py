"""Nearest neighbours by cosine or inner product: HNSW, inverted files, exact search.

This is the only door to hnswlib, which is opened when an index is built.
"""

from graphrec.index.cached import CachedIndex
from graphrec.index.config import IndexConfig
from graphrec.index.duplicates import representatives
from graphrec.index.exact import ExactIndex
from graphrec.index.hnsw import HnswIndex
from graphrec.index.ivf import IvfIndex
from graphrec.index.kinds import EXACT_BELOW, VectorIndex, build_index, build_index_files, open_index
from graphrec.index.neighbours import MAX_K, Neighbours, usable_rows
from graphrec.index.recall import measure_recall

__all__ = [
    "EXACT_BELOW",
    "MAX_K",
    "CachedIndex",
    "ExactIndex",
    "HnswIndex",
    "IndexConfig",
    "IvfIndex",
    "Neighbours",
    "VectorIndex",
    "build_index",
    "build_index_files",
    "measure_recall",
    "open_index",
    "representatives",
    "usable_rows",
]
