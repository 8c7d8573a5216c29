"""Damaged index files outside of any store: what graphrec refuses, and what hnswlib itself makes of the same file."""

from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.common import Result
from benchmarks.reliability.damage import Damage, plan
from benchmarks.reliability.opened import End, OtherAnswers, ends_of, tell
from benchmarks.reliability.options import Options
from graphrec.index import HnswIndex, IndexConfig, open_index
from graphrec.retrieval.retriever import Retriever

ALONE = 260
BARE = 300
QUERIES = 500
"""Enough to come by most of the graph: what nobody visits does no harm."""
K = 10
Answers = list[list[int]]


def index_alone(result: Result, root: Path, folder: Path, options: Options) -> None:
    """Damage the files of an index that was given away by itself.

    Args:
        result: Where the figures go.
        root: Store whose flits it holds.
        folder: Where it is written, as ``index``.
        options: The seed.
    """
    bundle = Retriever.open(root).bundle
    vectors = np.array(bundle.embeddings.vectors[bundle.settings.flit_type])
    index = HnswIndex.build(vectors, IndexConfig(), np.linalg.norm(vectors, axis=1) > 0)
    (folder / "index").mkdir()
    index.save(folder / "index")
    result.add("corruption.index.vectors", len(index))
    planned = plan(sorted((folder / "index").iterdir()), (), min(ALONE, options.count), options.seed)
    tell(result, "corruption.index", ends_of(planned, open_alone, folder / "index"))


def bare_index(result: Result, folder: Path, options: Options) -> None:
    """Flip single bits of that index's file and let hnswlib load it without a check.

    Args:
        result: Where the figures go; they have no goal, since they tell what the check is good for.
        folder: As :func:`index_alone` left it.
        options: The seed.
    """
    path = folder / "index" / "index.hnsw"
    dim = open_index(folder / "index").dim
    flips = [Damage("bit", path, options.seed + number) for number in range(min(BARE, options.count))]
    found = ends_of(flips, open_bare, str(path), dim, bare_answers(str(path), dim))
    ends = Counter(end for _, end in found)
    shares = {"crashed": End.CRASHED, "hung": End.HUNG, "raised": End.OTHER_ERROR, "other_answers": End.OTHER_ANSWERS}
    result.add("corruption.bare_hnswlib.flips", ends.total())
    for name, end in shares.items():
        result.add(f"corruption.bare_hnswlib.{name}_share", ends[end] / ends.total(), better="lower")


def open_alone(folder: Path) -> None:
    """Open an index as whoever was given its folder does."""
    open_index(folder)


def open_bare(path: str, dim: int, expected: Answers) -> None:
    """Open an index file with hnswlib alone, and ask it what it was asked before it was damaged.

    Raises:
        OtherAnswers: If it says something else.
    """
    if bare_answers(path, dim) != expected:
        raise OtherAnswers


def bare_answers(path: str, dim: int) -> Answers:
    """Return the labels that hnswlib finds for a few random vectors."""
    import hnswlib

    index = hnswlib.Index(space="cosine", dim=dim)
    index.load_index(path)
    queries = np.random.default_rng(0).standard_normal((QUERIES, dim)).astype(np.float32)
    found: Answers = index.knn_query(queries, K, num_threads=1)[0].tolist()
    return found
