"""Neighbours among a share of the vectors: three ways to search under a filter, part of ``benchmarks.ann``."""

import time
from collections.abc import Callable

import numpy as np

from benchmarks.common import Result
from graphrec.arrays import BoolVector, FloatMatrix, RowVector
from graphrec.index import ExactIndex, HnswIndex, IndexConfig
from graphrec.retrieval.candidates import draw

WANTED = 133
"""Neighbours of one of three interests."""
QUERIES = 200
SHARES = (0.5, 0.1, 0.02)
Search = Callable[[FloatMatrix], RowVector]
"""One query ``[1, dim]`` to rows."""


def compare_filters(result: Result, vectors: FloatMatrix) -> None:
    """Add milliseconds and recall of each way, for filters that strew what they permit and filters that lump it.

    A strewn filter keeps each vector by chance; a lumped one keeps those nearest to a direction, as a language would.

    Args:
        result: Takes the figures.
        vectors: Unit vectors; the last ones are the queries.
    """
    held, queries = vectors[:-QUERIES], vectors[-QUERIES:]
    rng = np.random.default_rng(0)
    whole = HnswIndex.build(held, IndexConfig(ef_search=200))
    chance, nearness = rng.random(len(held)), held @ held[0]
    for share in SHARES:
        lumped = nearness >= np.quantile(nearness, 1 - share)
        for name, permitted in (("strewn", chance < share), ("lumped", lumped)):
            started = time.perf_counter()
            own = HnswIndex.build(held, IndexConfig(ef_search=200), permitted)
            result.add(f"filtered.{name}.{share}.own_index.build_s", time.perf_counter() - started, unit="s")
            searches: dict[str, Search] = {
                "draw_more": lambda one, mask=permitted, share=share: _left(whole, one, mask, 1 / share),  # type: ignore[misc]
                "exact": lambda one, mask=permitted: _exact(held, one, mask),  # type: ignore[misc]
                "own_index": lambda one, own=own: own.query(one, WANTED).rows[0],  # type: ignore[misc]
            }
            truth = [_exact(held, one[None], permitted) for one in queries]
            for way, search in searches.items():
                add(result, f"filtered.{name}.{share}.{way}", search, queries, truth)


def add(result: Result, name: str, search: Search, queries: FloatMatrix, truth: list[RowVector]) -> None:
    """Add one way's milliseconds a query, and the share of the true neighbours it found."""
    search(queries[:1])
    started = time.perf_counter()
    found = [search(one[None]) for one in queries]
    result.add(f"{name}.ms", 1000 * (time.perf_counter() - started) / len(queries), unit="ms", better="lower")
    recalls = [len(np.intersect1d(a, b)) / max(1, len(b)) for a, b in zip(found, truth, strict=True)]
    result.add(f"{name}.recall", float(np.mean(recalls)))


def _left(index: HnswIndex, query: FloatMatrix, permitted: BoolVector, reach: float) -> RowVector:
    rows = draw(index, query, np.ones(1, np.float32), budget=WANTED, reach=reach)
    return rows[permitted[rows]]


def _exact(vectors: FloatMatrix, query: FloatMatrix, permitted: BoolVector) -> RowVector:
    """Search as an answer does whose filter leaves few: what is permitted is gathered for this answer alone."""
    rows = np.flatnonzero(permitted).astype(np.int32)
    found: RowVector = ExactIndex(vectors[rows], rows, "cosine").query(query, WANTED).rows[0]
    return np.asarray(found[found >= 0])
